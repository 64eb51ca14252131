"""Definition, declaration and type definition: where a name or its type is declared, in any file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...compiler.analysis import FileAnalysis
from ...grammar.source import Span
from .. import convert
from ..protocol import Location, PositionParams
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
    source = None if place is None else server.files.source(place.path)
    if place is None or source is None:
        return None
    span = place.span
    if span is None:
        start = source.line_span(min(place.line or 0, source.line_count - 1)).start
        span = Span(start, start)
    return Location(convert.uri_of(place.path), convert.range_of(source, span, server.encoding))


HANDLERS = {
    "textDocument/definition": about_position(_definition, PositionParams),
    "textDocument/declaration": about_position(_definition, PositionParams),
    "textDocument/typeDefinition": about_position(_type_definition, PositionParams),
}
CAPABILITIES = {"definitionProvider": True, "declarationProvider": True, "typeDefinitionProvider": True}
