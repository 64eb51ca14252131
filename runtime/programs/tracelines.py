"""The lines of a trace: values in JSON's types, without secrets and not too long."""

from __future__ import annotations

import os
from math import isfinite
from typing import Any

from ...base import json
from ...base.secrets import redact_mapping
from ..lm.request import Response

LONGEST = 100_000
"""How many characters of a text are written."""
LONGEST_LINE = 8 * 2**20
"""Bytes; of a longer line only the facts are written."""


def line(facts: dict[str, Any], said: dict[str, Any]) -> bytes:
    """A line: facts, which hold no secrets, and what was said, which may.

    What was said is left out where it has no form in JSON, or makes the line too long.
    """
    if said:
        try:
            text = _dump({**facts, **_cut(redact_mapping(_plain(said)))})
        except Exception:  # noqa: BLE001 values of others: what they raise must not lose the line
            text = _dump(facts)
        if len(text) > LONGEST_LINE:
            text = _dump({**facts, "left_out": len(text)})
    else:
        text = _dump(facts)
    return text.encode("ascii") + b"\n"


def _dump(value: dict[str, Any]) -> str:
    text = json.dump(value)
    # So numbers are written that are not finite, which is no JSON; the words may stand in a text, too.
    return json.dump(_finite(value)) if "NaN" in text or "Infinity" in text else text


def _finite(value: Any) -> Any:
    """A value in JSON's types, with null for what is not a finite number."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, (list, tuple)) else value


def _plain(value: Any) -> Any:
    """A value in JSON's types."""
    if value is None or type(value) in (str, int, float, bool):
        return value
    if type(value) is dict:
        return {str(name): _plain(each) for name, each in value.items()}
    if type(value) is list:
        return [_plain(each) for each in value]
    # With pydantic, which only content needs.
    from ..values.rendering import to_json_types

    return to_json_types(value.toDict() if hasattr(value, "toDict") else value)


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:LONGEST]}… ({len(value) - LONGEST:,} more characters)"
    if isinstance(value, dict):
        return {name: _cut(each) for name, each in value.items()}
    return [_cut(each) for each in value] if isinstance(value, list) else value


def fields(outputs: Any) -> Any:
    """What a call gave, by name."""
    plain = outputs.toDict() if hasattr(outputs, "toDict") else outputs
    return plain if isinstance(plain, dict) else {"result": plain}


def taken(response: Response) -> dict[str, Any]:
    """What an answer took: tokens read and written, its cost, and whether the cache gave it."""
    counts = [response.usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    facts: dict[str, Any] = {}
    if all(isinstance(count, int) for count in counts):
        facts["tokens"] = counts
    if response.cost is not None:
        facts["cost"] = response.cost
    if response.cache_hit:
        facts["cached"] = True
    return facts


def answers(response: Any, outputs: Any) -> list[str]:
    """The texts of an answer; calls of tools where it has no text."""
    if not isinstance(response, Response):
        return [str(each) for each in outputs or ()]
    return [
        each.text
        or ", ".join(f"{call.name}({json.dump(_plain(call.arguments))})" for call in each.tool_calls)
        for each in response.completions
    ]


def relative(file: str, folder: str) -> str:
    """A file as seen from a folder."""
    try:
        return os.path.relpath(file, folder)
    except ValueError:
        return os.path.basename(file)  # on another drive
