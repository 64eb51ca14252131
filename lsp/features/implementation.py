"""Implementation: the modules that are made of a signature, or of a module with a body."""

from __future__ import annotations

from .. import convert
from ..protocol import Location, PositionParams
from ..session import Server
from .handler import Handler


def _implementation(server: Server, params: PositionParams) -> list[Location]:
    """What is made of the name at the cursor, in all files; its declaration where nothing is."""
    from ...compiler.query.implementations import implementation_at

    path = convert.path_of(params.text_document.uri)
    source = server.files.source(path)
    if source is None or not server.files.is_program(params.text_document.uri):
        return []
    offset = convert.offset(source, params.position, server.encoding)
    made, declared = [], []
    for mention in server.files.mentions(path, offset):
        uri = convert.uri_of(mention.path)
        analysis = server.files.analysis(uri)
        span = implementation_at(analysis, mention.span.start) if analysis is not None else None
        if span is not None and not mention.is_declaration:
            made.append(Location(uri, convert.range_of(mention.source, span, server.encoding)))
        elif mention.is_declaration:
            declared.append(Location(uri, convert.range_of(mention.source, mention.span, server.encoding)))
    return list(dict.fromkeys(made)) or declared


HANDLERS = {"textDocument/implementation": Handler(PositionParams, _implementation, needs="project")}
CAPABILITIES = {"implementationProvider": True}
