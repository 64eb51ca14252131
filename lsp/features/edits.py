"""Edits of files in the form that the client takes them in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...base.diagnostic import Edit
from .. import convert
from ..protocol import (
    OptionalVersionedTextDocumentIdentifier,
    RenameFile,
    TextDocumentEdit,
    TextEdit,
    WorkspaceEdit,
)
from ..session import Server


def workspace_edit(
    server: Server, edits: Mapping[str, Sequence[TextEdit]], renames: Sequence[RenameFile] = ()
) -> WorkspaceEdit:
    """Edits by path: of the versions that are open now, for a client that can tell versions apart.

    A client that cannot gets no renames of files.
    """
    if not server.client_can("workspace.workspaceEdit.documentChanges"):
        return WorkspaceEdit(changes={convert.uri_of(path): list(made) for path, made in edits.items()})
    changes: list[TextDocumentEdit | RenameFile] = []
    for path, made in edits.items():
        document = server.files.open.get(path)
        uri = convert.uri_of(path) if document is None else document.uri
        version = None if document is None else document.version
        identifier = OptionalVersionedTextDocumentIdentifier(uri, version)
        changes.append(TextDocumentEdit(identifier, list(made)))
    return WorkspaceEdit(document_changes=[*changes, *renames])


def edits_of_files(
    server: Server, edits: Mapping[str, Sequence[Edit]], renames: Sequence[tuple[str, str]] = ()
) -> WorkspaceEdit:
    """The compiler's edits by path, and files that are renamed with them: their old and new paths."""
    found: dict[str, list[TextEdit]] = {}
    for path, made in edits.items():
        source = server.files.source(path)
        if source is not None and made:
            found[path] = convert.text_edits(source, made, server.encoding)
    files = [RenameFile(convert.uri_of(old), convert.uri_of(new)) for old, new in renames]
    return workspace_edit(server, found, files)
