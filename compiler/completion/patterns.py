"""Completion in the patterns of a `case`: the values that the subject can have, and classes to match."""

from __future__ import annotations

from collections.abc import Iterator

from .. import types
from . import items
from .context import Context
from .items import Completion


def pattern_items(context: Context) -> Iterator[Completion]:
    """What a pattern may be, besides a name that is made up."""
    yield from items.values(context.expected, context.replaced, items.EXPECTED)
    for found in context.names.values():
        if isinstance(found.type, types.TypeForm) and _can_be_matched(found.type.type):
            rank = items.NEAR if found.kind not in ("builtin", "runtime") else None
            yield items.symbol(found, context.replaced, rank)


def _can_be_matched(kind: types.Type) -> bool:
    return isinstance(kind, types.Record | types.Enum | types.Builtin)
