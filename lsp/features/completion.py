"""Completion: the compiler's offers as the protocol's items."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from ...compiler.query.completion import complete
from ...compiler.query.offers import Completion, CompletionKind
from .. import convert

if TYPE_CHECKING:
    from ...compiler.analysis import FileAnalysis
    from ..session import Server

METHOD = lsp.TEXT_DOCUMENT_COMPLETION
OPTIONS = lsp.CompletionOptions(trigger_characters=[".", '"', "'", "(", "[", " ", ":", "="])

_KINDS: dict[CompletionKind, lsp.CompletionItemKind] = {
    "keyword": lsp.CompletionItemKind.Keyword,
    "class": lsp.CompletionItemKind.Class,
    "function": lsp.CompletionItemKind.Function,
    "field": lsp.CompletionItemKind.Field,
    "parameter": lsp.CompletionItemKind.Property,
    "variable": lsp.CompletionItemKind.Variable,
    "value": lsp.CompletionItemKind.Value,
    "module": lsp.CompletionItemKind.Module,
    "type": lsp.CompletionItemKind.Struct,
    "member": lsp.CompletionItemKind.EnumMember,
    "constant": lsp.CompletionItemKind.Constant,
}
_QUIET_TRIGGERS = {" ", ":", "=", "(", "[", "'", '"'}
"""Characters behind which only what fits the place is worth a list that nobody asked for."""


def handle(server: Server, params: lsp.CompletionParams) -> lsp.CompletionList | None:
    """What may stand at the cursor."""
    analysis = server.files.analysis(params.text_document.uri)
    if analysis is None:
        return None
    offset = convert.offset(analysis.source, params.position, server.encoding)
    offered = complete(analysis, offset, partial(server.files.neighbours, analysis.path))
    context = params.context
    if context is not None and context.trigger_character in _QUIET_TRIGGERS:
        likely = min((each.rank for each in offered), default=0)
        offered = tuple(each for each in offered if each.rank == likely == 0)
    snippets = _takes_snippets(server)
    items = [_item(server, analysis, each, order, snippets=snippets) for order, each in enumerate(offered)]
    return lsp.CompletionList(is_incomplete=False, items=items)


def _item(
    server: Server, analysis: FileAnalysis, offered: Completion, order: int, *, snippets: bool
) -> lsp.CompletionItem:
    area = convert.range_of(analysis.source, offered.replaced, server.encoding)
    with_places = snippets and bool(offered.snippet)
    return lsp.CompletionItem(
        label=offered.label,
        kind=_KINDS[offered.kind],
        detail=offered.detail or None,
        documentation=lsp.MarkupContent(lsp.MarkupKind.Markdown, offered.doc) if offered.doc else None,
        sort_text=f"{offered.rank}{order:04}",
        insert_text_format=lsp.InsertTextFormat.Snippet if with_places else None,
        insert_text_mode=lsp.InsertTextMode.AdjustIndentation if with_places else None,
        text_edit=lsp.TextEdit(area, offered.snippet if with_places else offered.inserted),
    )


def _takes_snippets(server: Server) -> bool:
    document = server.client_capabilities.text_document
    completion = document.completion if document else None
    return bool(completion and completion.completion_item and completion.completion_item.snippet_support)
