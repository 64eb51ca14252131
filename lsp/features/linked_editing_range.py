"""Linked editing: the places of a variable, which an editor changes together while one is typed in."""

from __future__ import annotations

from ...compiler.analysis import FileAnalysis
from .. import convert
from ..protocol import LinkedEditingRanges, PositionParams
from ..session import Server
from .handler import about_position


def _linked(
    server: Server, analysis: FileAnalysis, offset: int, _params: PositionParams
) -> LinkedEditingRanges | None:
    """The places of a variable, a part or a parameter of one body; null for what other files may name."""
    from ...compiler.query.at import find, symbol_at

    found = find(analysis, offset)
    symbol = symbol_at(found) if found is not None else None
    if found is None or symbol is None or symbol.kind != "local":
        return None
    places = [each.span for each in server.files.mentions(analysis.path, offset, [analysis.path])]
    if not any(each.contains(offset) or each.end == offset for each in places):
        return None
    return LinkedEditingRanges([convert.range_of(analysis.source, each, server.encoding) for each in places])


HANDLERS = {"textDocument/linkedEditingRange": about_position(_linked, PositionParams)}
CAPABILITIES = {"linkedEditingRangeProvider": True}
