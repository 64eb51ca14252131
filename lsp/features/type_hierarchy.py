"""Type hierarchy: which signature extends which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import convert
from ..protocol import PositionParams, TypeHierarchyItem, TypeHierarchyParams
from ..session import Server
from .document_symbol import KINDS
from .handler import Handler

if TYPE_CHECKING:
    from ...project.extending import Signature


def _prepare(server: Server, params: PositionParams) -> list[TypeHierarchyItem] | None:
    """The signature that the name at the cursor stands for."""
    path = convert.path_of(params.text_document.uri)
    source = server.files.source(path)
    if source is None or not server.files.is_program(params.text_document.uri):
        return None
    offset = convert.offset(source, params.position, server.encoding)
    found = server.files.signature_at(path, offset)
    return None if found is None else [_item(server, found)]


def _supertypes(server: Server, params: TypeHierarchyParams) -> list[TypeHierarchyItem]:
    """The signature that it extends."""
    place = _place(server, params.item)
    found = None if place is None else server.files.extended(*place)
    return [] if found is None else [_item(server, found)]


def _subtypes(server: Server, params: TypeHierarchyParams) -> list[TypeHierarchyItem]:
    """The signatures that extend it, in all files of the workspace."""
    place = _place(server, params.item)
    return [] if place is None else [_item(server, each) for each in server.files.extending(*place)]


def _place(server: Server, item: TypeHierarchyItem) -> tuple[str, int] | None:
    path = convert.path_of(item.uri)
    source = server.files.source(path)
    if source is None:
        return None
    return path, convert.offset(source, item.selection_range.start, server.encoding)


def _item(server: Server, found: Signature) -> TypeHierarchyItem:
    path, entry = found
    source = server.files.source(path)
    assert source is not None
    area, name = (convert.range_of(source, each, server.encoding) for each in (entry.span, entry.name_span))
    return TypeHierarchyItem(entry.name, KINDS[entry.kind], convert.uri_of(path), area, name)


HANDLERS = {
    "textDocument/prepareTypeHierarchy": Handler(PositionParams, _prepare, needs="project"),
    "typeHierarchy/supertypes": Handler(TypeHierarchyParams, _supertypes, needs="project"),
    "typeHierarchy/subtypes": Handler(TypeHierarchyParams, _subtypes, needs="project"),
}
CAPABILITIES = {"typeHierarchyProvider": True}
