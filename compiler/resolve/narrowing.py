"""What a condition says about the values that it tests.

What is known is kept by path: the text of a name with the attributes and constant indexes behind it, such as
`seller.address` or `pair[0]`. Values never change, so a path keeps its type until its first name is assigned.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from ...grammar import syntax
from .. import types
from ..facts import Draft
from ..types import Type, narrow
from ..types.generic import named
from ..types.union import widened
from .members import member

Narrowed: TypeAlias = Mapping[str, Type]
"""The types of paths, where tests have left less than what was declared or assigned."""

NOTHING: Narrowed = {}

_MOST_VALUES = 16
"""Of a longer `and` that is false, or `or` that is true, nothing is concluded: each value is another way."""


def path_of(node: syntax.Expression) -> str | None:
    """The path that an expression is; None where it is none."""
    match node:
        case syntax.Name(text=text):
            return text
        case syntax.Attribute(value=value, name=name):
            before = path_of(value)
            return None if before is None else f"{before}.{name.text}"
        case syntax.Subscript(value=value, index=index):
            before = path_of(value)
            at = _constant_index(index) if before is not None else None
            return None if at is None else f"{before}[{at}]"
        case _:
            return None


def _constant_index(index: syntax.Expression) -> str | None:
    match index:
        case syntax.String(value=text):
            return repr(text)
        case syntax.Constant(value=int() as value) if not isinstance(value, bool):
            return str(value)
        case syntax.Unary(operator="-", operand=syntax.Constant(value=int() as value)):
            return f"-{value}"
        case _:
            return None


def forget(narrowed: Narrowed, names: Collection[str]) -> Narrowed:
    """What is known still when names have been given other values."""
    if not narrowed or not names:
        return narrowed
    kept = {path: kind for path, kind in narrowed.items() if _first_name(path) not in names}
    return kept if len(kept) < len(narrowed) else narrowed


def _first_name(path: str) -> str:
    if path.isidentifier():
        return path
    return path.partition(".")[0].partition("[")[0]


def joined(ways: Sequence[Narrowed]) -> Narrowed:
    """What is known where several ways meet, of paths that none of them has assigned."""
    if not all(ways):
        return NOTHING
    first, *others = ways
    if not others or all(other is first for other in others):
        return first
    return {
        path: types.merged(kind, *(other[path] for other in others))
        for path, kind in first.items()
        if all(path in other for other in others)
    }


def assume(test: syntax.Expression, holds: bool, item: Draft, narrowed: Narrowed) -> Narrowed | None:
    """What is known where a condition has come out so; None where it cannot.

    Args:
        test: the condition, whose parts have been resolved.
        holds: how it came out.
        item: what was found out about the parts.
        narrowed: what was known before.
    """
    match test:
        case syntax.Name() | syntax.Attribute() | syntax.Subscript():
            return _narrow(test, narrow.truthy if holds else narrow.falsy, item, narrowed)
        case syntax.Unary(operator="not", operand=operand):
            return assume(operand, not holds, item, narrowed)
        case syntax.Boolean(operator=operator, values=values):
            if (operator == "and") is holds:
                return _all(values, holds, item, narrowed)
            return _any(values, holds, item, narrowed)
        case syntax.Comparison():
            return _comparison(test, holds, item, narrowed)
        case syntax.Call():
            return _call(test, holds, item, narrowed)
        case syntax.Constant(value=bool() as value):
            return narrowed if value is holds else None
        case _:
            return narrowed


def _all(
    values: Sequence[syntax.Expression], holds: bool, item: Draft, narrowed: Narrowed
) -> Narrowed | None:
    """All values came out so."""
    for each in values:
        known = assume(each, holds, item, narrowed)
        if known is None:
            return None
        narrowed = known
    return narrowed


def _any(
    values: Sequence[syntax.Expression], holds: bool, item: Draft, narrowed: Narrowed
) -> Narrowed | None:
    """One value came out so, and those before it otherwise."""
    if len(values) > _MOST_VALUES:
        return narrowed
    ways: list[Narrowed] = []
    for each in values:
        way = assume(each, holds, item, narrowed)
        if way is not None:
            ways.append(way)
        passed = assume(each, not holds, item, narrowed)
        if passed is None:
            break
        narrowed = passed
    return joined(ways) if ways else None


# --- single tests ---------------------------------------------------------------------------------------


def _comparison(test: syntax.Comparison, holds: bool, item: Draft, narrowed: Narrowed) -> Narrowed | None:
    if len(test.rights) > 1 and not holds:
        return narrowed
    operands = pairwise((test.left, *test.rights))
    for operator, (left, right) in zip(test.operators, operands, strict=True):
        known = _compared(operator, left, right, holds, item, narrowed)
        if known is None:
            return None
        narrowed = known
    return narrowed


def _compared(
    operator: str,
    left: syntax.Expression,
    right: syntax.Expression,
    holds: bool,
    item: Draft,
    narrowed: Narrowed,
) -> Narrowed | None:
    match operator:
        case "is" | "is not":
            return _identical(left, right, holds is (operator == "is"), item, narrowed)
        case "==" | "!=":
            same = holds is (operator == "==")
            known: Narrowed | None = narrowed
            for one, other in ((left, right), (right, left)):
                if known is None or isinstance(one, (syntax.Constant, syntax.String)):
                    continue
                known = _narrow(one, _equality(item.type_of(other), same), item, known)
                if known is not None and same and _is_type_call(one):
                    known = _of_exact_class(one, other, item, known)
            return known
        case "in" | "not in":
            return _contained(left, right, holds is (operator == "in"), item, narrowed)
        case _:
            return narrowed


def _equality(other: Type, same: bool) -> narrow.Narrow:
    if same:
        return lambda kind: narrow.equal(kind, other)
    return lambda kind: narrow.unequal(kind, other)


def _identical(
    left: syntax.Expression, right: syntax.Expression, same: bool, item: Draft, narrowed: Narrowed
) -> Narrowed | None:
    if isinstance(left, syntax.Constant) and not isinstance(right, syntax.Constant):
        left, right = right, left
    if isinstance(right, syntax.Constant) and right.value is None:
        return _narrow(left, narrow.none if same else narrow.not_none, item, narrowed)
    if same and _is_type_call(left):
        return _of_exact_class(left, right, item, narrowed)
    kind = item.type_of(right)
    single = isinstance(kind, types.Enum) or (isinstance(right, syntax.Constant) and right.value is not ...)
    return _narrow(left, _equality(kind, same), item, narrowed) if single else narrowed


def _contained(
    left: syntax.Expression, right: syntax.Expression, inside: bool, item: Draft, narrowed: Narrowed
) -> Narrowed | None:
    if isinstance(right, (syntax.List, syntax.Tuple, syntax.Set)):
        if any(isinstance(each, syntax.Starred) for each in right.elements):
            return narrowed
        held = [item.type_of(each) for each in right.elements]
        if not held:
            return None if inside else narrowed
        if inside:
            return _narrow(left, _equality(types.union(*held), True), item, narrowed)

        def without(kind: Type) -> Type:
            for each in held:
                kind = narrow.unequal(kind, each)
            return kind

        return _narrow(left, without, item, narrowed)
    holder = item.type_of(right)
    match holder:
        case types.List(item=of) | types.Set(item=of) | types.Dict(key=of) if inside:
            return _narrow(left, _equality(of, True), item, narrowed)
        case types.TypeForm(type=types.Enum() as enum) if inside:
            return _narrow(left, _equality(enum, True), item, narrowed)
        case types.Tuple(items=items, rest=None) if items:
            # A constant of the file or the body: all its items are known.
            return _narrow(left, _among(items, inside), item, narrowed)
        case _:
            return narrowed


def _among(items: tuple[Type, ...], inside: bool) -> narrow.Narrow:
    def look(kind: Type) -> Type:
        if inside:
            return narrow.equal(kind, types.union(*items))
        for each in items:
            kind = narrow.unequal(kind, each)
        return kind

    return look


def _call(test: syntax.Call, holds: bool, item: Draft, narrowed: Narrowed) -> Narrowed | None:
    if not isinstance(test.function, syntax.Name):
        return narrowed
    given = [each.value for each in test.arguments if each.name is None and not each.star]
    match test.function.text, given:
        case "isinstance", [value, classes] if _is_builtin(test.function, item):
            of = class_of(classes, item)
            if holds:
                return _narrow(value, lambda kind: _asked_for(kind, of), item, narrowed)
            return _narrow(value, lambda kind: narrow.not_instance(kind, of), item, narrowed)
        case "bool", [value] if _is_builtin(test.function, item):
            return assume(value, holds, item, narrowed)
        case _:
            return narrowed


def _asked_for(kind: Type, of: Type) -> Type:
    """Of a value whose class a program asks for; Unknown where a record is asked whether it is a dict.

    An agent's tools, and functions that Python calls, may get a dict where they say that they take a record.
    """
    left = narrow.instance(kind, of)
    is_dict = left is types.NEVER and isinstance(of, types.Dict)
    return types.UNKNOWN if is_dict and isinstance(kind, types.Record) else left


def _is_builtin(name: syntax.Name, item: Draft) -> bool:
    symbol = item.symbol_of(name)
    return symbol is not None and symbol.kind == "builtin"


def class_of(node: syntax.Expression, item: Draft) -> Type:
    """The type whose instances `isinstance` asks for; Unknown where that cannot be told."""
    if isinstance(node, syntax.Tuple | syntax.List):
        return types.union(*(class_of(each, item) for each in node.elements))
    if isinstance(node, syntax.Constant) and node.value is None:
        return types.NONE
    return named(item.type_of(node)) or types.UNKNOWN


def _is_type_call(node: syntax.Expression) -> bool:
    return (
        isinstance(node, syntax.Call)
        and isinstance(node.function, syntax.Name)
        and node.function.text == "type"
        and len(node.arguments) == 1
    )


def _of_exact_class(
    call: syntax.Expression, of: syntax.Expression, item: Draft, narrowed: Narrowed
) -> Narrowed | None:
    """`type(x) is str`"""
    assert isinstance(call, syntax.Call)
    wanted = class_of(of, item)
    return _narrow(call.arguments[0].value, lambda kind: narrow.instance(kind, wanted), item, narrowed)


# --- paths ----------------------------------------------------------------------------------------------


def _narrow(node: syntax.Expression, look: narrow.Narrow, item: Draft, narrowed: Narrowed) -> Narrowed | None:
    """What is known when a test of a path has left less of its type."""
    if not isinstance(node, _PATHS):
        return narrowed
    path = path_of(node) if narrowed else ""
    if path is None:
        return narrowed
    kind = narrowed.get(path)
    if kind is None:
        kind = _type_of(node, item)
    left = look(kind)
    if left is kind:
        return narrowed
    path = path or path_of(node)
    if path is None:
        return narrowed
    if left is types.NEVER:
        return None
    known = {**narrowed, path: left}
    return _told_apart(node, look, item, known) if isinstance(node, syntax.Attribute) else known


_PATHS = (syntax.Name, syntax.Attribute, syntax.Subscript)


def _type_of(node: syntax.Expression, item: Draft) -> Type:
    """The type of a path; a constant of the file is a switch, which somebody sets to another value."""
    kind = item.type_of(node)
    if isinstance(node, syntax.Name) and isinstance(kind, types.Literals):
        symbol = item.symbol_of(node)
        if symbol is not None and symbol.kind in ("constant", "imported"):
            return widened(kind)
    return kind


def _told_apart(
    node: syntax.Attribute, look: narrow.Narrow, item: Draft, narrowed: Narrowed
) -> Narrowed | None:
    """Of a union of records, those whose attribute can come out so."""
    owner = path_of(node.value)
    if owner is None:
        return narrowed
    kind = narrowed.get(owner)
    if kind is None:
        kind = item.type_of(node.value)
    if not isinstance(kind, types.Union):
        return narrowed
    left = [each for each in kind.options if _can_be(each, node.name.text, look)]
    if len(left) == len(kind.options):
        return narrowed
    return {**narrowed, owner: types.union(*left)} if left else None


def _can_be(kind: Type, name: str, look: Callable[[Type], Type]) -> bool:
    symbol = member(kind, name)
    return symbol is None or symbol.type is types.NEVER or look(symbol.type) is not types.NEVER
