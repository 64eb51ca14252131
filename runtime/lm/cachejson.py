"""Responses as the JSON texts that the cache's file holds.

By ujson, which takes two thirds of the time of `json`. Where it gives up and `json` does not (values nested
more than a thousand deep, numbers beyond the range of older versions) `json` does the work, both ways.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import ujson

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


def render_json(response: Response) -> str:
    """What is kept of a response: its completions, the model's name and the answer's.

    Raises:
        TypeError, ValueError: it holds what JSON cannot.
    """
    completions = [
        {
            "parts": [[_NAMES[type(part)], *_values(part)] for part in completion.parts],
            "finish_reason": completion.finish_reason,
            "logprobs": completion.logprobs,
        }
        for completion in response.completions
    ]
    return dump({"completions": completions, "model": response.model, "id": response.id})


def read_json(text: str) -> Response:
    """The response of a text, marked as a hit.

    Raises:
        KeyError, TypeError, ValueError: it is not one.
    """
    facts = load(text)
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
        Completion(tuple(_part(*part) for part in each["parts"]), each["finish_reason"], each["logprobs"])
        for each in facts["completions"]
    ]
    return Response(completions, model=facts["model"], id=facts["id"], cache_hit=True)


def _values(part: Part) -> list[Any]:
    return [getattr(part, name) for name in part.__dataclass_fields__]


def _part(kind: str, *values: Any) -> Part:
    if kind == "reasoning":
        text, blocks = values
        return Reasoning(text, tuple(blocks))
    part: Part = _KINDS[kind](*values)
    return part


def dump(value: Mapping[str, Any]) -> str:
    """A value as JSON, in ASCII."""
    try:
        return ujson.dumps(value, escape_forward_slashes=False)
    except (OverflowError, RecursionError, ValueError):
        return json.dumps(value, separators=(",", ":"))


def load(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it is not JSON, or is nested too deeply.
    """
    try:
        return ujson.loads(text)
    except ValueError:
        pass
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
