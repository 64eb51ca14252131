"""Document links: from imports and datasets to their files."""

from __future__ import annotations

from ...compiler.analysis import FileAnalysis
from .. import convert
from ..protocol import DocumentLink, DocumentParams
from ..session import Server
from ..told import PAGES
from .handler import Handler


def _document_link(server: Server, params: DocumentParams) -> list[DocumentLink] | None:
    """The files that the text names; null for a file that is not there."""
    uri = params.text_document.uri
    if server.files.is_settings(uri):
        return _of_settings(server, convert.path_of(uri))
    analysis = server.files.analysis(uri)
    return None if analysis is None else _of_program(server, analysis)


def _of_settings(server: Server, path: str) -> list[DocumentLink] | None:
    """The files that settings name, and the pages of rules for a client that shows them."""
    from ...project.settings_help import links

    source = server.files.source(path)
    if source is None:
        return None
    found = []
    for each in links(path, source.text):
        target = convert.uri_of(each.path) if each.path else f"{PAGES}:///rules/{each.code}.md"
        if each.path or server.shows_pages:
            found.append(DocumentLink(convert.range_of(source, each.span, server.encoding), target))
    return found


def _of_program(server: Server, analysis: FileAnalysis) -> list[DocumentLink]:
    from ...compiler.query.links import links

    return [
        DocumentLink(convert.range_of(analysis.source, each.span, server.encoding), convert.uri_of(each.path))
        for each in links(analysis)
    ]


HANDLERS = {"textDocument/documentLink": Handler(DocumentParams, _document_link)}
CAPABILITIES = {"documentLinkProvider": {"resolveProvider": False}}
