"""Hover: types and documentation as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from ...compiler.query.hover import hover
from .. import convert

if TYPE_CHECKING:
    from ..session import Server

METHOD = lsp.TEXT_DOCUMENT_HOVER
OPTIONS = None


def handle(server: Server, params: lsp.HoverParams) -> lsp.Hover | None:
    """What the name or word under the pointer means."""
    analysis = server.files.analysis(params.text_document.uri)
    if analysis is None:
        return None
    found = hover(analysis, convert.offset(analysis.source, params.position, server.encoding))
    if found is None:
        return None
    parts = [f"```dspyc\n{found.code}\n```" if found.code else "", found.doc]
    text = "\n\n".join(part for part in parts if part)
    return lsp.Hover(
        lsp.MarkupContent(lsp.MarkupKind.Markdown, text),
        convert.range_of(analysis.source, found.span, server.encoding),
    )
