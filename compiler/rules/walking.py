"""The one walk over the nodes of an item, and memory for what is gathered from items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TypeVar

from ...grammar import syntax
from ..program import Item, children

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
    if item.declaration is None:
        return ()
    found: list[syntax.Node] = []
    waiting: list[syntax.Node] = [item.declaration]
    while waiting:
        node = waiting.pop()
        found.append(node)
        beneath = children(node)
        if isinstance(node, syntax.String):
            string = item.signature_string(node)
            beneath = string.fields if string is not None else ()
        if beneath:
            waiting += reversed(beneath)
    return found
