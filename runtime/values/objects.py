"""The fields of a signature in JSON objects."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from . import candidates, repair
from .keys import field_named
from .reading import Reader
from .words import ReadError


def read_object(text: str, readers: Sequence[tuple[str, Reader]]) -> dict[str, Any] | None:
    """The one JSON object in a text that has all these fields (those that may be None may be absent), or
    None.
    """
    exact = any(reader.is_exact for _, reader in readers)
    accepted: dict[str, dict[str, Any]] = {}
    seen: set[str] = set()
    for source in (text, *candidates.fenced(text)):
        spans = list(islice(candidates.bracketed(source), candidates.MOST_PARTS + 1))
        if len(spans) > candidates.MOST_PARTS:
            return None
        for span in spans:
            if span.text in seen or not any(name in span.text for name, _ in readers):
                continue
            seen.add(span.text)
            found = candidates.whole_json(span.text, exact) or repair.repaired(span.text, exact)
            read = None if found is None else _read_fields(found[0], readers)
            if read is not None:
                accepted.setdefault(repr(read), read)
                if len(accepted) > 1:
                    return None
    return next(iter(accepted.values()), None)


def read_under(name: str, value: Any, read: Reader) -> tuple[Any] | None:
    """The value of a field that stands in an object, or a text of one, under the field's name and with
    nothing else: `{"approved": true}`. None for any other value.

    Raises:
        ReadError: it is no value of the type.
    """
    if isinstance(value, str):
        stripped = value.strip()
        value = (candidates.whole_json(stripped) or (None,))[0] if stripped[:1] == "{" else None
    if not isinstance(value, dict) or len(value) != 1:
        return None
    ((key, inner),) = value.items()
    if field_named(key, {name: None}) is None or isinstance(inner, (dict, list)):
        return None
    return (read.from_json(inner),)


def read_json(name: str, value: Any, read: Reader) -> Any:
    """The value of a field that is a value of JSON's types, of itself or in an object under the field's name.

    Raises:
        ReadError: it is no value of the type.
    """
    try:
        return read.from_json(value)
    except ReadError:
        if (own := read_under(name, value, read)) is None:
            raise
        return own[0]


def _read_fields(value: Any, readers: Sequence[tuple[str, Reader]]) -> dict[str, Any] | None:
    if not isinstance(value, dict) or not any(name in value for name, _ in readers):
        return None
    if not all(name in value or reader.optional for name, reader in readers):
        return None
    try:
        return {name: read_json(name, value[name], reader) for name, reader in readers if name in value}
    except ReadError:
        return None
