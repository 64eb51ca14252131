"""Document links: from imports and datasets to their files."""

from __future__ import annotations

from ...compiler.analysis import FileAnalysis
from .. import convert
from ..protocol import DocumentLink, DocumentParams
from ..session import Server
from .handler import about_file


def _document_link(server: Server, analysis: FileAnalysis, _params: DocumentParams) -> list[DocumentLink]:
    """The files that the text names."""
    from ...compiler.query.links import links

    return [
        DocumentLink(convert.range_of(analysis.source, each.span, server.encoding), convert.uri_of(each.path))
        for each in links(analysis)
    ]


HANDLERS = {"textDocument/documentLink": about_file(_document_link)}
CAPABILITIES = {"documentLinkProvider": {"resolveProvider": False}}
