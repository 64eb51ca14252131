"""Diagnostics, pushed while one types: of the file that changes, of those that import it, of the settings."""

from __future__ import annotations

from functools import partial

from ...grammar.source import Source
from .. import convert
from ..protocol import Diagnostic, PublishDiagnosticsParams
from ..session import Server

OWN_DELAY = 0.02
"""Seconds without a keystroke before the file itself is checked."""
OTHERS_DELAY = 0.15
"""Seconds before the other open files are: they may import the one that changes."""


def schedule(server: Server, uri: str) -> None:
    """A file has changed: check it soon, and the other open ones a little later."""
    server.later.add(f"check {uri}", OWN_DELAY, partial(publish, server, uri))
    importers = server.files.importers(convert.path_of(uri))
    for document in server.files.open.values():
        if document.uri != uri and document.path in importers:
            _schedule_other(server, document.uri)


def schedule_others(server: Server) -> None:
    """Something that open files may import has changed."""
    for document in server.files.open.values():
        _schedule_other(server, document.uri)
    schedule_settings(server)


def schedule_settings(server: Server) -> None:
    """The settings of open files may be others."""
    server.later.add("check settings", OTHERS_DELAY, partial(publish_settings, server))


def _schedule_other(server: Server, uri: str) -> None:
    server.later.add(f"check {uri}", OTHERS_DELAY, partial(publish, server, uri))


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


def publish_settings(server: Server) -> None:
    """Send what is wrong in the settings of the open files, and take back what no longer is."""
    with server.guard("check settings"):
        wrong: dict[str, list[Diagnostic]] = {}
        for settings in {server.files.settings(each.path) for each in server.files.open.values()}:
            source = server.files.source(settings.path) or Source(settings.path, "")
            found = [
                convert.as_diagnostic(each, source, server.encoding, server.files.source)
                for each in settings.problems
            ]
            if found:
                wrong[convert.uri_of(settings.path)] = found
        for uri in {*wrong, *server.wrong_settings}:
            if wrong.get(uri) != server.wrong_settings.get(uri):
                _send(server, PublishDiagnosticsParams(uri, wrong.get(uri, [])))
        server.wrong_settings = wrong


def clear(server: Server, uri: str) -> None:
    """A file was closed: its diagnostics go from the list of problems."""
    server.later.remove(f"check {uri}")
    if server.published.pop(uri, None) is not None:
        _send(server, PublishDiagnosticsParams(uri, []))


def _send(server: Server, params: PublishDiagnosticsParams) -> None:
    server.connection.notify("textDocument/publishDiagnostics", params)
