"""The bounds and choices that a `where` gives to its field."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ...grammar import syntax
from .. import types
from ..facts import evident_type

_MIRRORED = {"<=": ">=", "<": ">", ">=": "<=", ">": "<"}


def limits_of(where: syntax.Expression | None, name: str) -> types.Limits:
    """The bounds of a field's value, or of its length, that a condition sets by numbers."""
    found: dict[str, float] = {}
    for part in _parts(where):
        if isinstance(part, syntax.Comparison):
            sides = (part.left, *part.rights)
            for operator, (left, right) in zip(part.operators, pairwise(sides), strict=True):
                for slot, bound in _bounds(name, left, operator, right):
                    found.setdefault(slot, bound)
    return _limits(found) if found else types.NO_LIMITS


def choices_of(where: syntax.Expression | None, name: str) -> tuple[types.Value, ...]:
    """The constants of `x in ["a", "b"]`; none for other conditions."""
    for part in _parts(where):
        match part:
            case syntax.Comparison(left=syntax.Name(text=left), operators=("in",), rights=(right,)) if (
                left == name and isinstance(right, syntax.List | syntax.Tuple | syntax.Set)
            ):
                kinds = [evident_type(each) for each in right.elements]
                constants = [each.values[0] for each in kinds if isinstance(each, types.Literals)]
                return tuple(constants) if len(constants) == len(kinds) else ()
    return ()


def broken_by(
    limits: types.Limits, choices: tuple[types.Value, ...], name: str, value: syntax.Expression
) -> str | None:
    """The condition on a field that a value which is written out breaks, as one writes it; None for none."""
    given = number(value)
    if given is not None and (broken := limits.broken_by(given)) is not None:
        return f"{name} {broken}"
    length = _written_length(value)
    if length is not None:
        broken = types.Limits(ge=limits.min_length, le=limits.max_length).broken_by(length)
        if broken is not None:
            return f"len({name}) {broken}"
    kind = evident_type(value)
    if choices and isinstance(kind, types.Literals) and not {*kind.values} <= {*choices}:
        return f"{name} in {[*choices]}" if len(choices) <= _FEW else f"{name} in […]"
    return None


_FEW = 8
"""So many choices are told."""


def _written_length(node: syntax.Expression) -> int | None:
    match node:
        case syntax.String(value=text):
            return len(text)
        case syntax.List(elements=elements) | syntax.Tuple(elements=elements):
            return None if any(isinstance(each, syntax.Starred) for each in elements) else len(elements)
        case _:
            return None


def number(node: syntax.Expression) -> float | None:
    """The value of a number that is written out."""
    match node:
        case syntax.Constant(value=(int() | float()) as value) if not isinstance(value, bool):
            return value
        case syntax.Unary(operator="-", operand=operand):
            positive = number(operand)
            return None if positive is None else -positive
        case _:
            return None


def _parts(where: syntax.Expression | None) -> Iterator[syntax.Expression]:
    """`a and b` are two conditions."""
    if isinstance(where, syntax.Boolean) and where.operator == "and":
        for value in where.values:
            yield from _parts(value)
    elif where is not None:
        yield where


def _bounds(
    name: str, left: syntax.Expression, operator: str, right: syntax.Expression
) -> Iterator[tuple[str, float]]:
    if operator == "==" and _is_length(left, name):
        bound = number(right)
        if bound is not None:
            yield "min_length", bound
            yield "max_length", bound
        return
    if operator not in _MIRRORED:
        return
    if number(left) is not None:
        left, operator, right = right, _MIRRORED[operator], left
    bound = number(right)
    if bound is None:
        return
    if isinstance(left, syntax.Name) and left.text == name:
        yield {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"}[operator], bound
    elif _is_length(left, name):
        slot = "max_length" if operator in ("<", "<=") else "min_length"
        yield slot, bound + {"<": -1, ">": 1}.get(operator, 0)


def _is_length(node: syntax.Expression, name: str) -> bool:
    match node:
        case syntax.Call(
            function=syntax.Name(text="len"), arguments=(syntax.Argument(name=None, value=value, star=""),)
        ):
            return isinstance(value, syntax.Name) and value.text == name
        case _:
            return False


def _limits(found: dict[str, float]) -> types.Limits:
    return types.Limits(
        found.get("ge"),
        found.get("gt"),
        found.get("le"),
        found.get("lt"),
        int(found["min_length"]) if "min_length" in found else None,
        int(found["max_length"]) if "max_length" in found else None,
    )
