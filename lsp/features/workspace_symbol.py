"""Workspace symbols: the declarations of all files of the workspace that a text may stand for."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from .. import convert
from ..protocol import Location, SymbolInformation, WorkspaceSymbolParams
from ..session import Server
from .document_symbol import KINDS
from .handler import Handler

if TYPE_CHECKING:
    from ...project.index import Declaration

MOST = 500
"""How many are sent; whoever looks for more writes more letters."""


def _workspace_symbol(server: Server, params: WorkspaceSymbolParams) -> list[SymbolInformation]:
    """The declarations whose names contain the letters of the query, in their order."""
    query = params.query.lower()
    meant = (each for each in server.files.declarations() if _is_meant(each.entry.name, query))
    return [_information(server, each) for each in islice(meant, MOST)]


def _information(server: Server, found: Declaration) -> SymbolInformation:
    area = convert.range_of(found.source, found.entry.name_span, server.encoding)
    place = Location(convert.uri_of(found.path), area)
    return SymbolInformation(found.entry.name, KINDS[found.entry.kind], place, found.inside)


def _is_meant(name: str, query: str) -> bool:
    """Whether the letters of the query stand in the name, in this order."""
    letters = iter(name.lower())
    return bool(name) and all(each in letters for each in query)


HANDLERS = {"workspace/symbol": Handler(WorkspaceSymbolParams, _workspace_symbol, needs="project")}
CAPABILITIES = {"workspaceSymbolProvider": True}
