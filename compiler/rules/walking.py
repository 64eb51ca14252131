"""The one walk over the nodes of an item, and memory for what is gathered from items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TypeVar

from ...grammar import syntax
from ..program import Item
from ..trees import walk

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
