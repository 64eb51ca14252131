"""Values as JSON's types where they have to be there again: what JSON cannot hold is an error, not a text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..example import Example
from .rendering import to_json_types


class Unstorable(ValueError):
    """A value that JSON cannot hold; the message names its place and its type, and never shows it."""


def as_json(value: Any, place: str) -> Any:
    """A value as JSON's types.

    Args:
        value: scalars, containers, records, dates and the like, and what holds them.
        place: where it stands, for the message: "`doc` of a demo".

    Raises:
        Unstorable: it holds something else, or too much nested in each other.
    """
    from pydantic_core import PydanticSerializationError, to_jsonable_python

    def refuse(found: Any) -> Any:
        raise Unstorable(f"{place} contains a value of type `{_name(found)}`, which JSON cannot hold")

    try:
        value = _without_examples(value)
        to_jsonable_python(value, by_alias=False, fallback=refuse)
        plain = to_json_types(value)
        _verify(plain, place)
    except Unstorable:
        raise
    except (PydanticSerializationError, ValueError, RecursionError, TypeError) as error:
        raise Unstorable(f"{place}, of type `{_name(value)}`, cannot be written as JSON: {error}") from None
    return plain


def _without_examples(value: Any) -> Any:
    """The value with each `Example` in it as a dict."""
    match value:
        case Example():
            return value.toDict()
        case list() | tuple():
            changed = [_without_examples(item) for item in value]
            same = all(one is other for one, other in zip(changed, value, strict=True))
            return value if same else changed
        case dict():
            items = {key: _without_examples(item) for key, item in value.items()}
            return value if all(items[key] is value[key] for key in value) else items
    return value


def _verify(plain: Any, place: str) -> None:
    """Complain about numbers that JSON does not have, and whole numbers that would not be read again."""
    if isinstance(plain, float) and not math.isfinite(plain):
        raise Unstorable(f"{place} contains the number {plain}, which JSON does not have")
    if isinstance(plain, int) and abs(plain) >= _LARGEST:
        raise Unstorable(f"{place} contains a number of more than {_DIGITS} digits")
    if isinstance(plain, list):
        for item in plain:
            _verify(item, place)
    elif isinstance(plain, Mapping):
        for item in plain.values():
            _verify(item, place)


_DIGITS = 4_000
_LARGEST = 10**_DIGITS


def _name(value: Any) -> str:
    return type(value).__qualname__
