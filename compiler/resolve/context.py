"""Where an expression stands: its file, its item, and the names around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ...grammar import syntax
from ...grammar.source import Span
from .. import types
from ..program import CallKind, Item, Symbol, SymbolKind
from ..types import Type

Names = dict[str, Symbol]
"""The names that an item itself brings: locals, inputs, parameters, parts."""


class Scope(Protocol):
    """What a file offers to the expressions in it."""

    path: str

    def symbol(self, name: str) -> Symbol | None:
        """What the file declares or imports under a name."""

    def lookup(self, name: str) -> Symbol | None:
        """What a name means at the top of the file: its own names, the runtime's, the built-ins."""

    def read(self, path: str) -> str | None:
        """The text of a file beside this one, by its path from this file's folder."""

    def function_kind(self, name: str) -> CallKind:
        """What calling a `def` of the file runs."""


@dataclass(frozen=True)
class Context:
    """Where an expression stands. What is found out about its nodes is written into the item."""

    scope: Scope
    item: Item
    names: Names = field(default_factory=dict)
    returns: list[tuple[syntax.Return, Type]] = field(default_factory=list)
    """The `return` statements of the body, with the types of their values."""
    in_string: bool = False
    """Whether this is a type in a signature's string, where DSPy's further names count."""

    def lookup(self, name: str) -> Symbol | None:
        """What a name means here."""
        return self.names.get(name) or self.scope.lookup(name)

    def inside(self, names: Mapping[str, Symbol]) -> Context:
        """The same place with further names."""
        return Context(self.scope, self.item, {**self.names, **names}, self.returns, self.in_string)

    def record(self, node: syntax.Node, kind: Type) -> Type:
        """Remember the type of a node, and return it."""
        self.item.type_by_node[id(node)] = kind
        return kind

    def refer(self, node: syntax.Node, symbol: Symbol | None) -> None:
        """Remember what a name stands for."""
        if symbol is None:
            self.item.symbol_by_node.pop(id(node), None)
        else:
            self.item.symbol_by_node[id(node)] = symbol

    def place(self, span: Span) -> types.Place:
        """A range of the item as a place in the file."""
        return types.Place(self.scope.path, span.shifted(self.item.start))

    def declare(
        self, kind: SymbolKind, name: syntax.Identifier | syntax.Name, of: Type, visible: Span, doc: str = ""
    ) -> Symbol:
        """A name that the item brings, to be used in a range of it."""
        place = self.place(name.span)
        symbol = Symbol(name.text, kind, of, place, self.item.index, name, doc)
        self.refer(name, symbol)
        self.item.visible.append((visible, symbol))
        return symbol
