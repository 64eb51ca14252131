"""Document symbols: the outline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...compiler.analysis import FileAnalysis
from ...grammar.source import Source
from .. import convert
from ..protocol import DocumentParams, DocumentSymbol, Location, SymbolInformation, SymbolKind
from ..session import Server
from .handler import about_file

if TYPE_CHECKING:
    from ...compiler.query.symbols import OutlineEntry, OutlineKind

KINDS: dict[OutlineKind, SymbolKind] = {
    "lm": SymbolKind.OBJECT,
    "record": SymbolKind.STRUCT,
    "alias": SymbolKind.TYPE_PARAMETER,
    "enum": SymbolKind.ENUM,
    "signature": SymbolKind.INTERFACE,
    "module": SymbolKind.CLASS,
    "function": SymbolKind.FUNCTION,
    "tools": SymbolKind.ARRAY,
    "dataset": SymbolKind.ARRAY,
    "optimizer": SymbolKind.OBJECT,
    "program": SymbolKind.MODULE,
    "evaluate": SymbolKind.EVENT,
    "test": SymbolKind.METHOD,
    "constant": SymbolKind.CONSTANT,
    "configure": SymbolKind.NAMESPACE,
    "input": SymbolKind.FIELD,
    "output": SymbolKind.FIELD,
    "attribute": SymbolKind.FIELD,
    "member": SymbolKind.ENUM_MEMBER,
    "part": SymbolKind.PROPERTY,
    "parameter": SymbolKind.VARIABLE,
}


def _document_symbol(
    server: Server, analysis: FileAnalysis, params: DocumentParams
) -> list[DocumentSymbol] | list[SymbolInformation]:
    """The declarations of a file and what is in them; a flat list for a client that takes no tree."""
    from ...compiler.query.symbols import outline

    entries = outline(analysis)
    if server.client_can("textDocument.documentSymbol.hierarchicalDocumentSymbolSupport"):
        return [_tree(server, analysis.source, entry) for entry in entries]
    return _flat(server, analysis.source, params.text_document.uri, entries, None)


def _tree(server: Server, source: Source, entry: OutlineEntry) -> DocumentSymbol:
    return DocumentSymbol(
        name=entry.name or "?",
        detail=_detail(entry) or None,
        kind=KINDS[entry.kind],
        range=convert.range_of(source, entry.span, server.encoding),
        selection_range=convert.range_of(source, entry.name_span, server.encoding),
        children=[_tree(server, source, child) for child in entry.children],
    )


def _flat(
    server: Server, source: Source, uri: str, entries: Sequence[OutlineEntry], inside: str | None
) -> list[SymbolInformation]:
    found = []
    for entry in entries:
        place = Location(uri, convert.range_of(source, entry.span, server.encoding))
        found.append(SymbolInformation(entry.name or "?", KINDS[entry.kind], place, inside))
        found.extend(_flat(server, source, uri, entry.children, entry.name))
    return found


def _detail(entry: OutlineEntry) -> str:
    """What stands beside the name: `input str`, `part ChainOfThought`, `dataset Dataset`."""
    word = "" if entry.kind in ("attribute", "member", "record", "alias") else entry.kind
    return f"{word} {entry.detail}".strip() if entry.detail != word else word


HANDLERS = {"textDocument/documentSymbol": about_file(_document_symbol)}
CAPABILITIES = {"documentSymbolProvider": True}
