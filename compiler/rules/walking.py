"""The one walk over the nodes of an item, and memory for what is gathered from items."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

from ...grammar import syntax
from .. import types
from ..program import Item
from ..trees import by_class, walk

T = TypeVar("T")


def remembered(gather: Callable[[Item], T]) -> Callable[[Item], T]:
    """The function, with what it gathers from an item kept for as long as the item.

    Rules about files gather from every item what they put together: an edit makes one item new, and only
    that one is gathered from again.
    """

    @wraps(gather)
    def look_up(item: Item) -> T:
        if gather not in item.memory:
            item.memory[gather] = gather(item)
        found: T = item.memory[gather]
        return found

    return look_up


def is_broken(item: Item) -> bool:
    """Whether an item has syntax problems."""
    return item.broken


class Construction(syntax.Call, frozen=True, gc=False):
    """What a rule names to look at those calls only that make an object of the runtime's or of Python's.

    There is no such node. Most calls of a body are of other things, and most rules about calls look at
    constructions: so these are found once for all of them.
    """


class DatasetCall(syntax.Call, frozen=True, gc=False):
    """What a rule names to look at those calls only that give a dataset; there is no such node."""


def nodes_by_class(item: Item) -> Mapping[type, Sequence[Any]]:
    """The nodes of an item by what rules call them: their classes, and the kinds of calls above.

    The fields of signatures in strings are among them.
    """
    found = by_class(nodes_of(item)) if item.string_by_node else item.nodes_by_class()
    calls = found.get(syntax.Call)
    if calls is None:
        return found
    constructions = [each for each in calls if _is_construction(item, each)]
    datasets = [each for each in calls if item.type_of(each).__class__ is types.Dataset]
    return {**found, Construction: constructions, DatasetCall: datasets}


def _is_construction(item: Item, node: syntax.Call) -> bool:
    return (
        item.type_of(node.function).__class__ is types.Class or item.type_of(node).__class__ is types.Instance
    )


@remembered
def nodes_of(item: Item) -> Sequence[syntax.Node]:
    """All nodes of an item in the order of the text, the fields of signatures in strings among them."""
    nodes = item.all_nodes()
    if not item.string_by_node:
        return nodes
    found: list[syntax.Node] = []
    for node in nodes:
        found.append(node)
        string = item.signature_string(node) if isinstance(node, syntax.String) else None
        for field in string.fields if string is not None else ():
            found += walk(field)
    return found
