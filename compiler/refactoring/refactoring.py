"""What a refactoring is, and what it is offered for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from ...base.diagnostic import Edit
from ...base.once import once
from ...base.span import Span
from ...grammar import syntax
from ...grammar.lossless import tokenize
from ..analysis import FileAnalysis
from ..program import Item
from ..query.at import Found, find

Kind: TypeAlias = Literal["refactor.extract", "refactor.inline", "refactor.rewrite", "quickfix"]
"""As the Language Server Protocol calls them; a `quickfix` removes the finding that is there."""
Edits: TypeAlias = Mapping[str, Sequence[Edit]]
"""The replacements of ranges of files, by their paths."""


class Refactoring(Struct, frozen=True):
    """Something that can be done at a place."""

    title: str
    """What it does, as an order."""
    kind: Kind
    make: Callable[[], Edits]
    """Works out the edits."""
    code: str = ""
    """Of a `quickfix`: the kind of finding that it removes."""


class Selection(Struct, frozen=True, dict=True):
    """A range of a file that a user has selected; an empty one is where the cursor stands."""

    analysis: FileAnalysis
    span: Span

    @once
    def found(self) -> Found | None:
        """The nodes around the start of the selection; None in an item that does not parse."""
        found = find(self.analysis, self.span.start)
        return None if found is None or found.item.broken else found

    def nearest(self, kind: type[syntax.Node]) -> syntax.Node | None:
        """The innermost node of a class around the selection."""
        return next((each for each in reversed(self.path) if isinstance(each, kind)), None)

    @property
    def path(self) -> tuple[syntax.Node, ...]:
        """The nodes around the selection, outermost first."""
        return self.found.path if self.found is not None else ()

    def here(self, item: Item, edits: Iterable[Edit]) -> Edits:
        """Edits of an item of this file, whose spans count from its start."""
        return {self.analysis.path: [each.shifted(item.start) for each in edits]}


def inserted(offset: int, text: str) -> Edit:
    """The insertion of a text."""
    return Edit(Span(offset, offset), text)


def has_comment(text: str, span: Span) -> bool:
    """Whether a comment begins in a range of a text, which would be lost where that is written anew."""
    return "#" in text[span.start : span.end] and any(
        each.kind == "comment" and span.start <= each.start < span.end for each in tokenize(text)
    )


def above(item: Item) -> int:
    """Where a declaration goes that is to stand above an item: below the comments that are not its own."""
    text = item.text
    declared = item.declaration
    start = declared.span.start if declared is not None else 0
    blank = text.rfind("\n\n", 0, start)
    return 0 if blank < 0 else blank + 2


def indent_at(text: str, offset: int) -> str:
    """The blanks that the line of an offset begins with."""
    start = text.rfind("\n", 0, offset) + 1
    return text[start : len(text) - len(text[start:].lstrip(" \t"))]
