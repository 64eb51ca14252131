"""Pydantic's validators: one for each type, because they are costly to make.

Pydantic is imported with the first.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any


def validate(value: Any, annotation: Any, *, strict: bool = False) -> Any:
    """The value as one of the type; a record's fields may have their aliases or their names.

    Raises:
        pydantic.ValidationError: it is not one.
    """
    return validator_for(annotation).validate_python(value, strict=strict, by_alias=True, by_name=True)


def validator_for(annotation: Any) -> Any:
    """Pydantic's `TypeAdapter` of a type."""
    try:
        return _cached(annotation)
    except TypeError:
        # A note in `Annotated` that cannot be hashed.
        return _make(annotation)


def _make(annotation: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(annotation)


_cached = lru_cache(maxsize=4096)(_make)
