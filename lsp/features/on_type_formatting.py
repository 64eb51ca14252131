"""Formatting while one types: how far a new line is indented, and where an `else:` belongs."""

from __future__ import annotations

from ...grammar.source import Span
from .. import convert
from ..protocol import OnTypeFormattingParams, TextEdit
from ..session import Server
from .handler import Handler


def _on_type(server: Server, params: OnTypeFormattingParams) -> list[TextEdit]:
    """The edit that gives the line at the cursor the blanks that it should begin with, if it has others."""
    from ...grammar.formatting.on_type import at_clause, below

    document = server.files.document(params.text_document.uri)
    if document is None or not server.files.is_program(document.uri):
        return []
    source = document.source
    offset = convert.offset(source, params.position, server.encoding)
    line = source.line_of(offset)
    start = source.line_starts[line]
    wanted = below(source, line) if params.ch == "\n" else at_clause(source, line, offset - start)
    text = source.line_text(line)
    blanks = text[: len(text) - len(text.lstrip(" \t"))]
    if wanted is None or blanks == " " * wanted:
        return []
    span = Span(start, start + len(blanks))
    return [TextEdit(convert.range_of(source, span, server.encoding), " " * wanted)]


HANDLERS = {"textDocument/onTypeFormatting": Handler(OnTypeFormattingParams, _on_type)}
CAPABILITIES = {
    "documentOnTypeFormattingProvider": {"firstTriggerCharacter": "\n", "moreTriggerCharacter": [":"]}
}
