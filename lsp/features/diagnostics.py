"""Diagnostics, pushed while one types: of the file that changes, then of those that may import it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from .. import convert

if TYPE_CHECKING:
    from ...compiler.analysis import FileAnalysis
    from ...compiler.diagnostic import Diagnostic
    from ...grammar.source import Encoding
    from ..session import Server

OWN_DELAY = 0.02
"""Seconds without a keystroke before the file itself is checked."""
OTHERS_DELAY = 0.15
"""Seconds before the other open files are: they may import the one that changes."""


def schedule(server: Server, uri: str) -> None:
    """A file has changed: check it soon, and the other open ones a little later."""
    server.later.add(f"check {uri}", OWN_DELAY, partial(publish, server, uri))
    schedule_others(server, except_for=uri)


def schedule_others(server: Server, except_for: str | None = None) -> None:
    """Something that open files may import has changed."""
    for document in server.files.open.values():
        if document.uri != except_for:
            server.later.add(f"check {document.uri}", OTHERS_DELAY, partial(publish, server, document.uri))


def publish(server: Server, uri: str) -> None:
    """Check an open file and send what was found, unless the client has been told the same already."""
    document = server.files.document(uri)
    if document is None:
        return
    with server.guard(f"check {uri}"):
        analysis = server.files.analysis(uri)
        if analysis is None:
            return
        found = [of_diagnostic(server, analysis, each) for each in analysis.diagnostics]
        if server.published.get(uri) == (document.version, found):
            return
        server.published[uri] = (document.version, found)
        server.text_document_publish_diagnostics(
            lsp.PublishDiagnosticsParams(uri=uri, version=document.version, diagnostics=found)
        )


def clear(server: Server, uri: str) -> None:
    """A file was closed: its diagnostics go from the list of problems."""
    server.later.remove(f"check {uri}")
    if server.published.pop(uri, None) is not None:
        server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri=uri, diagnostics=[]))


def of_diagnostic(server: Server, analysis: FileAnalysis, found: Diagnostic) -> lsp.Diagnostic:
    """The protocol's form of a finding."""
    encoding = server.encoding
    return lsp.Diagnostic(
        range=convert.range_of(analysis.source, found.span, encoding),
        severity=convert.SEVERITIES[found.severity],
        code=found.code,
        source="dspyc",
        message=found.message if found.help is None else f"{found.message}\n{found.help}",
        tags=[lsp.DiagnosticTag.Unnecessary] if found.name.startswith("unused-") else None,
        related_information=_related(server, analysis, found, encoding) or None,
        data={"name": found.name},
    )


def _related(
    server: Server, analysis: FileAnalysis, found: Diagnostic, encoding: Encoding
) -> list[lsp.DiagnosticRelatedInformation]:
    related = []
    for label in found.labels:
        path = label.path or analysis.path
        source = analysis.source if path == analysis.path else server.files.source(path)
        if source is not None:
            place = lsp.Location(convert.uri_of(path), convert.range_of(source, label.span, encoding))
            related.append(lsp.DiagnosticRelatedInformation(place, label.message))
    return related
