"""Completion: the compiler's offers as the protocol's items."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ...compiler.analysis import FileAnalysis
from .. import convert
from ..protocol import (
    CompletionItem,
    CompletionItemKind,
    CompletionList,
    CompletionParams,
    InsertTextFormat,
    InsertTextMode,
    MarkupContent,
    TextEdit,
)
from ..session import Server
from .handler import about_position

if TYPE_CHECKING:
    from ...compiler.completion.items import Completion, CompletionKind

_KINDS: dict[CompletionKind, CompletionItemKind] = {
    "keyword": CompletionItemKind.KEYWORD,
    "class": CompletionItemKind.CLASS,
    "function": CompletionItemKind.FUNCTION,
    "field": CompletionItemKind.FIELD,
    "parameter": CompletionItemKind.PROPERTY,
    "variable": CompletionItemKind.VARIABLE,
    "value": CompletionItemKind.VALUE,
    "module": CompletionItemKind.MODULE,
    "type": CompletionItemKind.STRUCT,
    "member": CompletionItemKind.ENUM_MEMBER,
    "constant": CompletionItemKind.CONSTANT,
}
_QUIET_TRIGGERS = {" ", ":", "=", "(", "[", "'", '"'}
"""Characters behind which only what fits the place is worth a list that the user did not ask for."""


def _complete(
    server: Server, analysis: FileAnalysis, offset: int, params: CompletionParams
) -> CompletionList:
    """What may stand at the cursor."""
    from ...compiler.completion.complete import complete

    offered = complete(analysis, offset, partial(server.files.importable, analysis.path))
    context = params.context
    if context is not None and context.trigger_character in _QUIET_TRIGGERS:
        likely = min((each.rank for each in offered), default=0)
        offered = tuple(each for each in offered if each.rank == likely == 0)
    snippets = bool(server.client_can("textDocument.completion.completionItem.snippetSupport"))
    items = [_item(server, analysis, each, order, snippets=snippets) for order, each in enumerate(offered)]
    return CompletionList(is_incomplete=False, items=items)


def _item(
    server: Server, analysis: FileAnalysis, offered: Completion, order: int, *, snippets: bool
) -> CompletionItem:
    area = convert.range_of(analysis.source, offered.replaced, server.encoding)
    with_places = snippets and bool(offered.snippet)
    return CompletionItem(
        label=offered.label,
        kind=_KINDS[offered.kind],
        detail=offered.detail or None,
        documentation=MarkupContent(offered.doc) if offered.doc else None,
        sort_text=f"{offered.rank}{order:04}",
        insert_text_format=InsertTextFormat.SNIPPET if with_places else None,
        insert_text_mode=InsertTextMode.ADJUST_INDENTATION if with_places else None,
        text_edit=TextEdit(area, offered.snippet if with_places else offered.inserted),
    )


HANDLERS = {"textDocument/completion": about_position(_complete, CompletionParams)}
CAPABILITIES = {"completionProvider": {"triggerCharacters": [".", '"', "'", "(", "[", " ", ":", "="]}}
