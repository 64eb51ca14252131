"""Inlay hints: types of variables that nothing else tells, names of parameters, calls that run together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from msgspec import Struct

from ...base.text import list_names
from ...grammar import syntax
from ...grammar.source import Span
from .. import types
from ..analysis import FileAnalysis
from ..program import Item
from ..trees import walk
from ..types.display import display
from ..types.union import plain
from .concurrency import together

LONGEST = 40
"""Characters of a type that are shown."""


HintKind: TypeAlias = Literal["type", "parameter", "together"]

_CONSTANT = (
    syntax.Constant,
    syntax.String,
    syntax.FString,
    syntax.List,
    syntax.Dict,
    syntax.Set,
    syntax.Tuple,
)
"""The values that do not tell what they are for."""
_NAMED = ("function", "imported", "module class")
"""The kinds of what has parameters that a user has named."""


class Hint(Struct, frozen=True):
    """What is shown, and the offset that it is shown at."""

    offset: int
    text: str
    kind: HintKind
    help: str = ""
    """A sentence for whoever asks more."""


def hints(analysis: FileAnalysis, area: Span, kinds: frozenset[HintKind]) -> Iterator[Hint]:
    """What can be shown in a range of a file, of these kinds."""
    for item in analysis.program.items:
        if item.start > area.end:
            return
        if item.start + len(item.text) < area.start or item.broken:
            continue
        found: list[Hint] = []
        if "type" in kinds:
            found += _types(item)
        if "parameter" in kinds:
            found += _parameters(item)
        if "together" in kinds:
            found += _together(analysis, item)
        yield from (each for each in found if area.start <= each.offset <= area.end)


def _types(item: Item) -> Iterator[Hint]:
    """The types of variables: of assignments, loops and comprehensions."""
    for name in _variables(item):
        symbol = item.symbol_of(name)
        kind = plain(symbol.type) if symbol is not None and symbol.kind == "local" else types.UNKNOWN
        if types.known(kind):
            yield Hint(item.start + name.span.end, _shortened(display(kind)), "type")


def _parameters(item: Item) -> Iterator[Hint]:
    """The names of parameters that constants are given to by position."""
    for call in item.nodes(syntax.Call):
        symbol = item.symbol_of(call.function) if isinstance(call.function, syntax.Name) else None
        is_named = symbol is not None and symbol.kind in _NAMED
        for given, parameter in item.binding_of(call).matched if is_named else ():
            if given.name is None and not given.star and isinstance(given.value, _CONSTANT):
                yield Hint(item.start + given.span.start, parameter.name, "parameter")


def _together(analysis: FileAnalysis, item: Item) -> Iterator[Hint]:
    """Which statements make calls while others do."""
    for each in together(analysis, item):
        named = list_names(each.others)
        words = f"with {', '.join(each.others)}" if each.others else "all at once"
        told = f"These calls are in flight at the same time as those for {named}." if named else ""
        yield Hint(each.offset, words, "together", told or "The calls of all items are in flight together.")


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
