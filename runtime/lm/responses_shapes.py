"""The shapes of OpenAI's API for responses: items of input and of output, in place of messages and choices.

What comes out is the same as for chat completions: the same parts, reasons and names of counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .messages import Audio, File, Image, Message, Native, Part, Reasoning, Text, ToolCall, ToolResult
from .openai_shapes import as_plain, entry, read_messages
from .request import Completion, Request, Response

_COUNTS = {
    "input_tokens": "prompt_tokens",
    "output_tokens": "completion_tokens",
    "total_tokens": "total_tokens",
    "input_tokens_details": "prompt_tokens_details",
    "output_tokens_details": "completion_tokens_details",
}
"""The names of the counts here, and in chat completions."""
_REASONS = {"max_output_tokens": "length", "content_filter": "content_filter"}
"""Why an answer is incomplete, here and in chat completions."""


# --- what is sent ---------------------------------------------------------------------------------------


def render_input(request: Request) -> list[dict[str, Any]]:
    """A conversation as items of input; with the setting `use_developer_role`, what the system says is said
    by a developer.
    """
    items = [item for message in read_messages(request.given) for item in _items(message)]
    if not request.settings.get("use_developer_role"):
        return items
    return [{**item, "role": "developer"} if item.get("role") == "system" else item for item in items]


def _items(message: Message) -> Iterator[dict[str, Any]]:
    content: list[dict[str, Any]] = []
    for part in message.parts:
        match part:
            case ToolResult():
                yield {"type": "function_call_output", "call_id": part.call_id, "output": part.content}
            case ToolCall():
                if content:
                    yield {"role": message.role, "content": content}
                    content = []
                facts = {"call_id": part.id, "name": part.name, "arguments": part.arguments}
                yield {"type": "function_call", **facts}
            case Reasoning():
                # Only what the API itself has given may go back.
                yield from (dict(block) for block in part.blocks if block.get("type") == "reasoning")
            case _:
                content.append(_content(part, message.role))
    if content:
        yield {"role": message.role, "content": content}


def _content(part: Part, role: str) -> Any:
    match part:
        case Text():
            return {"type": "output_text" if role == "assistant" else "input_text", "text": part.text}
        case Image():
            detail = {} if part.detail is None else {"detail": part.detail}
            return {"type": "input_image", "image_url": part.url, **detail}
        case Audio():
            return {"type": "input_audio", "input_audio": {"data": part.data, "format": part.format}}
        case File():
            facts = {"file_data": part.data, "file_id": part.id, "filename": part.name}
            return {"type": "input_file", **{name: each for name, each in facts.items() if each is not None}}
        case Native():
            return part.value
    return {"type": "input_text", "text": str(part)}


def render_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a request for chat completions under the names that they have here."""
    given = {name: value for name, value in settings.items() if value is not None}
    sent = {name: value for name, value in given.items() if name not in _RENAMED}
    for name in ("max_tokens", "max_completion_tokens"):
        if name in given:
            sent.setdefault("max_output_tokens", given[name])
    if effort := given.get("reasoning_effort"):
        sent["reasoning"] = {"effort": effort, "summary": "auto", **sent.get("reasoning", {})}
    if output := given.get("response_format"):
        sent["text"] = {**sent.get("text", {}), "format": _format(output)}
    if "verbosity" in given:
        sent["text"] = {**sent.get("text", {}), "verbosity": given["verbosity"]}
    if tools := given.get("tools"):
        sent["tools"] = [_tool(tool) for tool in tools]
    if "tool_choice" in given:
        sent["tool_choice"] = _tool(given["tool_choice"])
    if given.get("logprobs"):
        sent["include"] = [*sent.get("include", ()), "message.output_text.logprobs"]
    return sent


_RENAMED = frozenset(
    {
        "max_tokens", "max_completion_tokens", "reasoning_effort", "response_format", "verbosity", "tools",
        "tool_choice", "logprobs", "n", "stream_options",
    }
)  # fmt: skip


