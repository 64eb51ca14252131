"""The patterns of `case`."""

from __future__ import annotations

from typing import TypeAlias

from .expressions import Expression
from .node import Identifier, Node


class ValuePattern(Node, frozen=True, gc=False):
    """A constant, a string, a negative number or a dotted name."""

    value: Expression


class CapturePattern(Node, frozen=True, gc=False):
    """A name that binds what it matches; `_` binds nothing."""

    name: Identifier


class StarPattern(Node, frozen=True, gc=False):
    """`*rest` in a sequence pattern."""

    name: Identifier


class SequencePattern(Node, frozen=True, gc=False):
    """`[a, b, *rest]`, `(a, b)` or `a, b`"""

    elements: tuple[Pattern, ...]


class MappingPattern(Node, frozen=True, gc=False):
    """`{"key": pattern}`; `rest` is the name behind `**`."""

    entries: tuple[tuple[Expression, Pattern], ...]
    rest: Identifier | None = None


class ClassPattern(Node, frozen=True, gc=False):
    """`Entity(name=n, kind="person")`"""

    name: Expression
    positional: tuple[Pattern, ...]
    keywords: tuple[tuple[Identifier, Pattern], ...]


class OrPattern(Node, frozen=True, gc=False):
    """`a | b`"""

    options: tuple[Pattern, ...]


class AsPattern(Node, frozen=True, gc=False):
    """`pattern as name`"""

    pattern: Pattern
    name: Identifier


Pattern: TypeAlias = (
    ValuePattern
    | CapturePattern
    | StarPattern
    | SequencePattern
    | MappingPattern
    | ClassPattern
    | OrPattern
    | AsPattern
)
