"""Completion: the compiler's offers as the protocol's items."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from ...compiler.analysis import FileAnalysis
from ...grammar.source import Source
from .. import convert
from ..docstrings import as_markdown
from ..protocol import (
    CompletionItem,
    CompletionItemKind,
    CompletionItemLabelDetails,
    CompletionList,
    CompletionParams,
    InsertTextFormat,
    InsertTextMode,
    MarkupContent,
    TextEdit,
)
from ..session import Server
from .handler import Handler, about_position

if TYPE_CHECKING:
    from ...compiler.completion.items import Completion, CompletionKind
    from ...compiler.completion.surroundings import Export

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
_QUIET_TRIGGERS = {" ", ":", "=", "(", "[", "'", '"', "/"}
"""Characters behind which only what fits the place is worth a list that the user did not ask for."""


def _complete(
    server: Server, analysis: FileAnalysis, offset: int, params: CompletionParams
) -> CompletionList:
    """What may stand at the cursor."""
    from ...compiler.completion.complete import complete
    from ...compiler.completion.context import context_at

    asked_by = params.context.trigger_character if params.context is not None else None
    if asked_by == ":" and context_at(analysis, offset).kind != "type":
        # The end of `forward:`: a list would take the Enter that comes next.
        return CompletionList(is_incomplete=False, items=[])
    offered = complete(analysis, offset, _Around(server, analysis.path))
    return _listed(server, analysis.source, offered, params)


def _of_settings(server: Server, source: Source, offset: int, params: CompletionParams) -> CompletionList:
    """What may stand at the cursor in a file of settings."""
    from ...project.settings_help import complete

    return _listed(server, source, complete(source.uri, source.text, offset), params)


def _listed(
    server: Server, source: Source, offered: tuple[Completion, ...], params: CompletionParams
) -> CompletionList:
    """Offers as a list that the client takes."""
    context = params.context
    if context is not None and context.trigger_character in _QUIET_TRIGGERS:
        likely = min((each.rank for each in offered), default=0)
        offered = tuple(each for each in offered if each.rank == likely == 0)
    client = _Client(
        snippets=bool(server.client_can(f"{_ITEM}.snippetSupport")),
        label_details=bool(server.client_can(f"{_ITEM}.labelDetailsSupport")),
        resolves="documentation" in (server.client_can(f"{_ITEM}.resolveSupport.properties") or ()),
    )
    if client.resolves:
        server.offered = (server.offered[0] + 1, offered)
    items = [_item(server, source, each, order, client) for order, each in enumerate(offered)]
    return CompletionList(is_incomplete=False, items=items)


def _documentation(offered: Completion) -> MarkupContent:
    return MarkupContent(as_markdown(offered.doc))


def _beside(offered: Completion) -> CompletionItemLabelDetails:
    """What stands beside a label; a long one would take its place from the label."""
    most = max(WIDTH - len(offered.label), LEAST)
    text = "class" if offered.detail == f"class {offered.label}" else offered.detail
    return CompletionItemLabelDetails(text if len(text) <= most else f"{text[: most - 1]}…")


WIDTH = 46
"""Characters of an offer that VS Code shows in its list as it is at first."""
LEAST = 12
"""Characters of the detail that are shown in any case; the rest comes with the documentation."""
_ITEM = "textDocument.completion.completionItem"


class _Client(Struct, frozen=True):
    """What the client does with an item."""

    snippets: bool
    label_details: bool
    resolves: bool
    """Whether it asks for the documentation of the item that its user looks at."""


class _Around:
    """The files around one, as `compiler.completion.surroundings` asks for them."""

    def __init__(self, server: Server, path: str) -> None:
        self._files = server.files
        self._path = path
        self._imports = server.configuration.completion.auto_imports

    def modules(self, level: int, packages: Sequence[str]) -> Iterable[str]:
        return self._files.importable(self._path, level, packages)

    def files(self, folder: str, endings: Sequence[str]) -> Iterable[str]:
        return self._files.entries(self._path, folder, endings)

    def exports(self, prefix: str) -> Iterable[Export]:
        if not self._imports:
            return ()
        return self._files.exports(self._path, prefix)


def _item(server: Server, source: Source, offered: Completion, order: int, client: _Client) -> CompletionItem:
    area = convert.range_of(source, offered.replaced, server.encoding)
    with_places = client.snippets and bool(offered.snippet)
    detail = offered.detail or None
    return CompletionItem(
        label=offered.label,
        kind=_KINDS[offered.kind],
        detail=None if client.label_details else detail,
        label_details=_beside(offered) if client.label_details and detail else None,
        documentation=_documentation(offered) if offered.doc and not client.resolves else None,
        sort_text=f"{offered.rank}{order:04}",
        insert_text_format=InsertTextFormat.SNIPPET if with_places else None,
        insert_text_mode=InsertTextMode.ADJUST_INDENTATION if with_places else None,
        text_edit=TextEdit(area, offered.snippet if with_places else offered.inserted),
        additional_text_edits=convert.text_edits(source, offered.more, server.encoding) or None,
        data=[server.offered[0], order] if client.resolves and offered.doc else None,
    )


def _resolve(server: Server, item: CompletionItem) -> CompletionItem:
    """An item of the last list with its documentation."""
    number, offered = server.offered
    if item.data is None or item.data[0] != number or not 0 <= item.data[1] < len(offered):
        return item
    chosen = offered[item.data[1]]
    return replace(item, documentation=_documentation(chosen), detail=chosen.detail or None)


HANDLERS = {
    "textDocument/completion": about_position(_complete, CompletionParams, _of_settings),
    "completionItem/resolve": Handler(CompletionItem, _resolve),
}
CAPABILITIES = {
    "completionProvider": {
        "triggerCharacters": [".", '"', "'", "(", "[", " ", ":", "=", "/"],
        "resolveProvider": True,
        "completionItem": {"labelDetailsSupport": True},
    }
}
