"""The one walk over the nodes of an item, and memory for what is gathered from items."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

from ...grammar import syntax
from ..program import Item, children

T = TypeVar("T")


def nodes_of(item: Item) -> Iterator[syntax.Node]:
    """All nodes of an item in the order of the text, the fields of signatures in strings among them."""
    if item.declaration is None:
        return
    waiting: list[syntax.Node] = [item.declaration]
    while waiting:
        node = waiting.pop()
        yield node
        beneath = list(children(node))
        if isinstance(node, syntax.String):
            string = item.signature_string(node)
            beneath += string.fields if string is not None else ()
        waiting += reversed(beneath)


def remembered(gather: Callable[[Item], T]) -> Callable[[Item], T]:
    """The function, with what it gathers from an item kept for as long as the item.

    Rules about files gather from every item what they put together: an edit makes one item new, and only
    that one is gathered from again.
    """
    kept: WeakKeyDictionary[Item, T] = WeakKeyDictionary()

    @wraps(gather)
    def look_up(item: Item) -> T:
        if item not in kept:
            kept[item] = gather(item)
        return kept[item]

    return look_up
