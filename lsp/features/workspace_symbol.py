"""Workspace symbols: the declarations of all files of the workspace that a text may stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ...base.cancellation import check_cancelled
from .. import convert
from ..protocol import Location, SymbolInformation, WorkspaceSymbolParams
from ..session import Server
from .document_symbol import KINDS
from .handler import Handler

if TYPE_CHECKING:
    from ...compiler.query.symbols import OutlineEntry

MOST = 500
"""How many are sent; whoever looks for more writes more letters."""


def _workspace_symbol(server: Server, params: WorkspaceSymbolParams) -> list[SymbolInformation]:
    """The declarations whose names contain the letters of the query, in their order."""
    found: list[SymbolInformation] = []
    for path in server.files.sources():
        check_cancelled()
        found.extend(_in_file(server, path, params.query.lower()))
        if len(found) >= MOST:
            break
    return found[:MOST]


def _in_file(server: Server, path: str, query: str) -> Iterator[SymbolInformation]:
    from ...compiler.query.symbols import outline

    uri = convert.uri_of(path)
    analysis = server.files.analysis(uri)
    if analysis is None:
        return

    def matching(entries: Sequence[OutlineEntry], inside: str | None) -> Iterator[SymbolInformation]:
        for entry in entries:
            if _is_meant(entry.name, query):
                area = convert.range_of(analysis.source, entry.name_span, server.encoding)
                yield SymbolInformation(entry.name, KINDS[entry.kind], Location(uri, area), inside)
            yield from matching(entry.children, entry.name)

    yield from matching(outline(analysis), None)


def _is_meant(name: str, query: str) -> bool:
    """Whether the letters of the query stand in the name, in this order."""
    letters = iter(name.lower())
    return bool(name) and all(each in letters for each in query)


HANDLERS = {"workspace/symbol": Handler(WorkspaceSymbolParams, _workspace_symbol, needs="project")}
CAPABILITIES = {"workspaceSymbolProvider": True}
