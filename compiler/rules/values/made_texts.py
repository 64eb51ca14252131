"""Comparisons with what a call can never give: `name.lower() == "Ann"`, `type(x) == "int"`, `len(x) < 0`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ....base.diagnostic import Fix
from ....grammar import syntax
from ... import types
from ...program import Item
from ...resolve.bounds import number
from ..rule import replace, written


class NeverGiven(NamedTuple):
    """A value that a call is compared with and never gives."""

    at: syntax.Expression
    message: str
    fix: Fix | None = None


def never_given(
    item: Item, left: syntax.Expression, operator: str, right: syntax.Expression
) -> Iterator[NeverGiven]:
    """What is wrong with one comparison, where a side of it is such a call."""
    if operator in ("in", "not in"):
        several = isinstance(right, syntax.List | syntax.Tuple | syntax.Set)
        for each in right.elements if isinstance(right, syntax.List | syntax.Tuple | syntax.Set) else ():
            yield from in_another_case(item, left, each)
        if not several:
            yield from in_another_case(item, right, left)
        return
    for call, value in ((left, right), (right, left)):
        if operator in ("==", "!="):
            yield from in_another_case(item, call, value)
            yield from _name_of_type(item, call, value)
        mirrored = operator if call is left else _MIRRORED.get(operator, operator)
        if _is_call(item, call, "len") and _is_below_zero(mirrored, number(value)):
            yield NeverGiven(value, f"`{written(item, call)}` is never below 0")


_MIRRORED = {"<=": ">=", "<": ">", ">=": "<=", ">": "<"}


def _is_below_zero(operator: str, value: float | None) -> bool:
    if value is None:
        return False
    return value < 0 if operator in ("==", "<=") else value <= 0 if operator == "<" else False


def in_another_case(item: Item, call: syntax.Expression, value: syntax.Expression) -> Iterator[NeverGiven]:
    """`name.lower() == "Ann"`: a text in letters that the method does not give."""
    if not isinstance(value, syntax.String):
        return
    match call:
        case syntax.Call(function=syntax.Attribute(value=owner, name=name), arguments=()) if (
            name.text in _CASES and all(_is_text(each) for each in types.options(item.type_of(owner)))
        ):
            right = _CASES[name.text](value.value)
            if right != value.value:
                shown = written(item, call)
                fix = replace(
                    f"Write it in {_CALLED[name.text]} letters", value, _recased(item, value, right)
                )
                shown = shown if len(shown) <= 40 else f"{name.text}()"
                what = f"`{shown}` has only {_CALLED[name.text]} letters"
                yield NeverGiven(value, f"{what}, so it is never `{written(item, value)}`", fix)
        case _:
            pass


def looked_for_in_text(item: Item, call: syntax.Call) -> Iterator[NeverGiven]:
    """`line.lower().startswith("Error")`"""
    function = call.function
    if isinstance(function, syntax.Attribute) and function.name.text in _LOOKING and call.arguments:
        yield from in_another_case(item, function.value, call.arguments[0].value)


_LOOKING = frozenset({"count", "endswith", "find", "index", "removeprefix", "removesuffix", "startswith"})
_CASES = {"lower": str.lower, "casefold": str.casefold, "upper": str.upper}
_CALLED = {"lower": "lowercase", "casefold": "lowercase", "upper": "uppercase"}


def _recased(item: Item, value: syntax.String, right: str) -> str:
    """The string as it is written, in other letters; one with escapes is written anew."""
    text = written(item, value)
    return text.replace(value.value, right) if value.value in text else repr(right)


def _is_text(kind: types.Type) -> bool:
    match kind:
        case types.Builtin(name="str"):
            return True
        case types.Literals(values=values):
            return all(isinstance(each, str) for each in values)
        case _:
            return False


def _name_of_type(item: Item, call: syntax.Expression, value: syntax.Expression) -> Iterator[NeverGiven]:
    """`type(x) == "int"`"""
    if not isinstance(value, syntax.String) or not _is_call(item, call, "type"):
        return
    (argument,) = call.arguments if isinstance(call, syntax.Call) else ()
    right = f"isinstance({written(item, argument.value)}, {value.value})"
    shown = f"; write `{right}`" if value.value.isidentifier() and len(right) <= 60 else ""
    yield NeverGiven(value, f"a type is never equal to a string{shown}")


def _is_call(item: Item, node: syntax.Expression, name: str) -> bool:
    """Whether this calls a built-in with one argument."""
    match node:
        case syntax.Call(function=syntax.Name(text=text) as function, arguments=(argument,)) if text == name:
            symbol = item.symbol_of(function)
            return argument.name is None and symbol is not None and symbol.kind == "builtin"
        case _:
            return False
