"""Diagnostics that a client asks for: of a file, and of all files of the workspace.

The name of an answer is a digest of what is in it, so nothing has to be remembered to say that an answer is
the same as before. Where nothing has changed in the whole workspace, the answer waits until something has.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from ...base.cancellation import check_cancelled
from .. import convert
from ..protocol import (
    Diagnostic,
    DocumentDiagnosticParams,
    FullReport,
    UnchangedReport,
    WorkspaceDiagnosticParams,
    WorkspaceFullReport,
    WorkspaceReport,
    WorkspaceUnchangedReport,
)
from ..session import Server, Waiting
from ..told import told
from .handler import Handler

if TYPE_CHECKING:
    from ...compiler.analysis import FileAnalysis

AT_ONCE = 50
"""How many files one part of an answer is about."""

_FileReport: TypeAlias = WorkspaceFullReport | WorkspaceUnchangedReport


def findings(server: Server, uri: str) -> list[Diagnostic]:
    """What is found in a file, nothing where there is none."""
    return _findings_at(server, convert.path_of(uri))


def _findings_at(server: Server, path: str) -> list[Diagnostic]:
    analysis = server.files.analysis_of(path)
    return _told(server, path, analysis) if analysis is not None and analysis.diagnostics else []


def _told(server: Server, path: str, analysis: FileAnalysis) -> list[Diagnostic]:
    document = server.files.open.get(path)
    same = document is not None and document.source.text == analysis.source.text
    source = document.source if document is not None and same else analysis.source
    return [told(server, each, source, pulled=True) for each in analysis.diagnostics]


def name_of(found: list[Diagnostic]) -> str:
    """The name of an answer with these findings."""
    return hashlib.blake2b(msgspec.json.encode(found), digest_size=12).hexdigest() if found else "none"


def _of_document(server: Server, params: DocumentDiagnosticParams) -> FullReport | UnchangedReport:
    """The findings of a file; those of its importers, too, where the client cannot be told to ask again."""
    uri = params.text_document.uri
    found = findings(server, uri)
    name = name_of(found)
    server.pulled[uri] = name
    related: dict[str, FullReport | UnchangedReport] | msgspec.UnsetType = msgspec.UNSET
    if server.client_can("textDocument.diagnostic.relatedDocumentSupport") and not server.can_refresh:
        related = dict(_related(server, uri))
    if name == params.previous_result_id:
        return UnchangedReport(name, related)
    return FullReport(found, name, related)


def _related(server: Server, uri: str) -> list[tuple[str, FullReport | UnchangedReport]]:
    importers = server.files.importers(convert.path_of(uri))
    reports: list[tuple[str, FullReport | UnchangedReport]] = []
    for document in server.files.open.values():
        if document.uri != uri and document.path in importers:
            found = findings(server, document.uri)
            reports.append((document.uri, FullReport(found, name_of(found))))
    return reports


def _of_workspace(server: Server, params: WorkspaceDiagnosticParams) -> WorkspaceReport | Waiting:
    """The findings of all files, those with the same as before by name only."""
    known = {each.uri: each.value for each in params.previous_result_ids}
    reports: list[_FileReport] = []
    has_news = False
    paths = list(server.files.sources())
    with server.progress(params.work_done_token, "Checking the workspace", len(paths)) as progress:
        for path in paths:
            check_cancelled()
            uri = convert.uri_of(path)
            report = _of_file(server, path, uri, known.pop(uri, None))
            has_news = has_news or isinstance(report, WorkspaceFullReport)
            reports.append(report)
            progress.step()
            if params.partial_result_token is not None and len(reports) >= AT_ONCE:
                server.report_partially(params.partial_result_token, WorkspaceReport(reports))
                reports = []
    # Files that have gone have no findings any more.
    gone = [WorkspaceFullReport(uri, None, [], "none") for uri, name in known.items() if name != "none"]
    if not has_news and not gone and params.previous_result_ids:
        return Waiting()
    return WorkspaceReport([*reports, *gone])


def _of_file(server: Server, path: str, uri: str, before: str | None) -> _FileReport:
    document = server.files.open.get(path)
    version = None if document is None else document.version
    found = _findings_at(server, path)
    name = name_of(found)
    if document is None:
        server.files.rest(path)
    if name == before:
        return WorkspaceUnchangedReport(uri, version, name)
    return WorkspaceFullReport(uri, version, found, name)


HANDLERS = {
    "textDocument/diagnostic": Handler(DocumentDiagnosticParams, _of_document),
    "workspace/diagnostic": Handler(WorkspaceDiagnosticParams, _of_workspace, needs="project"),
}
CAPABILITIES = {
    "diagnosticProvider": {
        "identifier": "dspyc",
        "interFileDependencies": True,
        "workspaceDiagnostics": True,
        "workDoneProgress": True,
    }
}
