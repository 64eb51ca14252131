"""Where the rows of a dataset are written out: in its declaration, or in a constant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...resolve.data import FIRST, arguments_of
from .steps import steps

_DEEPEST = 20
"""How many names lead from the use of a dataset to its rows at most."""


class WrittenRows(Struct, frozen=True):
    """Rows that are written out, and what their columns are called where they are used."""

    item: Item
    """Where they stand."""
    node: syntax.List | syntax.Comprehension
    """The list, or what makes it."""
    keys: Mapping[str, str]
    """The keys of columns that have another name where they are used, by that name."""

    @property
    def rows(self) -> Iterator[syntax.Dict]:
        """The rows that are dicts; of a comprehension the one that it repeats."""
        node = self.node
        for each in node.elements if isinstance(node, syntax.List) else (node.element,):
            if isinstance(each, syntax.Dict):
                yield each


def source_of(item: Item, node: syntax.Call) -> syntax.Expression | None:
    """What gives `Dataset(…)` its rows; None for another call."""
    made = item.type_of(node.function)
    if isinstance(made, types.Class) and made.definition.is_a("Dataset"):
        return arguments_of(node.arguments).get(FIRST)
    return None


def rows_behind(
    program: Program, item: Item, node: syntax.Expression, depth: int = 0
) -> Iterator[WrittenRows]:
    """The rows that are written out and that a dataset has, as far as that can be said."""
    if depth > _DEEPEST:
        return
    match node:
        case syntax.List() | syntax.Comprehension():
            yield WrittenRows(item, node, {})
        case syntax.Name():
            owner = owner_of(program, item, node)
            value = _value(owner) if owner is not None else None
            if owner is not None and value is not None:
                yield from rows_behind(program, owner, value, depth + 1)
        case syntax.Subscript(value=value, index=syntax.Slice()):
            yield from rows_behind(program, item, value, depth + 1)
        case syntax.Binary(left=left, operator="+", right=right):
            yield from rows_behind(program, item, left, depth + 1)
            yield from rows_behind(program, item, right, depth + 1)
        case syntax.Call(function=function):
            source = source_of(item, node)
            if source is None and isinstance(function, syntax.Attribute):
                source = function.value if _is_dataset(item, function.value) else None
            if source is not None:
                for each in rows_behind(program, item, source, depth + 1):
                    yield from _behind_steps(item, node, each)


def owner_of(program: Program, item: Item, node: syntax.Name) -> Item | None:
    """The item of this file that declares a name; None for names of bodies and of other files."""
    own = program.symbols.get(node.text)
    if own is None or item.symbol_of(node) is not own:
        return None
    owner = program.item(own.item)
    return owner if owner is not None and not owner.broken else None


def _is_dataset(item: Item, node: syntax.Expression) -> bool:
    return isinstance(item.type_of(node), types.Dataset)


def _value(owner: Item) -> syntax.Expression | None:
    match owner.declaration:
        case syntax.ConstantDeclaration(value=value) | syntax.ValueDeclaration(kind="dataset", value=value):
            return value
        case _:
            return None


def _behind_steps(item: Item, node: syntax.Call, rows: WrittenRows) -> Iterator[WrittenRows]:
    keys = dict(rows.keys)
    for name, given, _ in steps(item, node):
        if name == "map":
            return
        if name in ("rename", "copy") and isinstance(given, syntax.Dict):
            renamed = {
                each.value.value: keys.get(each.key.value, each.key.value)
                for each in given.entries
                if isinstance(each.key, syntax.String) and isinstance(each.value, syntax.String)
            }
            if name == "rename":
                moved = {each.key.value for each in given.entries if isinstance(each.key, syntax.String)}
                keys = {new: old for new, old in keys.items() if new not in moved} | dict.fromkeys(moved, "")
            keys |= renamed
    yield WrittenRows(rows.item, rows.node, keys)
