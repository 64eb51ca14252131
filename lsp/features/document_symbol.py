"""Document symbols: the outline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from ...compiler.query.symbols import OutlineEntry, OutlineKind, outline
from .. import convert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...grammar.source import Source
    from ..session import Server

METHOD = lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL
OPTIONS = None

_KINDS: dict[OutlineKind, lsp.SymbolKind] = {
    "lm": lsp.SymbolKind.Object,
    "record": lsp.SymbolKind.Struct,
    "alias": lsp.SymbolKind.TypeParameter,
    "enum": lsp.SymbolKind.Enum,
    "signature": lsp.SymbolKind.Interface,
    "module": lsp.SymbolKind.Class,
    "function": lsp.SymbolKind.Function,
    "tools": lsp.SymbolKind.Array,
    "dataset": lsp.SymbolKind.Array,
    "optimizer": lsp.SymbolKind.Object,
    "program": lsp.SymbolKind.Module,
    "evaluate": lsp.SymbolKind.Event,
    "test": lsp.SymbolKind.Method,
    "constant": lsp.SymbolKind.Constant,
    "configure": lsp.SymbolKind.Namespace,
    "input": lsp.SymbolKind.Field,
    "output": lsp.SymbolKind.Field,
    "attribute": lsp.SymbolKind.Field,
    "member": lsp.SymbolKind.EnumMember,
    "part": lsp.SymbolKind.Property,
    "parameter": lsp.SymbolKind.Variable,
}


def handle(
    server: Server, params: lsp.DocumentSymbolParams
) -> list[lsp.DocumentSymbol] | list[lsp.SymbolInformation] | None:
    """The declarations of a file and what is in them; a flat list for a client that takes no tree."""
    analysis = server.files.analysis(params.text_document.uri)
    if analysis is None:
        return None
    entries = outline(analysis)
    document = server.client_capabilities.text_document
    capability = document.document_symbol if document else None
    if capability is not None and capability.hierarchical_document_symbol_support:
        return [_tree(server, analysis.source, entry) for entry in entries]
    return _flat(server, analysis.source, params.text_document.uri, entries, None)


def _tree(server: Server, source: Source, entry: OutlineEntry) -> lsp.DocumentSymbol:
    return lsp.DocumentSymbol(
        name=entry.name or "?",
        detail=_detail(entry) or None,
        kind=_KINDS[entry.kind],
        range=convert.range_of(source, entry.span, server.encoding),
        selection_range=convert.range_of(source, entry.name_span, server.encoding),
        children=[_tree(server, source, child) for child in entry.children],
    )


def _flat(
    server: Server, source: Source, uri: str, entries: Sequence[OutlineEntry], inside: str | None
) -> list[lsp.SymbolInformation]:
    found = []
    for entry in entries:
        place = lsp.Location(uri, convert.range_of(source, entry.span, server.encoding))
        found.append(
            lsp.SymbolInformation(place, entry.name or "?", _KINDS[entry.kind], container_name=inside)
        )
        found.extend(_flat(server, source, uri, entry.children, entry.name))
    return found


def _detail(entry: OutlineEntry) -> str:
    """What stands beside the name: `input str`, `part ChainOfThought`, `dataset Dataset`."""
    word = "" if entry.kind in ("attribute", "member", "record", "alias") else entry.kind
    return f"{word} {entry.detail}".strip() if entry.detail != word else word
