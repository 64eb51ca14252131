"""Links: the files that a text names, in imports and as the sources of datasets."""

from __future__ import annotations

import os.path
from collections.abc import Iterator

from msgspec import Struct

from ...grammar import syntax
from ...grammar.source import Span
from ..analysis import FileAnalysis
from ..program import Item


class Link(Struct, frozen=True):
    """A range of the file, and the path that it names."""

    span: Span
    path: str


def links(analysis: FileAnalysis) -> Iterator[Link]:
    """What leads to another file of the project."""
    for item in analysis.program.items:
        yield from _of_import(item)
        yield from links_of(analysis, item)


def links_of(analysis: FileAnalysis, item: Item) -> Iterator[Link]:
    """The texts of an item that name data or a model beside the file."""
    folder = os.path.dirname(analysis.path)
    for node in item.nodes(syntax.String) if item.facts.data else ():
        found = item.data_of(node)
        if found is not None and not found.is_missing and "://" not in node.value:
            named = node.value.removeprefix("gguf/")
            yield Link(item.at(node), os.path.normpath(os.path.join(folder, named)))


def _of_import(item: Item) -> Iterator[Link]:
    target, declaration = item.target, item.declaration
    if target is None or not target.path or not isinstance(declaration, syntax.FromImport | syntax.Import):
        return
    if declaration.module:
        first, last = declaration.module[0], declaration.module[-1]
        yield Link(Span(first.span.start, last.span.end).shifted(item.start), target.path)
