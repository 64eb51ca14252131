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
    places = [
        (each.path, each.source, each.span)
        for each in server.files.mentions(path, offset)
        if params.context.include_declaration or not each.is_declaration
    ]
    places += [(each.path, each.source, each.span) for each in server.files.used_in_python(path, offset)]
    return [
        Location(convert.uri_of(where), convert.range_of(text, span, server.encoding))
        for where, text, span in places
    ]


HANDLERS = {"textDocument/references": Handler(ReferenceParams, _references, needs="project")}
CAPABILITIES = {"referencesProvider": True}
