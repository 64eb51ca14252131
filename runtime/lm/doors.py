"""DSPy's shapes at the doors of a model: what `lm(…)` returns, and what `forward` takes and gives.

Inside there are only `Request` and `Response`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...base.later import Later
from .openai_shapes import as_objects, as_plain, entry, iterate_choices, read_parts, read_usage
from .request import Completion, Response

if TYPE_CHECKING:
    from . import responses_shapes
else:
    responses_shapes = Later(globals(), "responses_shapes")


class Outputs(list[Any]):
    """What `lm(…)` returns: a text for each answer, or a dict where an answer is more than its text.

    `response` is what they come from, for an adapter that asks through a `__call__` of the user's own.
    """

    response: Response | None = None


def render_outputs(response: Response) -> Outputs:
    """A response as DSPy's list: texts, or dicts with `text`, `reasoning_content`, `logprobs`,
    `tool_calls` and `citations` where some answer has more than a text.
    """
    rich = any(
        completion.logprobs is not None
        or completion.tool_calls
        or completion.reasoning
        or completion.citations
        for completion in response.completions
    )
    outputs = Outputs(
        [render_completion(completion) for completion in response.completions] if rich else response.texts
    )
    outputs.response = response
    return outputs


def render_completion(completion: Completion) -> dict[str, Any]:
    """An answer as DSPy's dict: its `text`, and `reasoning_content`, `logprobs`, `tool_calls` and `citations`
    if it has them.
    """
    calls = completion.tool_calls
    shown: dict[str, Any] = {"text": completion.text if completion.text or not calls else None}
    if completion.reasoning:
        shown["reasoning_content"] = completion.reasoning
    if completion.logprobs is not None:
        shown["logprobs"] = as_objects(completion.logprobs)
    if calls:
        shown["tool_calls"] = [call.as_openai() for call in calls]
    if cited := completion.citations:
        shown["citations"] = [dict(place) for place in cited]
    return shown


def read_outputs(outputs: Any) -> Response:
    """The response behind what a user's own `__call__` returned: texts or dicts, or one text."""
    if isinstance(outputs, Response):
        return outputs
    response = outputs.response if isinstance(outputs, Outputs) else None
    if response is not None and outputs == render_outputs(response):
        return response
    each = [outputs] if isinstance(outputs, (str, Mapping)) else list(outputs or ())
    return Response([_read_output(output) for output in each])


def _read_output(output: Any) -> Completion:
    if isinstance(output, Mapping):
        parts = read_parts({**output, "content": output.get("text")})
        return Completion(parts, output.get("finish_reason"), output.get("logprobs"))
    return Completion(read_parts({"content": output if output is None else str(output)}))


def read_response(raw: Any, model: str | None = None) -> Response:
    """A response of OpenAI's shape: a dict, or an object with these attributes; chat or text completions, or
    a response of the API for these.

    Args:
        raw: what a provider's client, or a user's `forward`, returned.
        model: the model's name where the answer has none.
    """
    if isinstance(raw, Response):
        return raw
    if responses_shapes.is_response(raw):
        return responses_shapes.read_responses(raw, model)
    completions = [_read_choice(choice) for choice in iterate_choices(raw)]
    hidden = entry(raw, "_hidden_params")
    cost = hidden.get("response_cost") if isinstance(hidden, Mapping) else None
    named, identifier = entry(raw, "model"), entry(raw, "id")
    return Response(
        completions,
        usage=read_usage(entry(raw, "usage")),
        cost=cost if isinstance(cost, (int, float)) else None,
        model=named if isinstance(named, str) else model,
        id=identifier if isinstance(identifier, str) else None,
    )


def _read_choice(choice: Any) -> Completion:
    message = entry(choice, "message")
    parts = read_parts({"content": entry(choice, "text")} if message is None else message)
    reason = entry(choice, "finish_reason")
    if not parts and isinstance(refusal := entry(message, "refusal"), str) and refusal:
        reason = "refusal"
    return Completion(parts, reason if isinstance(reason, str) else None, as_plain(entry(choice, "logprobs")))


def render_response(response: Response) -> Any:
    """A response as an object of OpenAI's shape, whose entries are attributes too; what `forward` returns."""
    choices = []
    for index, completion in enumerate(response.completions):
        calls = [call.as_openai() for call in completion.tool_calls] or None
        message = {"role": "assistant", "content": completion.text or None, "tool_calls": calls}
        if completion.reasoning:
            message["reasoning_content"] = completion.reasoning
        choices.append(
            {
                "index": index,
                "finish_reason": completion.finish_reason,
                "message": message,
                "logprobs": completion.logprobs,
            }
        )
    return as_objects(
        {
            "id": response.id,
            "object": "chat.completion",
            "model": response.model,
            "choices": choices,
            "usage": dict(response.usage),
            "_hidden_params": {"response_cost": response.cost},
            "cache_hit": response.cache_hit,
        }
    )
