"""What the schedule has to know of the body that it looks at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from ...grammar import syntax
from ..program import CallKind, Symbol
from .names import parts

_LOCAL = ("local", "input")


class View(Protocol):
    """A body of statements, and what was decided about it so far."""

    @property
    def asynchronous(self) -> bool:
        """Whether calls of modules are awaited: in `forward`, and where a `def` or test makes such calls."""

    @property
    def parameters(self) -> frozenset[int]:
        """The parameters of the module around (the identities of their names), which are not variables."""

    @property
    def replaced(self) -> dict[int, str]:
        """Expressions that are worked out before their statement: by the node's identity, their variable."""

    @property
    def is_module(self) -> bool:
        """Whether the body belongs to a module, whose parts it calls."""

    def symbol(self, node: syntax.Node) -> Symbol | None:
        """What a name stands for."""

    def call_kind(self, node: syntax.Call) -> CallKind:
        """What a call runs."""

    def local(self, text: str) -> str:
        """What a variable is called where the body runs."""

    def fresh(self, hint: str) -> str:
        """A variable that the body does not have yet."""


def reads(view: View, *nodes: syntax.Node) -> frozenset[str]:
    """The variables that expressions or statements read, as they are called where the body runs."""
    return frozenset(_reads(view, nodes, frozenset()))


def _reads(view: View, nodes: Iterable[syntax.Node], own: frozenset[str]) -> Iterator[str]:
    for node in nodes:
        if id(node) in view.replaced:
            yield view.replaced[id(node)]
        elif isinstance(node, syntax.Name):
            if is_local(view, node) and node.text not in own:
                yield view.local(node.text)
        else:
            for part, names in parts(node, own):
                yield from _reads(view, [part], names)


def is_local(view: View, node: syntax.Name) -> bool:
    """Whether a name stands for a variable of the body (or for a value made on the way)."""
    symbol = view.symbol(node)
    if symbol is not None and symbol.kind == "parameter":
        return id(symbol.node) not in view.parameters
    return symbol is None or symbol.kind in _LOCAL
