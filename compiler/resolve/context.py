"""Where an expression stands: its file, its item, and the names around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import Struct, field

from ...base.span import Span
from ...grammar import syntax
from .. import types
from ..facts import DataFile, Draft, SavedState, Symbol, SymbolKind
from ..types import Type
from .narrowing import NOTHING, Narrowed, forget

Names = dict[str, Symbol]
"""The names that an item itself brings: locals, inputs, parameters, parts."""


class Flow(Struct, frozen=True):
    """What holds at a point of a body."""

    names: Names
    narrowed: Narrowed = NOTHING


class Loop(Struct, frozen=True):
    """The ways out of a loop's body, but for its end and `return`."""

    breaks: list[Flow] = field(default_factory=list)
    continues: list[Flow] = field(default_factory=list)


class Scope(Protocol):
    """What a file offers to the expressions in it. What is asked of it is noted down; see `environment`."""

    @property
    def path(self) -> str:
        """The file's path."""

    def symbol(self, name: str) -> Symbol | None:
        """What the file declares or imports under a name."""

    def lookup(self, name: str) -> Symbol | None:
        """What a name means at the top of the file: its own names, the runtime's, the built-ins."""

    def read(self, path: str) -> str | None:
        """The text of a file beside this one, by its path from this file's folder."""

    def data(self, path: str) -> DataFile | None:
        """What is known of a data file beside this one."""

    def state(self, path: str) -> SavedState | None:
        """What is known of a program's state beside this file; None where there is none."""

    def late(
        self, name: str, make: Callable[[Scope, Draft], types.Interface]
    ) -> Callable[[], types.Interface]:
        """Fields that are worked out once the names of the declaration are known, because these may recur."""


class Context(Struct, frozen=True):
    """Where an expression stands. What is found out about its nodes is written into the item."""

    scope: Scope
    item: Draft
    names: Names = field(default_factory=dict)
    returns: list[tuple[syntax.Return, Type]] = field(default_factory=list)
    """The `return` statements of the body, with the types of their values."""
    in_string: bool = False
    """Whether this is a type in a signature's string, where DSPy's further names count."""
    narrowed: Narrowed = NOTHING
    """What tests have left of the types of names and of attributes behind them."""
    loop: Loop | None = None
    """The innermost loop around a statement."""

    @property
    def flow(self) -> Flow:
        """What holds here."""
        return Flow(self.names, self.narrowed)

    def at(self, flow: Flow) -> Context:
        """The same item where something else holds."""
        if flow.names is self.names and flow.narrowed is self.narrowed:
            return self
        return Context(
            self.scope, self.item, flow.names, self.returns, self.in_string, flow.narrowed, self.loop
        )

    def knowing(self, narrowed: Narrowed | None) -> Context:
        """The same place where tests have left less; where nothing is left it is never reached."""
        return self if narrowed is None or narrowed is self.narrowed else self.at(Flow(self.names, narrowed))

    def lookup(self, name: str) -> Symbol | None:
        """What a name means here."""
        return self.names.get(name) or self.scope.lookup(name)

    def inside(self, names: Mapping[str, Symbol]) -> Context:
        """The same place with further names."""
        return self.at(Flow({**self.names, **names}, forget(self.narrowed, names.keys())))

    def in_loop(self, loop: Loop) -> Context:
        """The same place as the body of a loop."""
        return Context(self.scope, self.item, self.names, self.returns, self.in_string, self.narrowed, loop)

    def record(self, node: syntax.Node, kind: Type) -> Type:
        """Remember the type of a node, and return it."""
        if kind is types.UNKNOWN:
            self.item.types.pop(id(node), None)
        else:
            self.item.types[id(node)] = kind
        return kind

    def refer(self, node: syntax.Node, symbol: Symbol | None) -> None:
        """Remember what a name stands for."""
        if symbol is None:
            self.item.symbols.pop(id(node), None)
        else:
            self.item.symbols[id(node)] = symbol

    def place(self, span: Span, name: str = "") -> types.Place:
        """A range of the item, and where it can be found again when the item has changed."""
        return types.Place(self.scope.path, span, item=self.item.key, name=name)

    def declare(
        self, kind: SymbolKind, name: syntax.Identifier | syntax.Name, of: Type, visible: Span, doc: str = ""
    ) -> Symbol:
        """A name that the item brings, to be used in a range of it."""
        symbol = Symbol(name.text, kind, of, self.place(name.span), self.item.key, name, doc)
        self.refer(name, symbol)
        self.item.visible.append((visible, symbol))
        return symbol
