"""The program that the cells of a notebook make together, and where each piece of it comes from."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from ..base.diagnostic import Diagnostic
from ..base.span import Span
from ..grammar import syntax
from ..grammar.parse import Item, parse
from ..grammar.source import Source


class Chunk(Struct, frozen=True):
    """An item that some cell has declared; joined, the chunks are the program."""

    cell: int
    """The number of the cell, counted up with each one that runs."""
    start: int
    """Where the item stands in its cell; -1 where it has been written anew."""
    text: str
    names: frozenset[str]
    """What it declares; for what has no name, what it is: `configure`, the title of a test."""
    is_head: bool
    """Whether it belongs before other declarations: an import, the docstring."""
    import_of: str = ""
    """What a `from … import` imports from, up to the names."""


class Program(Struct, frozen=True):
    """What the cells that have run declare."""

    chunks: tuple[Chunk, ...] = ()

    @property
    def text(self) -> str:
        """The program as a file."""
        return "".join(chunk.text for chunk in self.chunks)

    def with_cell(self, number: int, text: str) -> Program:
        """The program when a cell has run: what it declares replaces what had the same name.

        Args:
            number: the number of the cell.
            text: what it holds.
        """
        new = tuple(_chunks(number, text))
        names = frozenset(name for chunk in new for name in chunk.names)
        old = tuple(left for chunk in self.chunks if (left := _without(chunk, names)) is not None)
        heads = [chunk for chunk in (*old, *new) if chunk.is_head]
        docstrings = [chunk for chunk in heads if chunk.names == _DOCSTRING]
        imports = [chunk for chunk in heads if chunk.names != _DOCSTRING]
        others = [chunk for chunk in (*old, *new) if not chunk.is_head]
        return Program((*docstrings, *imports, *others))

    def lines_of(self, number: int) -> frozenset[int]:
        """The lines of the program that a cell has written, counted from 1."""
        found: set[int] = set()
        line = 1
        for chunk in self.chunks:
            lines = chunk.text.count("\n")
            if chunk.cell == number:
                found |= set(range(line, line + lines))
            line += lines
        return frozenset(found)

    def names_of(self, number: int) -> list[str]:
        """What a cell declares, in its order."""
        return [name for chunk in self.chunks if chunk.cell == number for name in sorted(chunk.names)]

    def placed(self, found: Diagnostic) -> tuple[int, Diagnostic | None]:
        """The cell that a finding is about, and the finding as that cell counts, or None where the piece is
        not written in a cell like that."""
        offset = 0
        for chunk in self.chunks:
            end = offset + len(chunk.text)
            if offset <= found.span.start < end or chunk is self.chunks[-1]:
                if chunk.start < 0:
                    return chunk.cell, None
                return chunk.cell, _moved(found, chunk.start - offset, Span(offset, end))
            offset = end
        return 0, None


_DOCSTRING = frozenset({"the docstring"})


def _moved(found: Diagnostic, by: int, inside: Span) -> Diagnostic:
    """A finding shifted into its cell, without the labels and fixes that lie in other cells."""
    labels = tuple(each for each in found.labels if each.path is not None or inside.contains(each.span.start))
    fixes = tuple(fix for fix in found.fixes if all(inside.contains(edit.span.start) for edit in fix.edits))
    kept = Diagnostic(
        found.code, found.name, found.severity, found.span, found.message, labels, found.help, fixes
    )
    return kept.shifted(by)


def _chunks(number: int, text: str) -> Iterator[Chunk]:
    for item in parse(Source("cell.dspy", text)).items:
        declaration = item.declaration
        is_import = isinstance(declaration, syntax.FromImport | syntax.Import)
        is_head = is_import or isinstance(declaration, syntax.FileDocstring)
        import_of = ""
        if isinstance(declaration, syntax.FromImport) and declaration.names:
            import_of = item.text[: declaration.names[0].span.start].rstrip(" (\n\t")
        ends = item.text if item.text.endswith("\n") else item.text + "\n"
        yield Chunk(number, item.start, ends, _names(item), is_head, import_of)


def _names(item: Item) -> frozenset[str]:
    from ..compiler.trees import declared_names

    match item.declaration:
        case syntax.FileDocstring():
            return _DOCSTRING
        case syntax.ConfigureDeclaration():
            return frozenset({"configure(…)"})
        case syntax.TestDeclaration(title=title):
            return frozenset({f"test {title.value}"})
        case declaration:
            return frozenset(name.text for name in declared_names(declaration) if name.text)


def _without(chunk: Chunk, names: frozenset[str]) -> Chunk | None:
    """What is left of a chunk when others declare some names; nothing of most."""
    left = chunk.names - names
    if left == chunk.names:
        return chunk
    if not left or not chunk.import_of:
        return None
    declaration = parse(Source("cell.dspy", chunk.text)).items[0].declaration
    assert isinstance(declaration, syntax.FromImport)
    kept = [
        chunk.text[each.span.start : each.span.end]
        for each in declaration.names
        if (each.alias or each.name).text in left
    ]
    return Chunk(chunk.cell, -1, f"{chunk.import_of} {', '.join(kept)}\n", left, True, chunk.import_of)
