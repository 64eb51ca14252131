"""Sets in one order, so that prompts, keys and states are the same in every process.

A set of strings is iterated in an order that depends on the process's hash seed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..types.records import is_dataclass

_SCALARS = frozenset({str, int, float, bool, type(None), bytes})


def in_order(value: Any) -> Any:
    """The value with each set in it, also those of records, as a list in the order of its items' texts.

    What holds no set is given back as it is.
    """
    if type(value) in _SCALARS:
        return value
    if isinstance(value, (set, frozenset)):
        return sorted((in_order(item) for item in value), key=_text)
    if isinstance(value, (list, tuple)):
        items = [in_order(item) for item in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    if isinstance(value, Mapping):
        return _changed(value, dict(value))
    if is_dataclass(value) and not isinstance(value, type):
        from dataclasses import fields

        return _changed(value, {field.name: getattr(value, field.name) for field in fields(value)})
    if isinstance(getattr(type(value), "model_fields", None), dict):
        return _changed(value, {name: getattr(value, name) for name in type(value).model_fields})
    return value


def _changed(value: Any, entries: dict[Any, Any]) -> Any:
    found = {name: in_order(entry) for name, entry in entries.items()}
    return found if any(found[name] is not entry for name, entry in entries.items()) else value


def _text(item: Any) -> str:
    from pydantic_core import to_jsonable_python

    return json.dumps(to_jsonable_python(item, fallback=str), sort_keys=True)
