"""Which names of the file an item uses, and how: what the rules about whole files put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from ...grammar import syntax
from ..program import Item
from .walking import nodes_by_class, remembered

_INSIDE = frozenset({"local", "parameter", "part", "input", "output", "field"})
"""What a declaration brings itself."""


class References(Struct, frozen=True):
    """The names from outside of an item that it uses, each with the first node that does."""

    names: Mapping[str, syntax.Name]
    """All of them, those in types too."""
    values: Mapping[str, syntax.Name]
    """Those that stand where a value does."""
    called: frozenset[str]
    """Those that are called."""
    handed_over: frozenset[str]
    """Those that stand as a value without being called, or are called without arguments as an argument."""


@remembered
def references(item: Item) -> References:
    """The names that an item uses."""
    names: dict[str, syntax.Name] = {}
    values: dict[str, syntax.Name] = {}
    callees = {id(call.function) for call in item.nodes(syntax.Call)}
    # `metric=same()`: where nothing is given to it, the function itself is meant.
    instead = {
        id(argument.value.function)
        for call in item.nodes(syntax.Call)
        for argument in call.arguments
        if isinstance(argument.value, syntax.Call) and not argument.value.arguments
    }
    called: set[str] = set()
    handed_over: set[str] = set()
    for node in nodes_by_class(item).get(syntax.Name, ()):
        symbol = item.symbol_of(node)
        if symbol is None or symbol.kind in _INSIDE:
            continue
        names.setdefault(node.text, node)
        if id(node) not in item.annotations:
            values.setdefault(node.text, node)
            (called if id(node) in callees else handed_over).add(node.text)
            if id(node) in instead:
                handed_over.add(node.text)
    return References(names, values, frozenset(called), frozenset(handed_over))


@remembered
def names_used(item: Item) -> frozenset[str]:
    """The names that an item uses, without the places where it does."""
    return frozenset(references(item).names)


@remembered
def names_called(item: Item) -> frozenset[str]:
    """The names that an item calls."""
    return references(item).called


@remembered
def names_handed_over(item: Item) -> frozenset[str]:
    """The names that stand in an item as a value without being called."""
    return references(item).handed_over


def set_of(names: Sequence[frozenset[str]]) -> frozenset[str]:
    """All names of all items."""
    return frozenset().union(*names)
