"""OpenAI's shapes, which DSPy's programs and providers speak: dicts of messages, and objects of answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .messages import (
    Audio,
    File,
    Image,
    Message,
    Native,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)

_OF_MESSAGES = frozenset({"role", "content", "tool_calls", "tool_call_id", "reasoning_content"})
_ENTRIES: dict[str, tuple[str, ...]] = {
    "text": (),
    "image_url": ("url", "detail"),
    "input_audio": ("data", "format"),
    "file": ("file_data", "file_id", "filename"),
}
"""What the parts of a content that have a class of their own hold; all else is passed on unchanged."""

CITATION = "citation"
"""The type of a part that says what of the sources was cited."""


# --- messages -------------------------------------------------------------------------------------------


def read_message(given: Message | Mapping[str, Any]) -> Message:
    """A message of OpenAI's form, in parts; what has no part of its own is kept as it is."""
    if isinstance(given, Message):
        return given
    role, content = given["role"], given.get("content")
    if len(given) == 2 and type(content) is str:
        return Message(role, (Text(content),))
    extra = {name: value for name, value in given.items() if name not in _OF_MESSAGES}
    if role == "tool":
        result = ToolResult(str(given.get("tool_call_id", "")), _as_text(content), extra.pop("name", None))
        return Message(role, (result,), extra)
    parts: list[Part] = []
    if reasoning := given.get("reasoning_content"):
        parts.append(Reasoning(reasoning))
    if isinstance(content, str):
        parts.append(Text(content))
    elif content is not None:
        parts += [_read_part(part) for part in content]
    parts += [read_tool_call(call) for call in given.get("tool_calls") or ()]
    return Message(role, tuple(parts), extra)


def _read_part(part: Any) -> Part:
    if isinstance(part, str):
        return Text(part)
    kind = part.get("type") if isinstance(part, Mapping) else None
    names = _ENTRIES.get(kind) if isinstance(kind, str) else None
    if names is None or part.keys() != {"type", kind}:
        return Native(part)
    facts = part[kind]
    if kind == "text":
        return Text(facts) if isinstance(facts, str) else Native(part)
    if not isinstance(facts, Mapping) or not facts.keys() <= set(names):
        return Native(part)
    if kind == "image_url" and "url" in facts:
        return Image(facts["url"], facts.get("detail"))
    if kind == "input_audio" and len(facts) == len(names):
        return Audio(facts["data"], facts["format"])
    if kind == "file":
        return File(*(facts.get(name) for name in names))
    return Native(part)


def _as_text(content: Any) -> str:
    if isinstance(content, str) or content is None:
        return content or ""
    return "".join(part.get("text", "") if isinstance(part, Mapping) else str(part) for part in content)


def read_tool_call(call: Any) -> ToolCall:
    """A tool call of OpenAI's form, given as a dict or as an object with these attributes."""
    function = entry(call, "function") or {}
    arguments = entry(function, "arguments")
    if not isinstance(arguments, str):
        import json

        arguments = json.dumps(arguments if arguments is not None else {})
    return ToolCall(str(entry(call, "id") or ""), str(entry(function, "name") or ""), arguments)


# --- answers --------------------------------------------------------------------------------------------


def read_parts(message: Any) -> tuple[Part, ...]:
    """The parts of an answer's message, given as a dict or an object: reasoning, text, tool calls.

    No part stands for content that is null.
    """
    parts: list[Part] = []
    reasoning, blocks = entry(message, "reasoning_content"), entry(message, "thinking_blocks")
    if isinstance(reasoning, str) and reasoning:
        parts.append(Reasoning(reasoning, tuple(blocks) if isinstance(blocks, list) else ()))
    content = entry(message, "content")
    if isinstance(content, str):
        parts.append(Text(content))
    elif isinstance(content, list):
        parts += [_read_part(part) for part in content]
    calls = entry(message, "tool_calls")
    if isinstance(calls, (list, tuple)):
        parts += [read_tool_call(call) for call in calls]
    if fields := entry(message, "provider_specific_fields"):
        parts += read_citations(fields)
    return tuple(parts)


def read_citations(fields: Any) -> tuple[Native, ...]:
    """The places that a provider says were cited, in what litellm gives beside an answer: `citations`, lists
    for the blocks of the text, or the `citation` of a piece.
    """
    if not isinstance(fields, Mapping):
        return ()
    cited = fields.get("citations")
    found = [fields.get("citation"), *(cited if isinstance(cited, list) else ())]
    places = [place for each in found for place in (each if isinstance(each, list) else [each])]
    return tuple(
        Native({"type": CITATION, CITATION: as_plain(place)})
        for place in places
        if isinstance(place, Mapping)
    )


def as_plain(value: Any) -> Any:
    """Log probabilities and the like as JSON's types; None for what has no such form."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if type(value) is dict or isinstance(value, Mapping):
        return {str(name): as_plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain(item) for item in value]
    if callable(dump := getattr(value, "model_dump", None)) and isinstance(dumped := dump(), Mapping):
        return as_plain(dumped)
    return None


def read_usage(usage: Any) -> dict[str, Any]:
    """The counts of a usage object or dict, those inside details included."""
    return _counts(as_plain(usage) or {}) if usage is not None else {}


def _counts(usage: Any) -> dict[str, Any]:
    counts: dict[str, Any] = {}
    for name, value in usage.items() if isinstance(usage, Mapping) else ():
        if isinstance(value, (int, float)):
            counts[name] = value
        elif isinstance(value, Mapping) and (inner := _counts(value)):
            counts[name] = inner
    return counts


def entry(holder: Any, name: str) -> Any:
    """An entry of a dict, or an attribute of an object; None when there is none."""
    # Most are dicts, and asking an abstract class takes long.
    is_mapping = type(holder) is dict or isinstance(holder, Mapping)
    return holder.get(name) if is_mapping else getattr(holder, name, None)


class OpenAIObject(dict[str, Any]):
    """A dict whose entries are attributes too, as the objects of OpenAI's client are."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def model_dump(self) -> dict[str, Any]:
        """It, and all in it, as plain dicts and lists."""
        return {name: as_plain(item) for name, item in self.items()}


def as_objects(value: Any) -> Any:
    """Nested dicts and lists with `OpenAIObject`s for dicts."""
    if isinstance(value, Mapping):
        return OpenAIObject({name: as_objects(item) for name, item in value.items()})
    if isinstance(value, (list, tuple)):
        return [as_objects(item) for item in value]
    return value


def read_messages(given: Iterable[Message | Mapping[str, Any]]) -> tuple[Message, ...]:
    """Messages of either form, in parts."""
    return tuple(read_message(message) for message in given)


def render_messages(given: Sequence[Message | Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Messages of either form, as OpenAI's dicts; dicts are handed on as they are."""
    return [
        message.as_openai() if isinstance(message, Message) else message  # type: ignore[misc]
        for message in given
    ]


def iterate_choices(raw: Any) -> Iterator[Any]:
    """The choices of a raw answer; none when it has none."""
    choices = entry(raw, "choices")
    return iter(choices) if isinstance(choices, (list, tuple)) else iter(())
