"""Diagnostics, pushed while one types: of the file that changes, then of those that may import it."""

from __future__ import annotations

from functools import partial

from .. import convert
from ..protocol import PublishDiagnosticsParams
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
    """Check an open file and send what was found, unless that is what was sent last."""
    document = server.files.document(uri)
    if document is None:
        return
    with server.guard(f"check {uri}"):
        analysis = server.files.analysis(uri)
        if analysis is None:
            return
        # The document knows where its lines begin; the analysis has the same text.
        source = document.source if document.source.text == analysis.source.text else analysis.source
        found = [
            convert.as_diagnostic(each, source, server.encoding, server.files.source)
            for each in analysis.diagnostics
        ]
        if server.published.get(uri) == (document.version, found):
            return
        server.published[uri] = (document.version, found)
        _send(server, PublishDiagnosticsParams(uri, found, document.version))


def clear(server: Server, uri: str) -> None:
    """A file was closed: its diagnostics go from the list of problems."""
    server.later.remove(f"check {uri}")
    if server.published.pop(uri, None) is not None:
        _send(server, PublishDiagnosticsParams(uri, []))


def _send(server: Server, params: PublishDiagnosticsParams) -> None:
    server.connection.notify("textDocument/publishDiagnostics", params)
