"""Folding: the ranges of a file that an editor can fold away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from ...grammar import syntax
from ...grammar.source import Span
from ..analysis import FileAnalysis
from ..trees import walk

_BLOCKS = (
    syntax.IfBranch,
    syntax.For,
    syntax.Match,
    syntax.Case,
    syntax.Try,
    syntax.ExceptClause,
)
"""Statements with lines of their own beneath them."""
_BRACKETS = (
    syntax.List,
    syntax.Dict,
    syntax.Set,
    syntax.Tuple,
    syntax.Call,
    syntax.Comprehension,
    syntax.Demo,
    syntax.String,
    syntax.FString,
)


class Fold(Struct, frozen=True):
    """A range whose first line stays in sight."""

    span: Span
    kind: Literal["region", "imports", "comment"] = "region"


def folds(analysis: FileAnalysis) -> Iterator[Fold]:
    """What can be folded: declarations, blocks, values in brackets, long strings, imports, comments."""
    imports: list[Span] = []
    for item in analysis.program.items:
        declaration = item.declaration
        if isinstance(declaration, syntax.FromImport | syntax.Import):
            imports.append(item.at(declaration))
            continue
        if imports:
            yield _joined(imports)
            imports = []
        if declaration is None:
            continue
        yield Fold(
            item.at(declaration), "comment" if isinstance(declaration, syntax.FileDocstring) else "region"
        )
        for node in walk(declaration):
            if isinstance(node, _BLOCKS + _BRACKETS):
                yield Fold(item.at(node))
    if imports:
        yield _joined(imports)
    yield from _comments(analysis)


def _joined(imports: list[Span]) -> Fold:
    return Fold(Span(imports[0].start, imports[-1].end), "imports")


def _comments(analysis: FileAnalysis) -> Iterator[Fold]:
    """Comments that take several lines, one below the other."""
    source = analysis.source
    first: int | None = None
    for line in range(source.line_count + 1):
        is_comment = line < source.line_count and source.line_text(line).lstrip().startswith("#")
        if is_comment and first is None:
            first = line
        elif not is_comment and first is not None:
            if line - first > 1:
                yield Fold(Span(source.line_starts[first], source.line_span(line - 1).end), "comment")
            first = None
