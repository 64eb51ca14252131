"""Attributes of records with conditions, records that leave out attributes of the one they extend, and
enumerations whose members are described.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    ValidationError,
    ValidationInfo,
    WrapValidator,
    create_model,
)

from ...base.quiet import without_warnings
from ..errors import LimitError
from ..execution.matching import is_found
from .members import describe, descriptions_of

E = TypeVar("E", bound=type[Enum])

VIOLATES = "it violates the condition"
PATTERN = "matching the regular expression: "
Conditions = tuple[tuple[str, Callable[[Mapping[str, Any]], Any]], ...]
"""The texts of conditions, each with the function of the values so far that decides it."""


def attribute(
    *,
    where: Conditions = (),
    message: str | None = None,
    pattern: str | None = None,
    description: str | None = None,
    **options: Any,
) -> Any:
    """An attribute with conditions on its value, which the model is told and its answers have to meet.

    Args:
        where: pairs of a condition's text and a function of the attributes so far, this one among them.
        message: what is said instead of the conditions, to the model and in errors.
        pattern: a regular expression that is found in the value; in the JSON schema as it is.
        description: what the model is told of the attribute.
        options: the other arguments of pydantic's `Field`: a default, bounds, lengths.

    Returns:
        pydantic's information about the field.
    """
    words = message or ", ".join(text for text, _ in where)
    told = [description] if description else []
    told += [words if message else f"must hold: {words}"] if words else []
    if pattern is not None:
        options["json_schema_extra"] = {"pattern": pattern}
    made = Field(description="; ".join(told) or None, validate_default=True, **options)
    conditions: Conditions = where if pattern is None else ((f"{PATTERN}{pattern}", _Found(pattern)), *where)
    check = _Check(conditions, message)
    # What stands in an annotation's `Annotated` stands here for the default's place; bounds come before it.
    made.metadata.append(AfterValidator(check.after) if message is None else WrapValidator(check.around))
    return made


@contextmanager
def shadowing() -> Iterator[None]:
    """Make a record in it whose attributes have names such as `json` or `copy`, without pydantic's warning.

    Such a record works: what has these names in every model is old, and nothing here calls it. The filters
    of the process are as before afterwards, also where several threads make records at the same time.
    """
    with without_warnings(r'Field name ".*" in ".*" shadows an attribute', UserWarning):
        yield


def without(base: type[BaseModel], *names: str) -> type[BaseModel]:
    """A record with the attributes of another one, some of them left out."""
    fields = {
        name: (field.annotation, field) for name, field in base.model_fields.items() if name not in names
    }
    with shadowing():
        made: type[BaseModel] = create_model(
            base.__name__, __doc__=base.__doc__, __module__=base.__module__, **fields
        )  # type: ignore[call-overload]
    return made


def described(**texts: str) -> Callable[[E], E]:
    """Say what members of an enumeration mean; the model is told wherever it is told the choices.

        @described(LOW="can wait for a week", HIGH="today")
        class Urgency(StrEnum):
            LOW = "low"
            HIGH = "high"

    Args:
        texts: the descriptions, by the names of members.
    """

    def note(kind: E) -> E:
        describe(kind, texts)
        setattr(kind, "__get_pydantic_json_schema__", classmethod(_with_descriptions))  # noqa: B010
        return kind

    return note


def _with_descriptions(kind: type[Enum], core: Any, handler: Any) -> Any:
    """The JSON schema of an enumeration, its members' descriptions in its own."""
    schema = handler(core)
    resolved = handler.resolve_ref_schema(schema)
    told = [resolved.get("description"), *(f"{name}: {text}" for name, text in descriptions_of(kind).items())]
    resolved["description"] = "\n".join(each for each in told if each)
    return schema


class _Found:
    """Whether a regular expression is found in the attribute that is being checked."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    def __call__(self, values: Mapping[str, Any]) -> bool:
        value = values.get(_OWN)
        return not isinstance(value, str) or is_found(self.pattern, value)


_OWN = ""
"""The key of the attribute that is being checked; no attribute has this name."""


class _Check:
    """The conditions of an attribute, as what pydantic calls."""

    def __init__(self, conditions: Conditions, message: str | None) -> None:
        self._conditions = conditions
        self._message = message

    def after(self, value: Any, info: ValidationInfo) -> Any:
        """The value, if all conditions hold."""
        values = _Values({**info.data, str(info.field_name): value, _OWN: value})
        for text, holds in self._conditions:
            try:
                fulfilled = holds(values)
            except _NotValid:
                continue  # an attribute above is at fault, which is told for itself
            except LimitError as error:
                raise ValueError(f"{self._message or text} ({error})") from None
            if not fulfilled:
                raise ValueError(self._message or f"{VIOLATES}: {text}")
        return value

    def around(self, value: Any, inner: Callable[[Any], Any], info: ValidationInfo) -> Any:
        """The same, with the message for a broken bound, too."""
        try:
            value = inner(value)
        except ValidationError as error:
            if all(each["type"] in _BOUNDS for each in error.errors(include_url=False)):
                raise ValueError(self._message) from None
            raise
        return self.after(value, info)


_BOUNDS = frozenset(
    {
        "greater_than",
        "greater_than_equal",
        "less_than",
        "less_than_equal",
        "too_short",
        "too_long",
        "string_too_short",
        "string_too_long",
        "literal_error",
    }
)
"""Pydantic's names for what a bound, a length or a choice finds."""


class _NotValid(Exception):
    """A condition reads an attribute that was not valid."""


class _Values(dict[str, Any]):
    def __missing__(self, name: str) -> Any:
        raise _NotValid
