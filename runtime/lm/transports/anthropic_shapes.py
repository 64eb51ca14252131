"""The shapes of Anthropic's messages: blocks of content in place of OpenAI's messages and choices.

What comes out is the same as for OpenAI's protocol: the same parts, reasons and names of counts. What goes in
is what litellm sends for the same request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ....base.models import row_of
from ..messages import File, Image, Message, Part, Reasoning, Text, ToolCall, ToolResult
from ..request import Completion, Request, Response
from ..stream import Delta, ToolCallPiece

_DEFAULT_LENGTH = 4096
"""The longest answer, in tokens, where neither the request nor the table of models says one."""
_SCHEMA = ("type", "properties", "additionalProperties", "required", "$defs")
"""What a tool's schema may have at its top."""
_REASONS = {
    "end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls",
    "refusal": "content_filter", "compaction": "length", "pause_turn": "length",
    "model_context_window_exceeded": "length",
}  # fmt: skip
"""Why an answer ended, here and in chat completions."""
_CHOICES = {"auto": "auto", "required": "any", "none": "none"}
_DATA = re.compile(r"data:(?P<kind>[\w.+-]+/[\w.+-]+);base64,(?P<data>[A-Za-z0-9+/=]+)")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
_THOUGHTS = ("thinking", "redacted_thinking")
_SENT = ("temperature", "top_p", "top_k", "thinking")
"""Settings that have the same name here."""


class Unknown(Exception):
    """Something of a request for which this module knows no block; litellm may."""


# --- what is sent ---------------------------------------------------------------------------------------


def render_request(request: Request) -> dict[str, Any]:
    """The body of a request.

    Raises:
        Unknown: it holds what this module cannot say.
    """
    settings = request.sent_settings
    row = row_of(request.model)
    system, messages = _conversation(request.messages)
    if row is None or not _is_simple(row, settings, messages):
        raise Unknown
    body: dict[str, Any] = {
        "model": request.model.partition("/")[2],
        "messages": messages,
        "max_tokens": settings.get("max_completion_tokens")
        or settings.get("max_tokens")
        or row.get("max_output_tokens", _DEFAULT_LENGTH),
        **{name: settings[name] for name in _SENT if name in settings},
    }
    if system:
        body["system"] = system
    if "stop" in settings:
        stop = settings["stop"]
        body["stop_sequences"] = [stop] if isinstance(stop, str) else list(stop)
    if tools := settings.get("tools"):
        body["tools"] = [_tool(tool) for tool in tools]
        if choice := _tool_choice(settings):
            body["tool_choice"] = choice
    return body


def _is_simple(
    row: Mapping[str, Any], settings: Mapping[str, Any], messages: Sequence[Mapping[str, Any]]
) -> bool:
    """Whether a model takes the settings and the conversation as they are.

    Later models have rules of their own, which litellm knows and follows, or says what is wrong.
    """
    if row.get("supports_sampling_params") is False and not settings.keys().isdisjoint(_SENT):
        return False
    return messages[-1]["role"] == "user" or row.get("supports_assistant_prefill") is not False


