"""Definition, declaration and type definition: where a name or its type is declared, in any file."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING

from ...compiler.analysis import FileAnalysis
from ...grammar.source import Span
from .. import convert
from ..protocol import Location, Position, PositionParams, Range
from ..session import Server
from .handler import about_position

if TYPE_CHECKING:
    from ...compiler.types import Place


def _definition(
    server: Server, analysis: FileAnalysis, offset: int, _params: PositionParams
) -> Location | None:
    """The declaration of the name at the cursor."""
    from ...compiler.query.definition import definition

    return _location(server, definition(analysis, offset))


def _type_definition(
    server: Server, analysis: FileAnalysis, offset: int, _params: PositionParams
) -> Location | None:
    """The declaration of the type of what stands at the cursor: a record, an enumeration, a signature."""
    from ...compiler.query.definition import type_definition

    return _location(server, type_definition(analysis, offset))


def _location(server: Server, place: Place | None) -> Location | None:
    if place is None:
        return None
    uri, source = convert.uri_of(place.path), server.files.source(place.path)
    if source is None:
        # Data need not be text, and may be too large to be read; its beginning is there all the same.
        is_there = place.span is None and os.path.isfile(place.path)
        return Location(uri, Range(Position(0, 0), Position(0, 0))) if is_there else None
    span = place.span
    if span is None:
        start = source.line_span(min(place.line or 0, source.line_count - 1)).start
        span = Span(start, start)
    return Location(uri, convert.range_of(source, span, server.encoding))


HANDLERS = {
    "textDocument/definition": about_position(_definition, PositionParams),
    "textDocument/declaration": about_position(_definition, PositionParams),
    "textDocument/typeDefinition": about_position(_type_definition, PositionParams),
}
CAPABILITIES = {"definitionProvider": True, "declarationProvider": True, "typeDefinitionProvider": True}
