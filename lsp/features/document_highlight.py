"""Document highlights: where the name at the cursor stands in its file."""

from __future__ import annotations

from ...compiler.analysis import FileAnalysis
from .. import convert
from ..protocol import DocumentHighlight, DocumentHighlightKind, PositionParams
from ..session import Server
from .handler import about_position


def _document_highlight(
    server: Server, analysis: FileAnalysis, offset: int, _params: PositionParams
) -> list[DocumentHighlight]:
    """The places of the name at the cursor; where it is declared, it is written."""
    return [
        DocumentHighlight(
            convert.range_of(each.source, each.span, server.encoding),
            DocumentHighlightKind.WRITE if each.is_declaration else DocumentHighlightKind.READ,
        )
        for each in server.files.mentions(analysis.path, offset, [analysis.path])
    ]


HANDLERS = {"textDocument/documentHighlight": about_position(_document_highlight, PositionParams)}
CAPABILITIES = {"documentHighlightProvider": True}
