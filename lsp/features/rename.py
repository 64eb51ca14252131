"""Rename: another name for the one at the cursor, in all files of the workspace.

With the names of programs go Python files that use them, states of programs, and columns of data. A client
that shows a preview of annotated edits gets these annotated; only such a client is offered changes of data,
and its user confirms them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from ...compiler.analysis import FileAnalysis
from .. import convert
from ..protocol import (
    AnnotatedRenameFile,
    AnnotatedTextEdit,
    ChangeAnnotation,
    PositionParams,
    PrepareRenameResult,
    RenameFile,
    RenameParams,
    TextEdit,
    WorkspaceEdit,
)
from ..session import Refusal, Server
from .edits import workspace_edit
from .handler import Handler, about_position

if TYPE_CHECKING:
    from ...project.renaming_elsewhere import Others


def _prepare(
    server: Server, analysis: FileAnalysis, offset: int, _params: PositionParams
) -> PrepareRenameResult:
    """The range of the name at the cursor, and what it is called; an error that says why there is none."""
    from ...project.renaming import Refused, renamed_span

    try:
        span = renamed_span(analysis, offset)
    except Refused as refused:
        raise Refusal(str(refused)) from None
    text = analysis.source.text[span.start : span.end]
    return PrepareRenameResult(convert.range_of(analysis.source, span, server.encoding), text)


def _rename(server: Server, params: RenameParams) -> WorkspaceEdit | None:
    """The edits of all files; an error that says why the name cannot be that."""
    from ...project.renaming import Refused

    path = convert.path_of(params.text_document.uri)
    source = server.files.source(path)
    if source is None:
        return None
    offset = convert.offset(source, params.position, server.encoding)
    try:
        found = server.files.renaming(path, offset, params.new_name)
        others = server.files.renamed_elsewhere(path, offset, params.new_name)
    except Refused as refused:
        raise Refusal(str(refused)) from None
    edits: dict[str, list[TextEdit]] = {}
    for each in found.places:
        area = convert.range_of(each.source, each.span, server.encoding)
        edits.setdefault(each.path, []).append(TextEdit(area, found.new))
    annotated = bool(server.client_can("workspace.workspaceEdit.changeAnnotationSupport"))
    for other in others.places:
        if other.where == "data" and not annotated:
            continue
        area = convert.range_of(other.source, other.span, server.encoding)
        edit = AnnotatedTextEdit(area, other.text, other.where) if annotated else TextEdit(area, other.text)
        edits.setdefault(other.path, []).append(edit)
    made = workspace_edit(server, edits, _files(server, others, annotated=annotated))
    return (
        replace(made, change_annotations=_ANNOTATIONS)
        if annotated and (others.places or others.files)
        else made
    )


_ANNOTATIONS = {
    "python": ChangeAnnotation("Python", needs_confirmation=False, description="calls of the program"),
    "state": ChangeAnnotation("States", needs_confirmation=False, description="what optimizers learned"),
    "data": ChangeAnnotation("Data", needs_confirmation=True, description="columns of data files"),
}


def _files(server: Server, others: Others, *, annotated: bool) -> list[RenameFile]:
    """The files that get another name, for a client that can do that."""
    if "rename" not in (server.client_can("workspace.workspaceEdit.resourceOperations") or ()):
        return []
    paths = [(convert.uri_of(old), convert.uri_of(new)) for old, new in others.files]
    if annotated:
        return [AnnotatedRenameFile(old, new, annotation_id="state") for old, new in paths]
    return [RenameFile(old, new) for old, new in paths]


HANDLERS = {
    "textDocument/prepareRename": about_position(_prepare, PositionParams),
    "textDocument/rename": Handler(RenameParams, _rename, needs="project"),
}
CAPABILITIES = {"renameProvider": {"prepareProvider": True}}
