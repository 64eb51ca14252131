"""Pydantic's validators, one for each type, because they are costly to make; and its errors in our words.

Pydantic is imported with the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...base.expressions import pattern
from ..errors import SignatureError
from ..types.annotations import kept_by_type
from .words import ReadError

_MOST_PROBLEMS = 3
"""How many of the things that are wrong in a value are told."""
_LONGEST_VALUE = 80
"""How much is shown of a value that is of another type; one that breaks a condition is shown whole."""
_OF_ANOTHER_FORM = pattern(r".*(_type|_parsing|extra_forbidden)$")


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


def as_read_error(error: Any) -> ReadError:
    """What pydantic finds wrong, each with its path in the value."""
    inside: list[tuple[str, str, str]] = []
    for problem in error.errors(include_url=False)[:_MOST_PROBLEMS]:
        if problem["type"] == "missing":
            inside.append((_path(problem["loc"]), "", "is missing"))
            continue
        value = repr(problem["input"])
        if _OF_ANOTHER_FORM.match(problem["type"]):
            value = value[:_LONGEST_VALUE]
        reason = problem["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
        inside.append((_path(problem["loc"]), value, reason))
    return ReadError("does not fit: " + "; ".join(_told(*each) for each in inside), inside)


def _told(path: str, value: str, reason: str) -> str:
    place = f"at `{path.removeprefix('.')}`: " if path else ""
    return f"{place}{reason} (it is {value})" if value else f"{place}it {reason}"


def _path(steps: Sequence[str | int]) -> str:
    """Steps into a value as one writes them: `.address.lines[0]`."""
    # Steps with a bracket are pydantic's own: the branch of a union, a function that checks.
    plain = [step for step in steps if isinstance(step, int) or "[" not in step]
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in plain)
