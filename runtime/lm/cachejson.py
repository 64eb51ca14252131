"""Responses, and values of JSON's types, as the JSON texts that the cache's file holds."""

from __future__ import annotations

from typing import Any

from ...base import json
from .messages import Audio, File, Image, Native, Part, Reasoning, Text, ToolCall, ToolResult
from .request import Completion, Response

_KINDS: dict[str, type[Any]] = {
    "text": Text,
    "image": Image,
    "audio": Audio,
    "file": File,
    "tool_call": ToolCall,
    "tool_result": ToolResult,
    "reasoning": Reasoning,
    "native": Native,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def render_json(response: Any) -> str:
    """What is kept of a response: its completions, the model's name and the answer's; of a value all.

    Raises:
        TypeError, ValueError: it holds what JSON cannot.
    """
    if not isinstance(response, Response):
        text = json.dump_strictly({"value": response})
        if json.load(text)["value"] != response:
            raise TypeError("JSON would give it back as another value")
        return text
    completions = [
        {
            "parts": [[_NAMES[type(part)], *_values(part)] for part in completion.parts],
            "finish_reason": completion.finish_reason,
            "logprobs": completion.logprobs,
        }
        for completion in response.completions
    ]
    facts = {"completions": completions, "model": response.model, "id": response.id}
    return json.dump_strictly(facts) if any(map(_is_foreign, response.completions)) else json.dump(facts)


def read_json(text: str) -> Any:
    """The response of a text, marked as a hit, or the value.

    Raises:
        KeyError, TypeError, ValueError: it is not one.
    """
    facts = json.load(text)
    if "value" in facts:
        return facts["value"]
    if "completions" not in facts:
        # As the first version wrote it.
        return Response(
            [str(each) for each in facts["texts"]],
            finish_reason=facts["finish_reason"],
            model=facts["model"],
            id=facts["id"],
            cache_hit=True,
        )
    completions = [
        Completion(tuple([_part(*part) for part in each["parts"]]), each["finish_reason"], each["logprobs"])
        for each in facts["completions"]
    ]
    return Response(completions, model=facts["model"], id=facts["id"], cache_hit=True)


def _is_foreign(completion: Completion) -> bool:
    """Whether an answer holds values of a provider's own making, which may be of any type."""
    return completion.logprobs is not None or any(
        isinstance(part, (Native, Reasoning)) for part in completion.parts
    )


def _values(part: Part) -> list[Any]:
    return [getattr(part, name) for name in part.__match_args__]


def _part(kind: str, *values: Any) -> Part:
    if kind == "text":
        return Text(*values)
    if kind == "reasoning":
        text, blocks = values
        return Reasoning(text, tuple(blocks))
    part: Part = _KINDS[kind](*values)
    return part
