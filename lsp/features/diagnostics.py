"""Diagnostics, pushed while one types: of the file that changes, of those that import it, of the settings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ...grammar.source import Source
from .. import convert
from ..protocol import Diagnostic, PublishDiagnosticsParams
from ..session import Server
from ..told import told
from .pull_diagnostics import findings, name_of

OWN_DELAY = 0.02
"""Seconds without a keystroke before the file itself is checked."""
OTHERS_DELAY = 0.15
"""Seconds before the other open files are: they may import the one that changes."""
WORKSPACE_DELAY = 1.0
"""Seconds before the files of the workspace that are not open are."""


def schedule(server: Server, uri: str) -> None:
    """A file has changed: check it soon, and the other open ones a little later."""
    if server.is_worker:
        _schedule_workspace(server)
        return
    if not server.files.is_program(uri):
        schedule_others(server)
        return
    importers = server.files.importers(convert.path_of(uri))
    others = [each.uri for each in server.files.open.values() if each.uri != uri and each.path in importers]
    if server.pulls:
        _schedule_refresh(server, others)
        return
    server.later.add(f"check {uri}", OWN_DELAY, partial(publish, server, uri))
    for other in others:
        _schedule_other(server, other)


def schedule_others(server: Server) -> None:
    """Something that open files may import has changed."""
    if server.is_worker:
        _schedule_workspace(server)
        return
    if server.pulls:
        _schedule_refresh(server, [each.uri for each in server.files.open.values()])
    else:
        for document in server.files.open.values():
            _schedule_other(server, document.uri)
    schedule_settings(server)


def _schedule_workspace(server: Server) -> None:
    """What a client waits for, that asked about the whole workspace, may be there now."""
    server.later.add("workspace diagnostics", WORKSPACE_DELAY, server.resume)


def _schedule_refresh(server: Server, uris: Sequence[str]) -> None:
    """A client that asks for diagnostics itself is told to where those of these files are others now."""
    if uris and server.can_refresh:
        server.stale.update(uris)
        server.later.add("refresh", OTHERS_DELAY, partial(_refresh, server))


def _refresh(server: Server) -> None:
    uris, server.stale = server.stale, set()
    for uri in sorted(uris):
        with server.guard(f"check {uri}"):
            known = server.pulled.get(uri)
            if known is not None and known != name_of(findings(server, uri)):
                server.connection.request("workspace/diagnostic/refresh", None)
                return


def schedule_settings(server: Server) -> None:
    """The settings of open files may be others."""
    if server.is_worker:
        return
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
        found = [told(server, each, source) for each in analysis.diagnostics]
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
            found = [told(server, each, source) for each in settings.problems]
            if found:
                wrong[convert.uri_of(settings.path)] = found
        for uri in {*wrong, *server.wrong_settings}:
            if wrong.get(uri) != server.wrong_settings.get(uri):
                _send(server, PublishDiagnosticsParams(uri, wrong.get(uri, [])))
        server.wrong_settings = wrong


def clear(server: Server, uri: str) -> None:
    """A file was closed: its diagnostics go from the list of problems."""
    if server.is_worker:
        return
    server.later.remove(f"check {uri}")
    server.pulled.pop(uri, None)
    if server.published.pop(uri, None) is not None:
        _send(server, PublishDiagnosticsParams(uri, []))


def _send(server: Server, params: PublishDiagnosticsParams) -> None:
    server.connection.notify("textDocument/publishDiagnostics", params)
