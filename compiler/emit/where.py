"""`where` conditions: limits that pydantic and the prompt know, or else functions of the values."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from msgspec import Struct, field

from ...grammar import syntax
from ...grammar.formatting.one_line import on_one_line
from .. import types
from . import expressions
from .code import Here, constant
from .scope import Function, Scope

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}


class Conditions(Struct):
    """What a `where` becomes."""

    limits: dict[str, ast.expr] = field(default_factory=dict)
    """`ge`, `lt`, `min_length`, `pattern` … with their values."""
    choices: ast.expr | None = None
    """`Literal[…]`, for a text that must be one of several."""
    others: list[syntax.Expression] = field(default_factory=list)
    """The parts that are none of these."""


def conditions(here: Here, name: str, where: syntax.Expression | None, *, numeric: bool) -> Conditions:
    """Sort the parts of a condition on the field `name`; bounds are limits where it is `numeric`."""
    found = Conditions()
    for part in _parts(where) if where is not None else ():
        choices = _choices(here, name, part)
        if choices is not None and found.choices is None:
            found.choices = choices
            continue
        limits = _limits(here, name, part, numeric)
        if limits is None or limits.keys() & found.limits.keys():
            found.others.append(part)
        else:
            found.limits.update(limits)
    return found


def pairs(here: Here, others: list[syntax.Expression]) -> ast.expr:
    """The other conditions as pairs of their text and a function of the values."""
    return ast.Tuple([_pair(here, part) for part in others], ast.Load())


def _pair(here: Here, part: syntax.Expression) -> ast.expr:
    values = here.names.fresh("values") if "values" in here.names.taken else "values"
    scope = Scope(here, Function(set(), (part,)), values=values)
    arguments = ast.arguments([], [ast.arg(values)], None, [], [], None, [])
    condition = ast.Lambda(arguments, expressions.expression(scope, part))
    return here.at(part, ast.Tuple([constant(on_one_line(part)), condition], ast.Load()))


def _parts(where: syntax.Expression) -> Iterator[syntax.Expression]:
    """`a and b` are two conditions."""
    if isinstance(where, syntax.Boolean) and where.operator == "and":
        for value in where.values:
            yield from _parts(value)
    else:
        yield where


def _choices(here: Here, name: str, part: syntax.Expression) -> ast.expr | None:
    """`x in ["a", "b"]` for a text `x`."""
    match part:
        case syntax.Comparison(
            left=syntax.Name(text=field),
            operators=("in",),
            rights=(
                syntax.List(elements=elements)
                | syntax.Tuple(elements=elements)
                | syntax.Set(elements=elements),
            ),
        ) if field == name and here.item.type_of(part.left) == types.STR:
            values: list[ast.expr] = [
                here.at(each, constant(each.value)) for each in elements if isinstance(each, syntax.String)
            ]
            if not values or len(values) < len(elements):
                return None
            index = values[0] if len(values) == 1 else ast.Tuple(values, ast.Load())
            return here.at(part, ast.Subscript(here.names.standard("Literal"), index, ast.Load()))
        case _:
            return None


def _limits(here: Here, name: str, part: syntax.Expression, numeric: bool) -> dict[str, ast.expr] | None:
    match part:
        case syntax.Comparison(left=left, operators=operators, rights=rights):
            operands = [left, *rights]
            found: dict[str, ast.expr] = {}
            for first, operator, second in zip(operands, operators, operands[1:], strict=False):
                made = _limit(here, name, first, operator, second, numeric)
                if not made or made.keys() & found.keys():
                    return None
                found.update(made)
            return found
        case syntax.Call(
            function=syntax.Name(text="matches"),
            arguments=(
                syntax.Argument(name=None, value=syntax.Name(text=field), star=""),
                syntax.Argument(name=None, value=syntax.String(value=pattern), star=""),
            ),
        ) if field == name:
            return {"pattern": here.at(part, constant(pattern))}
        case _:
            return None


def _limit(
    here: Here, name: str, first: syntax.Expression, operator: str, second: syntax.Expression, numeric: bool
) -> dict[str, ast.expr]:
    """The limits that a comparison of two operands is; none where it is something else."""
    if operator not in _MIRRORED:
        return {}
    if _is_field(second, name) or _is_length(second, name):
        first, operator, second = second, _MIRRORED[operator], first
    value = _number(second)
    if value is None:
        return {}
    if _is_length(first, name) and isinstance(value, int):
        exclusive = operator in ("<", ">")
        lower = value + exclusive if operator in (">", ">=", "==") else None
        upper = value - exclusive if operator in ("<", "<=", "==") else None
        if (upper if upper is not None else lower or 0) < 0:
            return {}
        limits = {"min_length": lower, "max_length": upper}
        return {each: here.at(second, constant(limit)) for each, limit in limits.items() if limit is not None}
    if _is_field(first, name) and numeric and operator != "==":
        kind = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"}[operator]
        return {kind: here.at(second, constant(value))}
    return {}


def _is_field(node: syntax.Expression, name: str) -> bool:
    return isinstance(node, syntax.Name) and node.text == name


def _is_length(node: syntax.Expression, name: str) -> bool:
    match node:
        case syntax.Call(
            function=syntax.Name(text="len"), arguments=(syntax.Argument(name=None, value=value, star=""),)
        ):
            return _is_field(value, name)
        case _:
            return False


def _number(node: syntax.Expression) -> int | float | None:
    match node:
        case syntax.Constant(value=bool()):
            return None
        case syntax.Constant(value=int() | float() as value):
            return value
        case syntax.Unary(operator="-", operand=operand):
            inner = _number(operand)
            return None if inner is None else -inner
        case _:
            return None
