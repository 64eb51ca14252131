"""What stands at a place of a file: the item, and the syntax nodes from the outermost to the innermost."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from ...grammar import syntax
from ...grammar.source import Span
from .. import trees
from ..analysis import FileAnalysis
from ..program import Item, Symbol


class Found(Struct, frozen=True):
    """The nodes around an offset, outermost first; never empty."""

    item: Item
    path: tuple[syntax.Node, ...]

    @property
    def node(self) -> syntax.Node:
        """The innermost node."""
        return self.path[-1]

    def span(self, node: syntax.Node) -> Span:
        """The range of a node in the file."""
        return self.item.at(node)

    def parent(self, node: syntax.Node) -> syntax.Node | None:
        """The node around another one of the path."""
        at = next((index for index, each in enumerate(self.path) if each is node), 0)
        return self.path[at - 1] if at > 0 else None


def item_at(analysis: FileAnalysis, offset: int) -> Item | None:
    """The declaration or import that an offset is in, the one before it where none is."""
    found = None
    for item in analysis.program.items:
        if item.start > offset:
            break
        found = item
    return found


def find(analysis: FileAnalysis, offset: int) -> Found | None:
    """The nodes at an offset; right behind a node still counts as being on it."""
    item = item_at(analysis, offset)
    if item is None or item.declaration is None:
        return None
    path: list[syntax.Node] = []
    node: syntax.Node | None = item.declaration
    while node is not None:
        path.append(node)
        node = _child_at(item, node, offset - item.start)
    return Found(item, tuple(path))


def symbol_at(found: Found) -> Symbol | None:
    """What the name at a place stands for."""
    node = found.node
    return found.item.symbol_of(node) if isinstance(node, syntax.Name | syntax.Identifier) else None


def item_of(analysis: FileAnalysis, symbol: Symbol) -> Item | None:
    """The item that declares a name, in this or another file."""
    place = symbol.place
    if place is None or not place.item:
        return None
    program = analysis.program if place.path == analysis.path else analysis.program.beside(place.path)
    return program.item(place.item) if program is not None else None


def nodes(item: Item) -> Iterator[syntax.Node]:
    """All nodes of an item, a node before what is in it; in a string that is a signature, its fields."""
    for node in trees.walk(item.declaration) if item.declaration is not None else ():
        yield node
        signature = item.signature_string(node) if isinstance(node, syntax.String) else None
        for field in signature.fields if signature is not None else ():
            yield from trees.walk(field)


def children(item: Item, node: syntax.Node) -> Iterator[syntax.Node]:
    """The nodes directly in a node; of a string that is a signature, its fields."""
    signature = item.signature_string(node) if isinstance(node, syntax.String) else None
    if signature is not None:
        yield from signature.fields
    yield from trees.children(node)


def _child_at(item: Item, node: syntax.Node, offset: int) -> syntax.Node | None:
    behind = None
    for child in children(item, node):
        if child.span.start <= offset < child.span.end:
            return child
        if child.span.end == offset and child.span.start <= offset:
            behind = child
    return behind
