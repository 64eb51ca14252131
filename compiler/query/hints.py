"""Inlay hints: the types of variables that no annotation names and no constant tells."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from ...grammar import syntax
from ...grammar.source import Span
from .. import types
from ..analysis import FileAnalysis
from ..program import Item
from ..trees import walk
from ..types.display import display
from ..types.union import plain

LONGEST = 40
"""Characters of a type that are shown."""


class Hint(Struct, frozen=True):
    """A type, and the offset that it is shown at."""

    offset: int
    text: str


def hints(analysis: FileAnalysis, area: Span) -> Iterator[Hint]:
    """The types of the variables in a range of a file: of assignments, loops and comprehensions."""
    for item in analysis.program.items:
        if item.start > area.end:
            return
        if item.start + len(item.text) < area.start or item.broken:
            continue
        for name in _variables(item):
            end = item.start + name.span.end
            symbol = item.symbol_of(name)
            kind = plain(symbol.type) if symbol is not None and symbol.kind == "local" else types.UNKNOWN
            if area.start <= end <= area.end and types.known(kind):
                yield Hint(end, _shortened(display(kind)))


def _variables(item: Item) -> Iterator[syntax.Name]:
    """The names that get a value whose type is not plain from the text."""
    for assignment in item.nodes(syntax.Assign):
        if not isinstance(assignment.value, syntax.Constant | syntax.String | syntax.FString):
            yield from _names(assignment.target)
    for loop in item.nodes(syntax.For):
        yield from _names(loop.target)


def _names(target: syntax.Expression) -> Iterator[syntax.Name]:
    return (each for each in walk(target) if isinstance(each, syntax.Name) and each.text != "_")


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
