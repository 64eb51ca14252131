"""Code actions: the fixes that findings carry, as quick fixes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from .. import convert
from .diagnostics import of_diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...compiler.analysis import FileAnalysis
    from ...grammar.source import Span
    from ..session import Server

METHOD = lsp.TEXT_DOCUMENT_CODE_ACTION
OPTIONS = lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix])


def handle(server: Server, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
    """The fixes of what was found in a range."""
    only = params.context.only
    if only is not None and not any(
        str(kind) in ("", lsp.CodeActionKind.QuickFix.value) for kind in map(_value, only)
    ):
        return []
    analysis = server.files.analysis(params.text_document.uri)
    document = server.files.document(params.text_document.uri)
    if analysis is None or document is None:
        return []
    area = convert.span_of(analysis.source, params.range, server.encoding)
    return list(_actions(server, analysis, area, document.uri, document.version))


def _actions(
    server: Server, analysis: FileAnalysis, area: Span, uri: str, version: int
) -> Iterator[lsp.CodeAction]:
    for found in analysis.diagnostics:
        fix = found.fix
        if fix is None or found.span.start > area.end or found.span.end < area.start:
            continue
        edits = convert.text_edits(analysis.source, fix.edits, server.encoding)
        yield lsp.CodeAction(
            title=fix.title,
            kind=lsp.CodeActionKind.QuickFix,
            diagnostics=[of_diagnostic(server, analysis, found)],
            is_preferred=fix.is_safe,
            edit=_workspace_edit(server, uri, version, edits),
        )


def _workspace_edit(server: Server, uri: str, version: int, edits: list[lsp.TextEdit]) -> lsp.WorkspaceEdit:
    """Edits of this very version of the file, for a client that can tell versions apart."""
    workspace = server.client_capabilities.workspace
    capability = workspace.workspace_edit if workspace else None
    if capability is not None and capability.document_changes:
        identifier = lsp.OptionalVersionedTextDocumentIdentifier(uri, version)
        return lsp.WorkspaceEdit(document_changes=[lsp.TextDocumentEdit(identifier, list(edits))])
    return lsp.WorkspaceEdit(changes={uri: edits})


def _value(kind: lsp.CodeActionKind | str) -> str:
    return kind.value if isinstance(kind, lsp.CodeActionKind) else kind
