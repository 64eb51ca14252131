"""Hover: types and documentation as Markdown."""

from __future__ import annotations

from ...compiler.analysis import FileAnalysis
from ...grammar.source import Source
from .. import convert
from ..protocol import Hover, MarkupContent, PositionParams
from ..session import Server
from .handler import about_position


def _hover(server: Server, analysis: FileAnalysis, offset: int, _params: PositionParams) -> Hover | None:
    """What the name or word under the pointer means."""
    from ...compiler.query.hover import hover

    found = hover(analysis, offset)
    if found is None:
        return None
    parts = [f"```dspyc\n{found.code}\n```" if found.code else "", found.doc]
    text = "\n\n".join(part for part in parts if part)
    return Hover(MarkupContent(text), convert.range_of(analysis.source, found.span, server.encoding))


def _of_settings(server: Server, source: Source, offset: int, _params: PositionParams) -> Hover | None:
    """What the setting under the pointer is for."""
    from ...project.settings_help import hover

    found = hover(source.uri, source.text, offset)
    if found is None:
        return None
    return Hover(MarkupContent(found.text), convert.range_of(source, found.span, server.encoding))


HANDLERS = {"textDocument/hover": about_position(_hover, PositionParams, _of_settings)}
CAPABILITIES = {"hoverProvider": True}
