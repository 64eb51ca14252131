"""Edits of files in the form that the client takes them in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...base.diagnostic import Edit
from .. import convert
from ..protocol import OptionalVersionedTextDocumentIdentifier, TextDocumentEdit, TextEdit, WorkspaceEdit
from ..session import Server


def workspace_edit(server: Server, edits: Mapping[str, Sequence[TextEdit]]) -> WorkspaceEdit:
    """Edits by path: of the versions that are open now, for a client that can tell versions apart."""
    if not server.client_can("workspace.workspaceEdit.documentChanges"):
        return WorkspaceEdit(changes={convert.uri_of(path): list(made) for path, made in edits.items()})
    changes = []
    for path, made in edits.items():
        document = server.files.open.get(path)
        uri = convert.uri_of(path) if document is None else document.uri
        version = None if document is None else document.version
        identifier = OptionalVersionedTextDocumentIdentifier(uri, version)
        changes.append(TextDocumentEdit(identifier, list(made)))
    return WorkspaceEdit(document_changes=changes)


def edits_of_files(server: Server, edits: Mapping[str, Sequence[Edit]]) -> WorkspaceEdit:
    """The compiler's edits by path."""
    found: dict[str, list[TextEdit]] = {}
    for path, made in edits.items():
        source = server.files.source(path)
        if source is not None and made:
            found[path] = convert.text_edits(source, made, server.encoding)
    return workspace_edit(server, found)