def _conversation(messages: Sequence[Message]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The system's texts, and the turns of user and assistant, those of one role together."""
    system: list[dict[str, Any]] = []
    turns: list[dict[str, Any]] = []
    for message in messages:
        if message.extra:
            raise Unknown
        if message.role in ("system", "developer"):
            if turns or not all(isinstance(part, Text) for part in message.parts):
                raise Unknown
            system += _blocks(message.parts, _text)
            continue
        role = "user" if message.role == "tool" else message.role
        content = _blocks(message.parts, _said if role == "assistant" else _asked)
        if role not in ("user", "assistant") or not content:
            raise Unknown
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += content
        else:
            turns.append({"role": role, "content": content})
    if not turns:
        raise Unknown
    return system, turns


def _blocks(parts: Sequence[Part], render: Any) -> list[dict[str, Any]]:
    return [block for part in parts for block in render(part)]


def _text(part: Part) -> Iterator[dict[str, Any]]:
    """A text; an empty one is refused, so that there is none for it."""
    if isinstance(part, Text) and part.text:
        yield {"type": "text", "text": part.text}


def _asked(part: Part) -> Iterator[dict[str, Any]]:
    match part:
        case Text():
            yield from _text(part)
        case ToolResult():
            yield {"type": "tool_result", "tool_use_id": part.call_id, "content": part.content}
        case Image():
            yield {"type": "image", "source": _source(part.url, ("image/",))}
        case File() if part.data is not None and part.id is None:
            yield {"type": "document", "source": _source(part.data, ("application/pdf",))}
        case _:
            raise Unknown


def _said(part: Part) -> Iterator[dict[str, Any]]:
    match part:
        case Text():
            # An answer of the model must not end in space.
            yield from _text(Text(part.text.rstrip()))
        case Reasoning():
            # Only what the provider itself has given may go back.
            yield from (dict(block) for block in part.blocks if block.get("type") in _THOUGHTS)
        case ToolCall():
            yield {"type": "tool_use", "id": part.id, "name": part.name, "input": _arguments(part.arguments)}
        case _:
            raise Unknown


def _source(url: str, kinds: tuple[str, ...]) -> dict[str, Any]:
    if (data := _DATA.fullmatch(url)) is not None and data["kind"].startswith(kinds):
        return {"type": "base64", "media_type": data["kind"], "data": data["data"]}
    if url.startswith("https://") and kinds == ("image/",):
        return {"type": "url", "url": url}
    raise Unknown


def _arguments(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        raise Unknown from None
    if not isinstance(found, dict):
        raise Unknown
    return found


def _tool(tool: Any) -> dict[str, Any]:
    function = tool.get("function") if isinstance(tool, Mapping) and tool.get("type") == "function" else None
    if not isinstance(function, Mapping) or not function.keys() <= {"name", "description", "parameters"}:
        raise Unknown
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    if not _NAME.fullmatch(str(function["name"])) or schema.get("type") != "object":
        raise Unknown
    described = {"description": function["description"]} if "description" in function else {}
    known = {name: value for name, value in schema.items() if name in _SCHEMA}
    return {"type": "custom", "name": function["name"], "input_schema": known, **described}


def _tool_choice(settings: Mapping[str, Any]) -> dict[str, Any]:
    choice, parallel = settings.get("tool_choice"), settings.get("parallel_tool_calls")
    made: dict[str, Any] = {}
    if isinstance(choice, str) and choice in _CHOICES:
        made = {"type": _CHOICES[choice]}
    elif isinstance(choice, Mapping) and isinstance(function := choice.get("function"), Mapping):
        made = {"type": "tool", "name": function["name"]}
    elif choice is not None:
        raise Unknown
    if parallel is not None and made.get("type") != "none":
        made = {"type": "auto", **made, "disable_parallel_tool_use": not parallel}
    return made


# --- what comes back ------------------------------------------------------------------------------------


def read_message(raw: Mapping[str, Any]) -> Response:
    """The response in a message of the assistant."""
    blocks = [block for block in raw.get("content") or () if isinstance(block, Mapping)]
    thoughts = tuple(dict(block) for block in blocks if block.get("type") in _THOUGHTS)
    thought = "".join(str(block.get("thinking") or "") for block in thoughts)
    text = "".join(str(block.get("text") or "") for block in blocks if block.get("type") == "text")
    parts: list[Part] = [Reasoning(thought, thoughts)] if thoughts else []
    if text:
        parts.append(Text(text))
    parts += [
        ToolCall(
            str(block.get("id") or ""), str(block.get("name") or ""), json.dumps(block.get("input") or {})
        )
        for block in blocks
        if block.get("type") == "tool_use"
    ]
    model, identifier = raw.get("model"), raw.get("id")
    return Response(
        [Completion(tuple(parts), _reason(raw.get("stop_reason")))],
        usage=read_counts(raw.get("usage")),
        model=model if isinstance(model, str) else None,
        id=identifier if isinstance(identifier, str) else None,
    )


def _reason(stop_reason: Any) -> str | None:
    return None if stop_reason is None else _REASONS.get(str(stop_reason), str(stop_reason))


def read_counts(usage: Any) -> dict[str, Any]:
    """The counts of tokens under the names of chat completions.

    There the tokens that were written to the provider's cache, and read from it, count as asked, too.
    """
    if not isinstance(usage, Mapping):
        return {}
    created, cached = _count(usage, "cache_creation_input_tokens"), _count(usage, "cache_read_input_tokens")
    asked, written = _count(usage, "input_tokens") + created + cached, _count(usage, "output_tokens")
    counts: dict[str, Any] = {
        "prompt_tokens": asked,
        "completion_tokens": written,
        "total_tokens": asked + written,
    }
    if created or cached:
        counts["prompt_tokens_details"] = {"cached_tokens": cached, "cache_creation_tokens": created}
    return counts


def _count(usage: Mapping[str, Any], name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) else 0


class EventReader:
    """Reads the events of a streamed message, one after the other."""

    def __init__(self) -> None:
        self._usage: dict[str, Any] = {}
        self._facts: dict[str, Any] = {}
        self._calls: dict[Any, int] = {}
        """The numbers of the tool calls by those of their blocks."""
        self._thoughts: dict[Any, dict[str, Any]] = {}
        """The blocks of thoughts that have begun, as far as they have come, by their numbers."""

    def __call__(self, event: Any) -> Iterator[Delta]:
        """The pieces of an event."""
        event = _mapping(event)
        index = event.get("index")
        match event.get("type"):
            case "message_start":
                self._begin(_mapping(event.get("message")))
            case "content_block_start":
                yield from self._block(index, _mapping(event.get("content_block")))
            case "content_block_delta":
                yield from self._piece(index, _mapping(event.get("delta")))
            case "content_block_stop" if index in self._thoughts:
                yield Delta(parts=(Reasoning("", (self._thoughts.pop(index),)),))
            case "message_delta":
                self._usage |= _given(event.get("usage"))
                if reason := _reason(_mapping(event.get("delta")).get("stop_reason")):
                    yield Delta(finish_reason=reason)
            case "message_stop":
                yield Delta(usage=read_counts(self._usage), **self._facts)

    def _begin(self, message: Mapping[str, Any]) -> None:
        self._usage |= _given(message.get("usage"))
        self._facts = {name: message[name] for name in ("model", "id") if isinstance(message.get(name), str)}

    def _block(self, index: Any, block: Mapping[str, Any]) -> Iterator[Delta]:
        if block.get("type") == "tool_use":
            number = self._calls[index] = len(self._calls)
            call = ToolCallPiece(number, str(block.get("id") or ""), str(block.get("name") or ""))
            yield Delta(tool_calls=(call,))
        elif block.get("type") in _THOUGHTS:
            self._thoughts[index] = dict(block)
            if thought := block.get("thinking"):
                yield Delta(reasoning=str(thought))
        elif text := block.get("text"):
            yield Delta(text=str(text))

    def _piece(self, index: Any, delta: Mapping[str, Any]) -> Iterator[Delta]:
        if text := delta.get("text"):
            yield Delta(text=str(text))
        elif thought := delta.get("thinking"):
            self._add(index, "thinking", thought)
            yield Delta(reasoning=str(thought))
        elif signature := delta.get("signature"):
            self._add(index, "signature", signature)
        elif arguments := delta.get("partial_json"):
            yield Delta(tool_calls=(ToolCallPiece(self._calls.get(index, 0), arguments=str(arguments)),))

    def _add(self, index: Any, name: str, text: Any) -> None:
        block = self._thoughts.setdefault(index, {"type": "thinking"})
        block[name] = f"{block.get(name) or ''}{text}"


def _mapping(value: Any) -> Mapping[str, Any]:
    """A mapping as it is, and nothing for what should be one."""
    return value if isinstance(value, Mapping) else {}


def _given(usage: Any) -> dict[str, Any]:
    """The counts that a usage has; a later event may leave out what an earlier one has said."""
    items = usage.items() if isinstance(usage, Mapping) else ()
    return {name: value for name, value in items if value is not None}


def as_events(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A whole message as the events of a stream."""
    events: list[dict[str, Any]] = [{"type": "message_start", "message": message}]
    for index, block in enumerate(message.get("content") or ()):
        events.append({"type": "content_block_start", "index": index, "content_block": block})
        kind = _mapping(block).get("type")
        if kind == "tool_use":
            piece = {"partial_json": json.dumps(block.get("input") or {})}
            events.append({"type": "content_block_delta", "index": index, "delta": piece})
        elif kind in _THOUGHTS:
            events.append({"type": "content_block_stop", "index": index})
    ended = {"stop_reason": message.get("stop_reason")}
    return [*events, {"type": "message_delta", "delta": ended}, {"type": "message_stop"}]
