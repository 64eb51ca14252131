"""Definition: where a name is declared, in `.dspy` and in Python files."""

from __future__ import annotations

from ...compiler.analysis import FileAnalysis
from ...grammar.source import Span
from .. import convert
from ..protocol import Location, PositionParams
from ..session import Server
from .handler import about_position


def _definition(
    server: Server, analysis: FileAnalysis, offset: int, _params: PositionParams
) -> Location | None:
    """The declaration of the name at the cursor."""
    from ...compiler.query.definition import definition

    place = definition(analysis, offset)
    source = None if place is None else server.files.source(place.path)
    if place is None or source is None:
        return None
    span = place.span
    if span is None:
        start = source.line_span(min(place.line or 0, source.line_count - 1)).start
        span = Span(start, start)
    return Location(convert.uri_of(place.path), convert.range_of(source, span, server.encoding))


HANDLERS = {"textDocument/definition": about_position(_definition, PositionParams)}
CAPABILITIES = {"definitionProvider": True}
