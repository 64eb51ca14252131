"""References: where a name stands, in all files of the workspace, Python files that use it among them."""

from __future__ import annotations

from .. import convert
from ..protocol import Location, ReferenceParams
from ..session import Server
from .handler import Handler


def _references(server: Server, params: ReferenceParams) -> list[Location]:
    """The places of the name at the cursor, with its declaration where the client wants that too."""
    path = convert.path_of(params.text_document.uri)
    source = server.files.source(path)
    if source is None:
        return []
    offset = convert.offset(source, params.position, server.encoding)
    mentions = [
        each
        for each in server.files.mentions(path, offset)
        if params.context.include_declaration or not each.is_declaration
    ]
    return [
        Location(convert.uri_of(each.path), convert.range_of(each.source, each.span, server.encoding))
        for each in (*mentions, *server.files.used_in_python(path, offset))
    ]


HANDLERS = {"textDocument/references": Handler(ReferenceParams, _references, needs="project")}
CAPABILITIES = {"referencesProvider": True}
