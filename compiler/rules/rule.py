"""What a rule is: a code, a name, a page of documentation, and a function from an item to findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from inspect import cleandoc
from typing import TypeAlias

from ...grammar import syntax
from ...grammar.source import Span
from .. import types
from ..diagnostic import Diagnostic, Edit, Fix, Label, Severity
from ..program import Item, Program, Symbol


@dataclass(frozen=True)
class Finding:
    """What a rule finds in an item; its range and those of the fix count from the item's start."""

    place: syntax.Node | Span
    message: str
    help: str | None = None
    fix: Fix | None = None
    labels: tuple[Label, ...] = ()


Check: TypeAlias = Callable[[Program, Item], Iterable[Finding]]


@dataclass(frozen=True)
class Rule:
    """A rule. Its page says what is wrong and why, and shows a mistake with carets and what is right."""

    code: str
    name: str
    severity: Severity
    page: str
    look: Check

    def check(self, program: Program, item: Item) -> Iterator[Diagnostic]:
        """What the rule finds in an item."""
        for found in self.look(program, item):
            yield Diagnostic(
                self.code,
                self.name,
                self.severity,
                item.at(found.place),
                found.message,
                found.labels,
                found.help,
                () if found.fix is None else (found.fix.shifted(item.start),),
            )


def rule(code: str, name: str, severity: Severity = "error") -> Callable[[Check], Rule]:
    """Make a rule of a function; the function's docstring is its page."""

    def make(look: Check) -> Rule:
        return Rule(code, name, severity, cleandoc(look.__doc__ or ""), look)

    return make


def replace(title: str, place: syntax.Node | Span, text: str, *, safe: bool = False) -> Fix:
    """A fix that replaces one range of the item."""
    span = place.span if isinstance(place, syntax.Node) else place
    return Fix(title, (Edit(span, text),), "safe" if safe else "unsafe")


def label(program: Program, place: types.Place | None, message: str) -> tuple[Label, ...]:
    """A label at a place of this or another file; none where the place is not known."""
    if place is None or place.span is None:
        return ()
    return (Label(place.span, message, None if place.path == program.path else place.path),)


def declared_at(program: Program, symbol: Symbol) -> tuple[Label, ...]:
    """A label at the declaration of a name."""
    return label(program, symbol.place, f"`{symbol.name}` is declared here")


def written(item: Item, node: syntax.Node) -> str:
    """A node as it is written, on one line."""
    return " ".join(item.text[node.span.start : node.span.end].split())
