"""Values that are unpacked into too many or too few names, or have nothing to unpack."""

from __future__ import annotations

from typing import TypeAlias, get_args

from ....base.span import Span
from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...types import Type
from ...types.assignable import iterated, may_be_pair
from ..rule import Findings, insert, replace, rule, written
from ..words import described

_Unpacking: TypeAlias = syntax.Assign | syntax.For | syntax.ComprehensionClause | syntax.ValueDeclaration
_UNPACKING: tuple[type[syntax.Node], ...] = get_args(_Unpacking)


@rule("E236", "wrong-unpacking", *_UNPACKING, fix="sometimes")
def wrong_unpacking(program: Program, item: Item, node: _Unpacking) -> Findings:
    """A value is unpacked into a different number of names than it has items.

    ```dspy
    def label(pair: tuple[str, float]) -> str:
        name, score, rank = pair
    #   ^^^^^^^^^^^^^^^^^ E236 3 names for 2 values
        return f"{rank}. {name}: {score}"
    ```

    ```dspy
    def label(pair: tuple[str, float], rank: int) -> str:
        name, score = pair
        return f"{rank}. {name}: {score}"
    ```
    """
    if isinstance(node, syntax.ValueDeclaration):
        found, names = _length(item.type_of(node.value)), node.names
        if len(names) > 1 and found is not None and found != len(names):
            place = Span(names[0].span.start, names[-1].span.end)
            words = f"{_counted(len(names), 'name')} for {_counted(found, 'value')}"
            yield wrong_unpacking.at(place, words)
        return
    target = node.target
    if not isinstance(target, syntax.Tuple | syntax.List):
        return
    if isinstance(node, syntax.Assign):
        yield from _unpacked(item, target, item.type_of(node.value), node.value)
        return
    holder = item.type_of(node.iterable)
    each = iterated(holder)
    if each is None:
        return
    if isinstance(holder, types.Dict) and not may_be_pair(each) and len(target.elements) == 2:
        text = written(item, node.iterable)
        fix = insert("Write `.items()`", node.iterable.span.end, ".items()")
        words = f"a loop over a dict gives its keys; write `{text}.items()` for keys and values"
        yield wrong_unpacking.at(node.iterable, words, fix=fix if _binds_tightly(node.iterable) else None)
    else:
        yield from _unpacked(item, target, each, None, node.iterable)


def _unpacked(
    item: Item,
    target: syntax.Tuple | syntax.List,
    kind: Type,
    value: syntax.Expression | None,
    loop: syntax.Expression | None = None,
) -> Findings:
    starred = sum(isinstance(each, syntax.Starred) for each in target.elements)
    count = len(target.elements) - starred
    found = _length(kind)
    if isinstance(value, syntax.List | syntax.Tuple) and not any(
        isinstance(each, syntax.Starred) for each in value.elements
    ):
        found = len(value.elements)
    if found is not None:
        if found < count or (found > count and not starred):
            yield wrong_unpacking.at(target, f"{_counted(count, 'name')} for {_counted(found, 'value')}")
        return
    if isinstance(kind, types.Prediction | types.Record) and not kind.interface.open:
        fields = kind.interface.outputs if isinstance(kind, types.Prediction) else kind.interface.fields
        help_ = f"take its fields by name, such as `.{fields[0].name}`" if fields else None
        shown = "a prediction" if isinstance(kind, types.Prediction) else described(kind)
        yield wrong_unpacking.at(target, f"cannot unpack {shown}", help_)
    elif isinstance(kind, types.Builtin) and kind.name in ("int", "float", "bool"):
        yield wrong_unpacking.at(target, f"cannot unpack {described(kind)}")
    elif kind == types.STR and loop is not None and _counts(target):
        text = written(item, loop)
        words = f"each item of `{text}` is a text; write `enumerate({text})` for its position as well"
        fix = replace("Write `enumerate(…)`", loop, f"enumerate({text})")
        yield wrong_unpacking.at(target, words, fix=fix)


_POSITIONS = frozenset({"i", "j", "n", "idx", "ix", "index", "number", "position"})
"""Names of what a loop counts."""


def _counts(target: syntax.Tuple | syntax.List) -> bool:
    """`for i, word in words`: whether the names say that a position is meant.

    Others may be meant for the characters of texts: `for row, column in squares`.
    """
    names = [each.text if isinstance(each, syntax.Name) else "" for each in target.elements]
    are_positions = [each in _POSITIONS or each.endswith(("_index", "_number")) for each in names]
    return are_positions == [True, False] and (len(names[1]) > 1 or names[0] == "i")


def _length(kind: Type) -> int | None:
    return len(kind.items) if isinstance(kind, types.Tuple) and kind.rest is None else None


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _binds_tightly(node: syntax.Expression) -> bool:
    return isinstance(node, syntax.Name | syntax.Attribute | syntax.Call | syntax.Subscript)


@rule("W109", "empty-slice", syntax.Slice, fix="sometimes", severity="warning")
def empty_slice(program: Program, item: Item, node: syntax.Slice) -> Findings:
    """A slice ends at or before its start, so it is always empty.

    ```dspy
    def best(answers: list[str]) -> list[str]:
        return answers[3:0]
    #                  ^^^ W109 this slice is always empty
    ```

    ```dspy
    def best(answers: list[str]) -> list[str]:
        return answers[0:3]
    ```
    """
    lower, upper, step = (_number(each) for each in (node.lower, node.upper, node.step))
    if (node.step is not None and (step is None or step <= 0)) or (upper is None):
        return
    start = 0 if node.lower is None else lower
    if start is None:
        return
    if upper == 0 or (start >= upper and (start < 0) == (upper < 0)):
        fix = None
        if node.lower is not None and node.upper is not None and node.step is None and start != upper:
            text = f"{written(item, node.upper)}:{written(item, node.lower)}"
            fix = replace(f"Write `{text}`", node, text)
        yield empty_slice.at(node, "this slice is always empty", fix=fix)


def _number(node: syntax.Expression | None) -> int | None:
    match node:
        case syntax.Constant(value=int() as value) if not isinstance(value, bool):
            return value
        case syntax.Unary(operator="-", operand=syntax.Constant(value=int() as value)):
            return -value
        case _:
            return None
