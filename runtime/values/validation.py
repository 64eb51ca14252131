"""Pydantic's validators: one for each type, because they are costly to make.

Pydantic is imported with the first.
"""

from __future__ import annotations

from typing import Any

from ..errors import SignatureError
from ..types.annotations import kept_by_type


def validate(value: Any, annotation: Any, *, strict: bool = False) -> Any:
    """The value as one of the type; a record's fields may have their aliases or their names.

    Raises:
        pydantic.ValidationError: it is not one.
    """
    return validator_for(annotation).validate_python(value, strict=strict, by_alias=True, by_name=True)


def validator_for(annotation: Any) -> Any:
    """Pydantic's `TypeAdapter` of a type.

    Raises:
        SignatureError: pydantic cannot read values of the type.
    """
    try:
        return _cached(annotation)
    except TypeError:
        # A note in `Annotated` that cannot be hashed.
        return _make(annotation)


def _make(annotation: Any) -> Any:
    from pydantic import PydanticUserError, TypeAdapter

    try:
        return TypeAdapter(annotation)
    except PydanticUserError as error:
        raise unusable_type(annotation) from error


def unusable_type(annotation: Any) -> SignatureError:
    """The error for a type that has no schema: a plain class, a function in the place of a type."""
    name = annotation.__name__ if isinstance(annotation, type) else repr(annotation)
    return SignatureError(
        f"`{name}` cannot be the type of a field: it has no schema; use a pydantic model or a dataclass"
    )


_cached = kept_by_type(_make)
