"""Folding ranges: what can be folded away."""

from __future__ import annotations

from ...compiler.analysis import FileAnalysis
from ..protocol import DocumentParams, FoldingRange
from ..session import Server
from .handler import about_file


def _folding_range(_server: Server, analysis: FileAnalysis, _params: DocumentParams) -> list[FoldingRange]:
    """The ranges of several lines, each line's longest one."""
    from ...compiler.query.folding import folds

    source = analysis.source
    found: dict[int, FoldingRange] = {}
    for fold in folds(analysis):
        start, end = source.line_of(fold.span.start), source.line_of(max(fold.span.start, fold.span.end - 1))
        known = found.get(start)
        if end > start and (known is None or end > known.end_line):
            found[start] = FoldingRange(start, end, None if fold.kind == "region" else fold.kind)
    return [found[line] for line in sorted(found)]


HANDLERS = {"textDocument/foldingRange": about_file(_folding_range)}
CAPABILITIES = {"foldingRangeProvider": True}
