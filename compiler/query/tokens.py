"""Semantic tokens: what the names of a file are, which their letters alone do not tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from ...grammar import syntax
from ...grammar.source import Span
from .. import types
from ..analysis import FileAnalysis
from ..program import Item, Symbol
from ..trees import declared_names
from .at import nodes

KINDS = (
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
"""The kinds of tokens, of those that the protocol names."""
MODIFIERS = ("declaration", "readonly", "defaultLibrary")
"""What can be said of a token besides."""

_OF_SYMBOLS: Mapping[str, str] = {
    "lm": "variable",
    "type": "struct",
    "alias": "type",
    "enum": "enum",
    "signature": "interface",
    "module": "function",
    "module class": "class",
    "function": "function",
    "tools": "variable",
    "dataset": "variable",
    "optimizer": "variable",
    "program": "function",
    "evaluate": "variable",
    "constant": "variable",
    "python": "namespace",
    "input": "parameter",
    "output": "property",
    "parameter": "parameter",
    "part": "function",
    "local": "variable",
    "field": "property",
    "member": "enumMember",
}
_READ_ONLY = frozenset({"lm", "tools", "dataset", "optimizer", "evaluate", "constant"})


class Token(Struct, frozen=True):
    """A name, what it is, and what else is said of it."""

    span: Span
    kind: str
    modifiers: tuple[str, ...] = ()


def tokens(analysis: FileAnalysis, area: Span | None = None) -> list[Token]:
    """The names of a file, or of the declarations that a range of it touches, in the order of the text."""
    found: list[Token] = []
    for item in analysis.program.items:
        end = item.start + len(item.text)
        if area is None or (item.start <= area.end and end >= area.start):
            found += [
                Token(each.span.shifted(item.start), each.kind, each.modifiers) for each in _of_item(item)
            ]
    return found


def _of_item(item: Item) -> tuple[Token, ...]:
    """The tokens of an item, counted from its start; kept with it."""
    known: tuple[Token, ...] | None = item.memory.get(_of_item)
    if known is None:
        known = item.memory[_of_item] = tuple(sorted(_found(item), key=lambda each: each.span))
    return known


def _found(item: Item) -> Iterator[Token]:
    members = {
        id(node.name): _member(item, node) for node in nodes(item) if isinstance(node, syntax.Attribute)
    }
    declared = _declared(item)
    for node in nodes(item):
        if not isinstance(node, syntax.Name | syntax.Identifier) or not node.text:
            continue
        symbol = item.symbol_of(node)
        kind = _kind(symbol) if symbol is not None else members.get(id(node))
        if kind is None or node.span.end - node.span.start != len(node.text):
            continue
        modifiers = []
        if id(node) in declared:
            modifiers.append("declaration")
        if symbol is not None and symbol.kind in _READ_ONLY:
            modifiers.append("readonly")
        if symbol is not None and symbol.kind in ("runtime", "builtin"):
            modifiers.append("defaultLibrary")
        yield Token(node.span, kind, tuple(modifiers))


def _kind(symbol: Symbol) -> str | None:
    known = _OF_SYMBOLS.get(symbol.kind)
    if known is not None:
        return known
    match symbol.type:
        case types.Function() | types.Overloaded():
            return "function"
        case types.Class():
            return "class"
        case types.TypeForm():
            return "type"
        case types.PythonModule():
            return "namespace"
        case _:
            return "variable" if symbol.kind in ("imported", "runtime", "builtin") else None


def _member(item: Item, node: syntax.Attribute) -> str:
    """What stands behind a dot and has no symbol of its own."""
    is_called = isinstance(item.type_of(node), types.Function | types.Overloaded)
    return "function" if is_called else "property"


def _declared(item: Item) -> set[int]:
    """The identities of the names that declare something."""
    declaration = item.declaration
    is_import = isinstance(declaration, syntax.FromImport | syntax.Import)
    found: set[int] = set() if is_import else {id(name) for name in declared_names(declaration)}
    for node in nodes(item):
        match node:
            case syntax.Field(name=name) | syntax.Member(name=name) | syntax.Part(name=name):
                found.add(id(name))
            case syntax.Parameter(name=syntax.Identifier() as name):
                found.add(id(name))
    return found
