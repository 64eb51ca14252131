"""Where things are declared."""

from __future__ import annotations

from msgspec import Struct

from ...base.span import Span


def in_program(path: str) -> bool:
    """Whether what has this path is declared in a program, not in Python.

    Not every program is a `.dspy` file: a new text of an editor has no name yet.
    """
    return bool(path) and not path.endswith((".py", ".pyi"))


class Place(Struct, frozen=True):
    """Where something is declared: a file, the range of its name there, and the line from 0."""

    path: str
    span: Span | None = None
    """From the start of the item, as its text was when the place was noted; without an item, of the file."""
    line: int | None = None
    item: str = ""
    """The key of the item of a `.dspy` file, so that the place stays true when lines are added above."""
    name: str = ""
    """What is declared there, so that it is found after its item has changed: a name of the item, with a dot
    before it something inside of the item, in a Python file a dotted name."""
