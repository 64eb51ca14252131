"""Rename: another name for the one at the cursor, in all files of the workspace."""

from __future__ import annotations

from ...compiler.analysis import FileAnalysis
from .. import convert
from ..protocol import (
    PositionParams,
    PrepareRenameResult,
    RenameParams,
    TextEdit,
    WorkspaceEdit,
)
from ..session import Refusal, Server
from .edits import workspace_edit
from .handler import Handler, about_position


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
    except Refused as refused:
        raise Refusal(str(refused)) from None
    edits: dict[str, list[TextEdit]] = {}
    for each in found.places:
        area = convert.range_of(each.source, each.span, server.encoding)
        edits.setdefault(each.path, []).append(TextEdit(area, found.new))
    return workspace_edit(server, edits)


HANDLERS = {
    "textDocument/prepareRename": about_position(_prepare, PositionParams),
    "textDocument/rename": Handler(RenameParams, _rename, needs="project"),
}
CAPABILITIES = {"renameProvider": {"prepareProvider": True}}
