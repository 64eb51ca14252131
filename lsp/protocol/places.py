"""Structures that everything else is made of: positions, ranges, edits of text."""

from __future__ import annotations

import msgspec


class Structure(msgspec.Struct, rename="camel", omit_defaults=True, frozen=True):
    """The base of all structures; what has its default value is not sent."""


class Position(Structure, frozen=True):
    """A line and a column, both from 0; what a column counts was agreed on at the start."""

    line: int
    character: int


class Range(Structure, frozen=True):
    """From one position to another, the end excluded."""

    start: Position
    end: Position


class Location(Structure, frozen=True):
    """A range in a file."""

    uri: str
    range: Range


class TextEdit(Structure, frozen=True):
    """A replacement of a range."""

    range: Range
    new_text: str


class MarkupContent(Structure, omit_defaults=False, frozen=True):
    """A text in Markdown."""

    value: str
    kind: str = "markdown"
