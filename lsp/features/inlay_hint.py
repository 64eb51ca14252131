"""Inlay hints: types behind variables, names before arguments, and which calls run together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...compiler.analysis import FileAnalysis
from .. import convert
from ..protocol import InlayHint, InlayHintKind, InlayHintParams, Position
from ..session import Server
from .handler import about_file

if TYPE_CHECKING:
    from ...compiler.query.hints import Hint, HintKind


def _inlay_hint(server: Server, analysis: FileAnalysis, params: InlayHintParams) -> list[InlayHint]:
    """What the user wants to see in a range."""
    from ...compiler.query.hints import hints

    source, wanted = analysis.source, server.configuration.inlay_hints
    area = convert.span_of(source, params.range, server.encoding)
    chosen = {
        "type": wanted.variable_types,
        "parameter": wanted.parameter_names,
        "together": wanted.concurrency,
    }
    kinds = frozenset(kind for kind in _KINDS if chosen[kind])
    return [
        _hint(convert.position(source, each.offset, server.encoding), each)
        for each in hints(analysis, area, kinds)
    ]


def _hint(place: Position, hint: Hint) -> InlayHint:
    help_ = hint.help or None
    match hint.kind:
        case "type":
            return InlayHint(place, f": {hint.text}", InlayHintKind.TYPE, tooltip=help_)
        case "parameter":
            return InlayHint(place, f"{hint.text}=", InlayHintKind.PARAMETER, tooltip=help_)
        case _:
            return InlayHint(place, f"∥ {hint.text}", padding_left=True, tooltip=help_)


_KINDS: tuple[HintKind, ...] = ("type", "parameter", "together")
HANDLERS = {"textDocument/inlayHint": about_file(_inlay_hint, InlayHintParams)}
CAPABILITIES = {"inlayHintProvider": True}
