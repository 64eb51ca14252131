"""What a rule is: a kind of finding with the function that finds it, and what rules are written with.

A rule for items declares the classes of nodes that it looks at, and is called once for each such node. What
it finds follows from the item and from what it asks the program by name, from nothing else: so findings are
remembered with the item. A rule for files is called once for a program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeAlias, get_args

from ...base.diagnostic import Applicability, Diagnostic, Edit, Fix, Label, Severity
from ...base.span import Span
from ...grammar import syntax
from .. import types
from ..program import Item, Program, Symbol
from .kind import FixAvailability, Kind

Findings: TypeAlias = Iterator[Diagnostic]
"""What a rule gives."""
ItemLook: TypeAlias = Callable[[Program, Item, Any], Findings]
FileLook: TypeAlias = Callable[[Program], Findings]


class ItemRule(Kind, frozen=True):
    """A rule that looks at the nodes of one item; ranges count from the item's start."""

    on: tuple[type[syntax.Node], ...]
    look: ItemLook
    scope: Literal["item"] = "item"


class FileRule(Kind, frozen=True):
    """A rule that looks at a whole program; ranges count from the start of the file."""

    look: FileLook
    scope: Literal["file"] = "file"


Rule: TypeAlias = ItemRule | FileRule


def rule(
    code: str,
    name: str,
    *on: type[syntax.Node],
    fix: FixAvailability = "none",
    severity: Severity = "error",
    since: str = "0.1",
) -> Callable[[ItemLook], ItemRule]:
    """Make a rule for items of a function; its docstring is the page, its folder the category."""

    def make(look: ItemLook) -> ItemRule:
        return ItemRule(code, name, severity, _category(look), fix, since, look.__doc__ or "", on, look)

    return make


def file_rule(
    code: str,
    name: str,
    fix: FixAvailability = "none",
    severity: Severity = "error",
    since: str = "0.1",
) -> Callable[[FileLook], FileRule]:
    """Make a rule for files of a function; its docstring is the page, its folder the category."""

    def make(look: FileLook) -> FileRule:
        return FileRule(code, name, severity, _category(look), fix, since, look.__doc__ or "", look)

    return make


def _category(look: Callable[..., object]) -> str:
    return look.__module__.split(".")[-2]


DECLARATIONS: tuple[type[syntax.Node], ...] = get_args(syntax.Declaration)
"""Every declaration: for rules that look at what an item brings, not at its nodes."""
Body: TypeAlias = syntax.FunctionDeclaration | syntax.TestDeclaration | syntax.ModuleDeclaration
"""What has statements."""
BODIES: tuple[type[syntax.Node], ...] = get_args(Body)


# --- what rules are written with ------------------------------------------------------------------------


def replace(
    title: str, location: syntax.Node | Span, text: str, applicability: Applicability = "unsafe"
) -> Fix:
    """A fix that replaces one range of the item."""
    span = location.span if isinstance(location, syntax.Node) else location
    return Fix(title, (Edit(span, text),), applicability)


def insert(title: str, offset: int, text: str, applicability: Applicability = "unsafe") -> Fix:
    """A fix that inserts a text into the item."""
    return replace(title, Span(offset, offset), text, applicability)


def label(program: Program, place: types.Place | None, message: str) -> tuple[Label, ...]:
    """A label at a place of this or another file; none where the place is not known.

    It names its file even where that is the program's own, because its range does not count from the item.
    """
    if place is None or place.span is None:
        return ()
    return (Label(place.span, message, place.path, place.item, place.name),)


def declared_at(program: Program, symbol: Symbol) -> tuple[Label, ...]:
    """A label at the declaration of a name."""
    return label(program, symbol.place, f"`{symbol.name}` is declared here")


def written(item: Item, node: syntax.Node) -> str:
    """A node as it is written, on one line."""
    return " ".join(item.text[node.span.start : node.span.end].split())
