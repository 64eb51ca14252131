"""The item with the marker, resolved among the declarations of its file; nothing else is resolved for it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from ...grammar import syntax
from ..analysis import FileAnalysis
from ..program import CallKind, Item, Program, Symbol
from ..resolve.declarations import complete


def resolve_item(
    analysis: FileAnalysis, start: int, text: str, declaration: syntax.Declaration | None, *, broken: bool
) -> Item:
    """What the nodes of a declaration mean that stands at `start` of a file instead of what is there."""
    items = analysis.program.items
    index = bisect_right(items, start, key=lambda each: each.start) - 1
    item = Item(max(index, 0), start, text, declaration, broken)
    if index >= 0:
        item.target = items[index].target
    complete(_Names(analysis.program.path, analysis.program), item)
    return item


@dataclass
class _Names:
    """The names of a file, as a declaration in it sees them."""

    path: str
    program: Program

    def symbol(self, name: str) -> Symbol | None:
        """What the file declares or imports under a name."""
        return self.program.symbols.get(name)

    def lookup(self, name: str) -> Symbol | None:
        """What a name means at the top of the file."""
        return self.program.lookup(name)

    def read(self, path: str) -> str | None:
        """The text of a file beside this one: none is read while a list is made."""
        return None

    def function_kind(self, name: str) -> CallKind:
        """What calling a `def` of the file runs."""
        return self.program.function_kind(name)
