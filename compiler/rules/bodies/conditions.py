"""What a condition that has come out says, and when a loop over a value has a turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from ....grammar import syntax
from ... import types
from ...program import Item
from ..rule import written as text_of

Test: TypeAlias = tuple[str, bool]
"""A condition as it is written, and how it came out."""


def facts_of(item: Item, test: syntax.Expression, holds: bool) -> tuple[Test, ...]:
    """What a condition says, and what follows from it: what counts as true is not `None`."""
    fact = fact_of(item, test, holds)
    if fact[1] and isinstance(test, syntax.Name | syntax.Attribute):
        return fact, (f"{fact[0]} is None", False)
    return (fact,)


_OPPOSITES = {"is not": "is", "!=": "==", "not in": "in", ">=": "<", "<=": ">"}
"""An operator with the one that holds where it does not."""


def fact_of(item: Item, node: syntax.Expression, holds: bool) -> Test:
    """What a condition says; that a collection has items is the condition `xs`, however it is written."""
    match node:
        case syntax.Unary(operator="not", operand=operand):
            return fact_of(item, operand, not holds)
        case syntax.Call(
            function=syntax.Name(text="len"), arguments=(syntax.Argument(name=None, value=value),)
        ):
            return fact_of(item, value, holds)
        case syntax.Comparison(
            left=syntax.Call(function=syntax.Name(text="len")) as length,
            operators=(operator,),
            rights=(syntax.Constant(value=number),),
        ) if (operator, number) in _HAS_ITEMS:
            return fact_of(item, length, holds is _HAS_ITEMS[operator, number])
        case syntax.Comparison(left=left, operators=(operator,), rights=(right,)):
            opposite = _OPPOSITES.get(operator, operator)
            text = f"{text_of(item, left)} {opposite} {text_of(item, right)}"
            return text, holds is (opposite == operator)
        case _:
            return (text_of(item, node), holds)


_HAS_ITEMS: Mapping[tuple[str, object], bool] = {
    (">", 0): True,
    (">=", 1): True,
    ("!=", 0): True,
    ("==", 0): False,
    ("<", 1): False,
    ("<=", 0): False,
}
"""What comparisons of a length say about there being items."""


def has_items(item: Item, node: syntax.Expression, known: frozenset[Test]) -> bool:
    """Whether a loop over a value has at least one turn."""
    if (text_of(item, node), True) in known:
        return True
    match node:
        case syntax.List(elements=elements) | syntax.Tuple(elements=elements) | syntax.Set(elements=elements):
            return any(not isinstance(each, syntax.Starred) for each in elements)
        case syntax.Dict(entries=entries):
            return any(each.key is not None for each in entries)
        case syntax.String(value=text):
            return bool(text)
        case syntax.Call(function=syntax.Name(text="range"), arguments=(last,)):
            return _least(item, last.value) > 0
        case syntax.Call(function=syntax.Name(text="range"), arguments=(first, last)):
            return _most(item, first.value) < _least(item, last.value)
        case syntax.Call(
            function=syntax.Name(text="enumerate" | "reversed" | "sorted" | "list" | "tuple" | "set"),
            arguments=(inner, *_),
        ):
            return has_items(item, inner.value, known)
        case syntax.Call(
            function=syntax.Attribute(value=owner, name=syntax.Identifier(text="items" | "keys" | "values")),
            arguments=(),
        ):
            return has_items(item, owner, known)
        case _:
            kind = item.type_of(node)
            if isinstance(kind, types.TypeForm) and isinstance(kind.type, types.Enum):
                return bool(kind.type.members)
            return isinstance(kind, types.Tuple) and bool(kind.items)


def _least(item: Item, node: syntax.Expression) -> float:
    return min(_numbers(item, node), default=float("-inf"))


def _most(item: Item, node: syntax.Expression) -> float:
    return max(_numbers(item, node), default=float("inf"))


def _numbers(item: Item, node: syntax.Expression) -> list[int]:
    kind = item.type_of(node)
    values = kind.values if isinstance(kind, types.Literals) else ()
    found = [each for each in values if isinstance(each, int)]
    return found if len(found) == len(values) else []
