"""The one walk over the nodes of an item, and memory for what is gathered from items."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

from ...grammar import syntax
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


def nodes_by_class(item: Item) -> Mapping[type, Sequence[Any]]:
    """The nodes of an item by their classes, the fields of signatures in strings among them."""
    return by_class(nodes_of(item)) if item.string_by_node else item.nodes_by_class()


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
