"""The variables that a debugger shows the values of, beside the lines that name them."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from ...grammar import syntax
from ...grammar.source import Span
from ..analysis import FileAnalysis
from ..program import Item

_SHOWN = ("local", "input", "parameter")


class Variable(Struct, frozen=True):
    """A variable where it is named; the debugger knows it by this name."""

    span: Span
    name: str


def variables(analysis: FileAnalysis, area: Span, stopped: int) -> Iterator[Variable]:
    """The variables in a range of the declaration that has stopped, up to the line of the offset `stopped`.

    Each is given once a line.
    """
    item = analysis.program.item_at(stopped)
    if item is None:
        return
    source = analysis.source
    last = source.line_of(stopped)
    seen: set[tuple[int, str]] = set()
    for name in sorted(_names(item), key=lambda each: each.span):
        span = item.at(name)
        line = source.line_of(span.start)
        if line > last or not area.start <= span.start <= area.end or (line, name.text) in seen:
            continue
        seen.add((line, name.text))
        yield Variable(span, name.text)


def _names(item: Item) -> list[syntax.Name | syntax.Identifier]:
    found: list[syntax.Name | syntax.Identifier] = []
    for node in item.all_nodes():
        if isinstance(node, syntax.Name):
            symbol = item.symbol_of(node)
            if symbol is not None and symbol.kind in _SHOWN:
                found.append(node)
        elif isinstance(node, syntax.Parameter) and node.name is not None:
            found.append(node.name)
    return found
