"""Semantic tokens: colours for names by what they are, whole, for a range, and what has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...compiler.analysis import FileAnalysis
from .. import convert
from ..protocol import (
    DocumentParams,
    SemanticTokens,
    SemanticTokensDelta,
    SemanticTokensDeltaParams,
    SemanticTokensEdit,
    SemanticTokensRangeParams,
)
from ..session import Server
from .handler import about_file

if TYPE_CHECKING:
    from ...compiler.query.tokens import Token

TYPES = (
    "namespace",
    "type",
    "class",
    "enum",
    "interface",
    "struct",
    "parameter",
    "variable",
    "property",
    "enumMember",
    "function",
)
MODIFIERS = ("declaration", "readonly", "defaultLibrary")
"""The legend; a test compares it with `compiler.query.tokens`, which is only imported for a request."""
_TYPES = {name: number for number, name in enumerate(TYPES)}
_MODIFIERS = {name: 1 << number for number, name in enumerate(MODIFIERS)}


def _full(server: Server, analysis: FileAnalysis, params: DocumentParams) -> SemanticTokens:
    from ...compiler.query.tokens import tokens

    data = _encoded(server, analysis, tokens(analysis))
    return SemanticTokens(data, server.keep_tokens(params.text_document.uri, data))


def _range(server: Server, analysis: FileAnalysis, params: SemanticTokensRangeParams) -> SemanticTokens:
    from ...compiler.query.tokens import tokens

    area = convert.span_of(analysis.source, params.range, server.encoding)
    return SemanticTokens(_encoded(server, analysis, tokens(analysis, area)))


def _delta(
    server: Server, analysis: FileAnalysis, params: SemanticTokensDeltaParams
) -> SemanticTokens | SemanticTokensDelta:
    """What has changed since an answer; all tokens where that answer is not known any more."""
    before = server.kept_tokens(params.text_document.uri, params.previous_result_id)
    now = _full(server, analysis, DocumentParams(params.text_document))
    if before is None:
        return now
    return SemanticTokensDelta(_edits(before, now.data), now.result_id or "")


def _edits(before: list[int], now: list[int]) -> list[SemanticTokensEdit]:
    """One edit: what stands between the tokens that are the same at the beginning and at the end."""
    if before == now:
        return []
    most = min(len(before), len(now))
    start = next((at for at in range(most) if before[at] != now[at]), most)
    end = next((at for at in range(most - start) if before[-1 - at] != now[-1 - at]), most - start)
    return [SemanticTokensEdit(start, len(before) - start - end, now[start : len(now) - end])]


def _encoded(server: Server, analysis: FileAnalysis, found: list[Token]) -> list[int]:
    data: list[int] = []
    line = column = 0
    for each in found:
        area = convert.range_of(analysis.source, each.span, server.encoding)
        start = area.start
        data += (
            start.line - line,
            start.character - (column if start.line == line else 0),
            area.end.character - start.character,
            _TYPES[each.kind],
            sum(_MODIFIERS[name] for name in each.modifiers),
        )
        line, column = start.line, start.character
    return data


HANDLERS = {
    "textDocument/semanticTokens/full": about_file(_full),
    "textDocument/semanticTokens/full/delta": about_file(_delta, SemanticTokensDeltaParams),
    "textDocument/semanticTokens/range": about_file(_range, SemanticTokensRangeParams),
}
CAPABILITIES = {
    "semanticTokensProvider": {
        "legend": {"tokenTypes": list(TYPES), "tokenModifiers": list(MODIFIERS)},
        "full": {"delta": True},
        "range": True,
    }
}
