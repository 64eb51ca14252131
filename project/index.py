"""What the files of a workspace declare and name, and which of them depend on which.

Kept by file, and in a file by declaration: a file is looked at again when its analysis is another one than
before, a declaration when its text or what it reads has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from ..base.cancellation import check_cancelled
from ..base.span import Span
from ..compiler.query import at
from ..compiler.query.definition import definition
from ..compiler.query.symbols import OutlineEntry, outline
from ..grammar import syntax

if TYPE_CHECKING:
    from ..compiler.analysis import FileAnalysis
    from ..compiler.program import Item
    from ..compiler.types import Place
    from ..grammar.source import Source
    from .workspace import Workspace

_Spot: TypeAlias = tuple[str, Span | None]
"""A file, and the range of a name in it; without one, the file itself."""


class Declaration(Struct, frozen=True):
    """A declaration, or a field, member, part or parameter in one."""

    path: str
    source: Source
    entry: OutlineEntry
    inside: str | None
    """The name of the declaration around."""


class Mention(Struct, frozen=True):
    """A name where it is written."""

    path: str
    source: Source
    span: Span
    is_declaration: bool
    """Whether it is the name that is declared there."""


class Index:
    """The declarations and names of the files of a workspace."""

    def __init__(self, files: Workspace) -> None:
        self.files = files
        self._outlines: dict[str, tuple[FileAnalysis, tuple[OutlineEntry, ...]]] = {}

    def keep_only(self, paths: set[str]) -> None:
        """Let go of what is known of other files."""
        self._outlines = {path: each for path, each in self._outlines.items() if path in paths}

    # --- declarations -----------------------------------------------------------------------------------

    def declarations(self, paths: Iterable[str]) -> Iterator[Declaration]:
        """What the files declare, in their order, a declaration before what is in it."""
        for path in paths:
            check_cancelled()
            analysis = self._analysis(path)
            if analysis is not None:
                yield from _flat(path, analysis.source, self._outline(analysis), None)

    def _outline(self, analysis: FileAnalysis) -> tuple[OutlineEntry, ...]:
        kept = self._outlines.get(analysis.path)
        if kept is None or kept[0] is not analysis:
            kept = self._outlines[analysis.path] = (analysis, outline(analysis))
        return kept[1]

    # --- names ------------------------------------------------------------------------------------------

    def mentions(self, path: str, offset: int, paths: Iterable[str]) -> list[Mention]:
        """Where the name at an offset of a file stands in these files, whatever each calls it."""
        analysis = self._analysis(path)
        named = _named(analysis, offset) if analysis is not None else None
        place = definition(analysis, offset) if analysis is not None else None
        if named is None or place is None:
            return []
        wanted, every = _spot(place), list(paths)
        names: set[str] = set()
        found: dict[_Spot, Mention] = {}
        new = {named} | self._declared_name(place)
        while new:
            names |= new
            new = set()
            for each in every:
                check_cancelled()
                for name, mention in self._in_file(each, wanted, names):
                    found.setdefault((mention.path, mention.span), mention)
                    # Under another name, too: `from shop import Order as Purchase`.
                    new |= {name} - names
        return sorted(found.values(), key=lambda each: (each.path, each.span))

    def _declared_name(self, place: Place) -> set[str]:
        """What a name is called where it is declared."""
        span = place.span
        source = self.files.source(place.path) if span is not None else None
        return set() if source is None or span is None else {source.text[span.start : span.end]}

    def _in_file(self, path: str, wanted: _Spot, names: set[str]) -> Iterator[tuple[str, Mention]]:
        text = self.files.disk.read(path)
        if text is None or not any(name in text for name in names):
            return
        analysis = self._analysis(path)
        if analysis is None:
            return
        for item in analysis.program.items:
            if not any(name in item.text for name in names):
                continue
            written = _written(item)
            for name in (names | _aliases(item, names)) & written.keys():
                for start in written[name]:
                    place = definition(analysis, item.start + start)
                    if place is not None and _spot(place) == wanted:
                        span = Span(item.start + start, item.start + start + len(name))
                        is_declaration = (path, span) == wanted
                        yield name, Mention(path, analysis.source, span, is_declaration)

    def _analysis(self, path: str) -> FileAnalysis | None:
        try:
            return self.files.analyse(path)
        except FileNotFoundError:
            return None


def _flat(
    path: str, source: Source, entries: Iterable[OutlineEntry], inside: str | None
) -> Iterator[Declaration]:
    for entry in entries:
        yield Declaration(path, source, entry, inside)
        yield from _flat(path, source, entry.children, entry.name)


def _spot(place: Place) -> _Spot:
    return (place.path, place.span)


def _named(analysis: FileAnalysis, offset: int) -> str | None:
    """The name at an offset."""
    found = at.find(analysis, offset)
    node = found.node if found is not None else None
    return node.text if isinstance(node, syntax.Name | syntax.Identifier) and node.text else None


def _written(item: Item) -> Mapping[str, tuple[int, ...]]:
    """Where each name stands in an item, counted from its start; remembered with the item."""
    known: Mapping[str, tuple[int, ...]] | None = item.memory.get(_written)
    if known is None:
        found: dict[str, tuple[int, ...]] = {}
        for node in at.nodes(item):
            if isinstance(node, syntax.Name | syntax.Identifier) and node.text:
                found[node.text] = (*found.get(node.text, ()), node.span.start)
        known = item.memory[_written] = found
    return known


def _aliases(item: Item, names: set[str]) -> set[str]:
    """What an import calls these names in its file."""
    match item.declaration:
        case syntax.FromImport(names=imported):
            return {
                each.alias.text for each in imported if each.alias is not None and each.name.text in names
            }
        case _:
            return set()
