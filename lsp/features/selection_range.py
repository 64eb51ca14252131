"""Selection ranges: what a selection grows to, from the name at the cursor to the declaration."""

from __future__ import annotations

from ...compiler.analysis import FileAnalysis
from .. import convert
from ..protocol import Position, SelectionRange, SelectionRangeParams
from ..session import Server
from .handler import about_file


def _selection_range(
    server: Server, analysis: FileAnalysis, params: SelectionRangeParams
) -> list[SelectionRange]:
    """For each position, the ranges around it from the inside out."""
    return [_around(server, analysis, each) for each in params.positions]


def _around(server: Server, analysis: FileAnalysis, position: Position) -> SelectionRange:
    from ...compiler.query.at import find
    from ...grammar.source import Span

    source = analysis.source
    offset = convert.offset(source, position, server.encoding)
    found = find(analysis, offset)
    spans = [Span(0, len(source.text))]
    for node in found.path if found is not None else ():
        span = found.span(node) if found is not None else spans[-1]
        if span != spans[-1] and span.start >= spans[-1].start and span.end <= spans[-1].end:
            spans.append(span)
    if not spans[-1].contains(offset):
        spans = [Span(offset, offset)]
    made: SelectionRange | None = None
    for span in spans:
        made = SelectionRange(convert.range_of(source, span, server.encoding), made)
    assert made is not None
    return made


HANDLERS = {"textDocument/selectionRange": about_file(_selection_range, SelectionRangeParams)}
CAPABILITIES = {"selectionRangeProvider": True}
