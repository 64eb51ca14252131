"""Constraints and conditions of fields, enforced on values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ConditionError, InputError, LimitError
from ..execution.matching import is_found
from .fields import CONSTRAINT_WORDS, Field, Kind
from .signature import Signature

_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda value, limit: value > limit,
    "ge": lambda value, limit: value >= limit,
    "lt": lambda value, limit: value < limit,
    "le": lambda value, limit: value <= limit,
    "min_length": lambda value, limit: len(value) >= limit,
    "max_length": lambda value, limit: len(value) <= limit,
    "multiple_of": lambda value, limit: math.isclose(math.remainder(value, limit), 0, abs_tol=1e-9),
    "pattern": lambda value, limit: is_found(limit, value),
    "allow_inf_nan": lambda value, limit: limit or math.isfinite(value),
}


def check_outputs(
    adapter_name: str,
    signature: type[Signature],
    answer: str,
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
) -> None:
    """Check an answer's values against their constraints, in the order of the fields.

    Raises:
        ConditionError: one does not hold.
    """
    constrained = constrained_fields(signature, "output")
    if not constrained:
        return
    values = {**inputs, **outputs}
    for field in constrained:
        if (broken := first_broken(field, values)) is not None:
            value = values.get(field.name)
            error = ConditionError(
                adapter_name,
                signature,
                answer,
                f"`{field.name}` is {value!r}{_reason(field, broken)}",
                parsed_result=dict(outputs),
                field=field.name,
            )
            error.condition, error.value = broken, value
            raise error


def check_inputs(signature: type[Signature], inputs: Mapping[str, Any]) -> None:
    """Check the inputs of a call against their constraints, before any call.

    Raises:
        InputError: one does not hold.
    """
    for field in constrained_fields(signature, "input"):
        if field.name in inputs and (broken := first_broken(field, inputs)) is not None:
            reason = _reason(field, broken, "which violates")
            raise InputError(f"the input `{field.name}` is {inputs[field.name]!r}{reason}")


def _reason(field: Field, broken: str, verb: str = "which violates the condition") -> str:
    """What follows a value that breaks a condition."""
    return f", {verb}: {broken}" if field.message is None else f": {broken}"


def first_broken(field: Field, values: Mapping[str, Any]) -> str | None:
    """The first constraint or condition of a field that does not hold, in words, or None.

    The words are the field's message where it has one.
    """
    broken = _first_broken(field, values)
    return broken if broken is None or field.message is None else field.message


def _first_broken(field: Field, values: Mapping[str, Any]) -> str | None:
    value = values.get(field.name)
    if value is not None:
        for name, limit in field.constraints:
            try:
                holds = _HOLDS[name](value, limit)
            except LimitError as error:
                return f"{CONSTRAINT_WORDS[name]}{limit} ({error})"
            except (TypeError, ValueError):
                holds = False
            if not holds:
                return f"{CONSTRAINT_WORDS[name]}{limit}"
    for text, condition in field.where:
        try:
            holds = condition(dict(values))
        except LimitError as error:
            return f"{text} ({error})"
        if not holds:
            return text
    return None


def constrained_fields(signature: type[Signature], kind: Kind) -> tuple[Field, ...]:
    """The fields of a kind that have constraints or conditions, worked out once."""
    found: tuple[Field, ...] | None = signature.__compiled__.get(kind)
    if found is None:
        fields = signature.output_fields if kind == "output" else signature.input_fields
        found = tuple(field for field in fields.values() if field.constraints or field.where)
        signature.__compiled__[kind] = found
    return found
