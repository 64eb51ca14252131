"""Call hierarchy: what calls a function or module, and what it calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import convert
from ..protocol import (
    CallHierarchyIncomingCall,
    CallHierarchyItem,
    CallHierarchyOutgoingCall,
    CallHierarchyParams,
    PositionParams,
    Range,
)
from ..session import Server
from .document_symbol import KINDS
from .handler import Handler

if TYPE_CHECKING:
    from ...grammar.source import Span
    from ...project.callers import Callable


def _prepare(server: Server, params: PositionParams) -> list[CallHierarchyItem] | None:
    """What the name at the cursor stands for, if that can be called."""
    path = convert.path_of(params.text_document.uri)
    source = server.files.source(path)
    if source is None:
        return None
    found = server.files.callable_at(path, convert.offset(source, params.position, server.encoding))
    return None if found is None else [_item(server, found)]


def _incoming(server: Server, params: CallHierarchyParams) -> list[CallHierarchyIncomingCall]:
    """What calls it, in all files of the workspace."""
    called = _found(server, params.item)
    return [
        CallHierarchyIncomingCall(_item(server, each.other), _ranges(server, each.other.path, each.spans))
        for each in (server.files.callers(called) if called is not None else ())
    ]


def _outgoing(server: Server, params: CallHierarchyParams) -> list[CallHierarchyOutgoingCall]:
    """What it calls."""
    caller = _found(server, params.item)
    return [
        CallHierarchyOutgoingCall(_item(server, each.other), _ranges(server, caller.path, each.spans))
        for each in (server.files.callees(caller) if caller is not None else ())
        if caller is not None
    ]


def _found(server: Server, item: CallHierarchyItem) -> Callable | None:
    path = convert.path_of(item.uri)
    source = server.files.source(path)
    if source is None:
        return None
    offset = convert.offset(source, item.selection_range.start, server.encoding)
    return server.files.callable_at(path, offset)


def _item(server: Server, found: Callable) -> CallHierarchyItem:
    entry = found.entry
    (area,) = _ranges(server, found.path, (entry.span,))
    (name,) = _ranges(server, found.path, (entry.name_span,))
    return CallHierarchyItem(
        entry.name, KINDS[entry.kind], convert.uri_of(found.path), area, name, entry.detail or None
    )


def _ranges(server: Server, path: str, spans: tuple[Span, ...]) -> list[Range]:
    source = server.files.source(path)
    return [] if source is None else [convert.range_of(source, each, server.encoding) for each in spans]


HANDLERS = {
    "textDocument/prepareCallHierarchy": Handler(PositionParams, _prepare, needs="project"),
    "callHierarchy/incomingCalls": Handler(CallHierarchyParams, _incoming, needs="project"),
    "callHierarchy/outgoingCalls": Handler(CallHierarchyParams, _outgoing, needs="project"),
}
CAPABILITIES = {"callHierarchyProvider": True}
