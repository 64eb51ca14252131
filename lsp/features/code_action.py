"""Code actions: the fixes that findings carry, as quick fixes."""

from __future__ import annotations

from collections.abc import Iterator

from ...compiler.analysis import FileAnalysis
from ...grammar.source import Span
from .. import convert
from ..protocol import (
    CodeAction,
    CodeActionParams,
    OptionalVersionedTextDocumentIdentifier,
    TextDocumentEdit,
    TextEdit,
    WorkspaceEdit,
)
from ..session import Server
from .handler import about_file

QUICK_FIX = "quickfix"


def _code_action(server: Server, analysis: FileAnalysis, params: CodeActionParams) -> list[CodeAction]:
    """The fixes of what was found in a range."""
    only = params.context.only
    document = server.files.document(params.text_document.uri)
    if document is None or (only is not None and not {"", QUICK_FIX} & set(only)):
        return []
    area = convert.span_of(analysis.source, params.range, server.encoding)
    return list(_fixes(server, analysis, area, document.uri, document.version))


def _fixes(
    server: Server, analysis: FileAnalysis, area: Span, uri: str, version: int
) -> Iterator[CodeAction]:
    for found in analysis.diagnostics:
        if found.span.start > area.end or found.span.end < area.start:
            continue
        for fix in found.fixes:
            if fix.applicability == "display-only":
                continue
            edits = convert.text_edits(analysis.source, fix.edits, server.encoding)
            yield CodeAction(
                title=fix.title,
                kind=QUICK_FIX,
                diagnostics=[
                    convert.as_diagnostic(found, analysis.source, server.encoding, server.files.source)
                ],
                is_preferred=fix.is_safe or None,
                edit=_workspace_edit(server, uri, version, edits),
            )


def _workspace_edit(server: Server, uri: str, version: int, edits: list[TextEdit]) -> WorkspaceEdit:
    """Edits of this very version of the file, for a client that can tell versions apart."""
    if server.client_can("workspace.workspaceEdit.documentChanges"):
        identifier = OptionalVersionedTextDocumentIdentifier(uri, version)
        return WorkspaceEdit(document_changes=[TextDocumentEdit(identifier, edits)])
    return WorkspaceEdit(changes={uri: edits})


HANDLERS = {"textDocument/codeAction": about_file(_code_action, CodeActionParams)}
CAPABILITIES = {"codeActionProvider": {"codeActionKinds": [QUICK_FIX]}}