def _format(output: Any) -> Any:
    """What an answer has to be, from the form of chat completions or a pydantic model."""
    if not isinstance(output, Mapping):
        schema = output.model_json_schema()
        return {"type": "json_schema", "name": output.__name__, "schema": schema}
    facts = output.get("json_schema")
    return {"type": output["type"], **facts} if isinstance(facts, Mapping) else dict(output)


def _tool(tool: Any) -> Any:
    """A tool, or the choice of one, without the level that only chat completions have."""
    function = tool.get("function") if isinstance(tool, Mapping) else None
    return {"type": "function", **function} if isinstance(function, Mapping) else tool


# --- what comes back ------------------------------------------------------------------------------------


def is_response(raw: Any) -> bool:
    """Whether an answer is of this API, and not of chat completions."""
    return isinstance(entry(raw, "output"), (list, tuple)) and entry(raw, "choices") is None


def read_responses(raw: Any, model: str | None = None) -> Response:
    """A response of this API, given as a dict or an object with these attributes."""
    named, identifier = entry(raw, "model"), entry(raw, "id")
    parts: list[Part] = []
    logprobs: list[Any] = []
    refused = False
    for item in entry(raw, "output") or ():
        refused |= _read_item(item, parts, logprobs)
    completion = Completion(
        tuple(parts), _reason(raw, parts, refused), {"content": logprobs} if logprobs else None
    )
    hidden = entry(raw, "_hidden_params")
    cost = hidden.get("response_cost") if isinstance(hidden, Mapping) else None
    return Response(
        [completion],
        usage=read_counts(entry(raw, "usage")),
        cost=cost if isinstance(cost, (int, float)) else None,
        model=named if isinstance(named, str) else model,
        id=identifier if isinstance(identifier, str) else None,
    )


def read_counts(usage: Any) -> dict[str, Any]:
    """The counts of tokens under the names of chat completions."""
    plain = as_plain(usage)
    counts: dict[str, Any] = {}
    for name, value in plain.items() if isinstance(plain, Mapping) else ():
        if isinstance(value, Mapping):
            value = {inner: each for inner, each in value.items() if isinstance(each, (int, float))}
        if value or isinstance(value, (int, float)):
            counts[_COUNTS.get(str(name), str(name))] = value
    return counts


def _reason(raw: Any, parts: list[Part], refused: bool) -> str:
    if entry(raw, "status") == "incomplete":
        reason = entry(entry(raw, "incomplete_details"), "reason")
        return _REASONS.get(str(reason), str(reason or "length"))
    if refused and not parts:
        return "refusal"
    return "tool_calls" if any(isinstance(part, ToolCall) for part in parts) else "stop"


def _read_item(item: Any, parts: list[Part], logprobs: list[Any]) -> bool:
    """Read an item of output into parts; whether it is a refusal."""
    kind = entry(item, "type")
    if kind == "message":
        refused = False
        for part in entry(item, "content") or ():
            text = entry(part, "text")
            if isinstance(text, str):
                parts.append(Text(text))
                logprobs += as_plain(entry(part, "logprobs")) or ()
            refused |= entry(part, "type") == "refusal"
        return refused
    if kind == "function_call":
        arguments = entry(item, "arguments")
        identifier = entry(item, "call_id") or entry(item, "id") or ""
        parts.append(ToolCall(str(identifier), str(entry(item, "name") or ""), str(arguments or "{}")))
    elif kind == "reasoning":
        said = [entry(part, "text") for part in entry(item, "content") or entry(item, "summary") or ()]
        plain = as_plain(item)
        blocks = (plain,) if isinstance(plain, Mapping) else ()
        parts.append(Reasoning("\n\n".join(text for text in said if isinstance(text, str)), blocks))
    elif isinstance(plain := as_plain(item), Mapping):
        parts.append(Native(plain))
    return False
