"""Files that an editor renames, moves, creates and deletes.

Before a rename, everything that names the files is rewritten: imports, data, paths in Python. What is deleted
stays named where it was; the findings say so.
"""

from __future__ import annotations

from .. import convert
from ..protocol import RenameFilesParams, WorkspaceEdit
from ..session import Server
from .edits import edits_of_files
from .handler import Handler

NAMED = "**/*.{dspy,py,csv,tsv,json,jsonl,ndjson,parquet,gz,gguf}"
"""The files that a program can name."""
_SCHEME = "file"


def _will_rename(server: Server, params: RenameFilesParams) -> WorkspaceEdit | None:
    """The edits that let programs find the files where they will be; null where nothing names them."""
    moves = {
        convert.path_of(each.old_uri): convert.path_of(each.new_uri)
        for each in params.files
        if each.old_uri.startswith("file:") and each.new_uri.startswith("file:")
    }
    found = server.files.moved(moves)
    can_rename = "rename" in (server.client_can("workspace.workspaceEdit.resourceOperations") or ())
    states = found.states if can_rename else ()
    return edits_of_files(server, found.edits, states) if found.edits or states else None


_FILTERS = {
    "filters": [
        {"scheme": _SCHEME, "pattern": {"glob": NAMED, "matches": "file"}},
        {"scheme": _SCHEME, "pattern": {"glob": "**", "matches": "folder"}},
    ]
}
HANDLERS = {"workspace/willRenameFiles": Handler(RenameFilesParams, _will_rename, needs="project")}
CAPABILITIES = {
    "workspace": {
        "fileOperations": {
            "willRename": _FILTERS,
            "didRename": _FILTERS,
            "didCreate": _FILTERS,
            "didDelete": _FILTERS,
        }
    }
}
