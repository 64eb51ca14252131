"""Inlay hints: types behind the names of variables."""

from __future__ import annotations

from ...compiler.analysis import FileAnalysis
from .. import convert
from ..protocol import InlayHint, InlayHintKind, InlayHintParams
from ..session import Server
from .handler import about_file


def _inlay_hint(server: Server, analysis: FileAnalysis, params: InlayHintParams) -> list[InlayHint]:
    """The types of the variables in a range."""
    from ...compiler.query.hints import hints

    source = analysis.source
    area = convert.span_of(source, params.range, server.encoding)
    return [
        InlayHint(
            convert.position(source, each.offset, server.encoding), f": {each.text}", InlayHintKind.TYPE
        )
        for each in hints(analysis, area)
    ]


HANDLERS = {"textDocument/inlayHint": about_file(_inlay_hint, InlayHintParams)}
CAPABILITIES = {"inlayHintProvider": True}
