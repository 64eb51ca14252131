"""Definition: where a name is declared, in `.dspy` and in Python files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from ...compiler.query.definition import definition
from ...grammar.source import Span
from .. import convert

if TYPE_CHECKING:
    from ..session import Server

METHOD = lsp.TEXT_DOCUMENT_DEFINITION
OPTIONS = None


def handle(server: Server, params: lsp.DefinitionParams) -> lsp.Location | None:
    """The declaration of the name at the cursor."""
    analysis = server.files.analysis(params.text_document.uri)
    if analysis is None:
        return None
    place = definition(analysis, convert.offset(analysis.source, params.position, server.encoding))
    source = None if place is None else server.files.source(place.path)
    if place is None or source is None:
        return None
    span = place.span
    if span is None:
        start = source.line_span(min(place.line or 0, source.line_count - 1)).start
        span = Span(start, start)
    return lsp.Location(convert.uri_of(place.path), convert.range_of(source, span, server.encoding))
