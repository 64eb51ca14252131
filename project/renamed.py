"""What a renaming in programs changes elsewhere: in Python, in states of programs, in data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from ..base.span import Span
from ..compiler import types
from ..compiler.query import at
from ..compiler.query.definition import definition
from ..grammar import syntax
from ..grammar.source import Source

if TYPE_CHECKING:
    from ..compiler.analysis import FileAnalysis
    from ..compiler.types import Place
    from .workspace import Workspace

Where: TypeAlias = Literal["python", "state", "data"]


class Elsewhere(Struct, frozen=True):
    """A place outside of the programs' own names, and what is written there instead."""

    where: Where
    path: str
    source: Source
    """The text, or as much of it as is needed to count columns."""
    span: Span
    text: str


class Subject(Struct, frozen=True):
    """What is renamed."""

    files: Workspace
    path: str
    """The file that declares it."""
    place: Place
    """Where its name stands there."""
    kind: Literal["declared", "field", "part", "other"]
    old: str
    new: str
    inside: str = ""
    """The declaration that a field or part belongs to."""

    def is_field(self, analysis: FileAnalysis, interface: types.Interface) -> bool:
        """Whether the field of the old name, of an interface in some file, is the one that is renamed."""
        field = interface.field(self.old)
        if self.kind != "field" or field is None or field.place is None:
            return False
        found = analysis.program.locate(field.place)
        return (found.path, found.span) == (self.path, self.place.span)


def subject_at(files: Workspace, path: str, offset: int, new: str) -> Subject | None:
    """What the name at an offset of a file is the name of; None where no `.dspy` file declares it."""
    analysis = files.analyse(path)
    place = definition(analysis, offset)
    if place is None or place.span is None or not types.in_program(place.path):
        return None
    there = files.analyse(place.path)
    found = at.find(there, place.span.start)
    if found is None:
        return None
    old = there.source.text[place.span.start : place.span.end]
    declaration = found.item.declaration
    inside = getattr(getattr(declaration, "name", None), "text", "")
    parent = found.parent(found.node)
    kind: Literal["declared", "field", "part", "other"] = "other"
    if parent is declaration and not isinstance(declaration, syntax.FromImport | syntax.Import):
        kind, inside = "declared", ""
    elif isinstance(parent, syntax.Field):
        kind = "field"
        inside = inside or next((each.text for each in getattr(declaration, "names", ())), "")
    elif isinstance(parent, syntax.Part):
        kind = "part"
    return Subject(files, place.path, place, kind, old, new, inside)


def module_types(analysis: FileAnalysis) -> Iterator[tuple[str, types.Module]]:
    """The modules and programs that a file declares, by name."""
    for name, symbol in analysis.program.symbols.items():
        if isinstance(symbol.type, types.Module):
            yield name, symbol.type
