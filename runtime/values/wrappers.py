"""What only wraps a record: a single key, a tool's call, a server's envelope, its name before each key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import candidates
from .keys import covers, folded

_CALLED = (
    "arguments", "parameters", "args", "kwargs", "input", "inputs", "function", "tool_calls", "function_call",
    "tool_call", "tool_input", "action_input", "properties",
)  # fmt: skip
OF_CALLS = frozenset(_CALLED) | {
    "name", "type", "id", "tool", "tool_name", "index", "action", "recipient_name", "required", "title",
    "thought",
}  # fmt: skip
"""The keys of a tool's call, which may stand around the attributes of a record."""
_DEEPEST = 4
_ENVELOPE = frozenset(
    {
        "status", "success", "ok", "code", "message", "error", "errors", "data", "result", "response",
        "output", "answer", "payload",
    }
)  # fmt: skip
_SAYS_ERROR = ("error", "errors")
_TYPE_WORDS = ("string", "integer", "number", "boolean", "array", "object", "null")


def inside(value: Mapping[Any, Any], fields: Mapping[str, tuple[Any, bool]]) -> dict[Any, Any] | None:
    """The record inside of what only wraps it: a single key, or a tool's call."""
    for _ in range(_DEEPEST):
        inner = called_with(value)
        if inner is None and len(value) == 1 and value.keys().isdisjoint(_CALLED):
            inner = next(iter(value.values()))
        if isinstance(inner, str) and inner.strip()[:1] == "{":
            inner = (candidates.whole_json(inner) or (None,))[0]
        if isinstance(inner, list) and len(inner) == 1:
            inner = inner[0]
        if not isinstance(inner, dict):
            return None
        if covers(inner, fields):
            return inner
        value = inner
    return None


def called_with(value: Mapping[Any, Any]) -> Any:
    """The dict or list that a tool is called with; None for what is no call, or may be one of two."""
    if not value.keys() <= OF_CALLS:
        return None
    keys = [key for key in _CALLED if key in value and _may_hold(value[key])]
    if len(keys) != 1:
        return None
    held = value[keys[0]]
    if isinstance(held, str):
        held = (candidates.whole_json(held) or (None,))[0]
    if keys[0] == "properties" and isinstance(held, dict) and _is_schema(held):
        return None
    return held if isinstance(held, (dict, list)) else None


def _may_hold(value: Any) -> bool:
    return isinstance(value, (dict, list)) or (isinstance(value, str) and value.strip()[:1] == "{")


def in_envelope(value: Mapping[Any, Any]) -> dict[Any, Any] | None:
    """The only object in what servers put around their answers: `{"status": "ok", "data": {…}}`."""
    if not value.keys() <= _ENVELOPE or any(value.get(key) for key in _SAYS_ERROR):
        return None
    held = [inner for inner in value.values() if isinstance(inner, dict)]
    return held[0] if len(held) == 1 and not any(isinstance(each, list) for each in value.values()) else None


def unprefixed(value: dict[Any, Any], annotation: Any) -> dict[Any, Any]:
    """The attributes of a record without its name, which all stand behind: `{"person_name": …}`."""
    prefix = folded(getattr(annotation, "__name__", ""))
    keys = [folded(str(key)) for key in value]
    if not prefix or not all(key.startswith(prefix) and len(key) > len(prefix) for key in keys):
        return value
    return dict(zip((key[len(prefix) :] for key in keys), value.values(), strict=True))


def _is_schema(properties: Mapping[Any, Any]) -> bool:
    """Whether properties are what types attributes have, as in a JSON schema, rather than their values."""
    kinds = [inner.get("type") if isinstance(inner, dict) else inner for inner in properties.values()]
    found = [isinstance(kind, list) or kind in _TYPE_WORDS for kind in kinds]
    return all(found) or any(
        each and isinstance(inner, dict) for each, inner in zip(found, properties.values(), strict=True)
    )
