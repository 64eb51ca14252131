"""Declarations and names."""

from __future__ import annotations

from enum import IntEnum

from .documents import PositionParams
from .places import Location, Range, Structure


class SymbolKind(IntEnum):
    """The picture beside a name in an outline."""

    MODULE = 2
    NAMESPACE = 3
    CLASS = 5
    METHOD = 6
    PROPERTY = 7
    FIELD = 8
    ENUM = 10
    INTERFACE = 11
    FUNCTION = 12
    VARIABLE = 13
    CONSTANT = 14
    ARRAY = 18
    OBJECT = 19
    ENUM_MEMBER = 22
    STRUCT = 23
    EVENT = 24
    TYPE_PARAMETER = 26


class DocumentSymbol(Structure, frozen=True):
    """A declaration and what is in it."""

    name: str
    kind: SymbolKind
    range: Range
    selection_range: Range
    detail: str | None = None
    children: list[DocumentSymbol] | None = None


class SymbolInformation(Structure, frozen=True):
    """A declaration, without what is in it."""

    name: str
    kind: SymbolKind
    location: Location
    container_name: str | None = None


class ReferenceContext(Structure, frozen=True):
    """What counts as a reference."""

    include_declaration: bool = True


class ReferenceParams(PositionParams, frozen=True):
    """The places of the name at a cursor, anywhere in the project."""

    context: ReferenceContext = ReferenceContext()


class DocumentHighlightKind(IntEnum):
    """What is done with a name where it stands."""

    TEXT = 1
    READ = 2
    WRITE = 3


class DocumentHighlight(Structure, frozen=True):
    """A place of the name at the cursor."""

    range: Range
    kind: DocumentHighlightKind


class WorkspaceSymbolParams(Structure, frozen=True):
    """The names that a text stands for, anywhere in the project."""

    query: str
