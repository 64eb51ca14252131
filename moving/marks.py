"""What is known of the statements of a Python file, beside its tree."""

from __future__ import annotations

import ast

from msgspec import Struct


class Mark(Struct):
    """What is known of a statement."""

    is_changed: bool = False
    """Whether it is otherwise than in the file."""
    told: list[str] = []
    """What is to be said of it."""
    is_script: bool = False
    """Whether it only does something when the file is run."""
    runs_with: str | None = None
    """Of a function that does nothing but run with the options of the command line: its parameter."""
    left_out: str = ""
    """Why it is left out, where that is known from the start."""
    python: str | None = None
    """It as Python, where it is changed."""


class Marks:
    """The marks of statements."""

    def __init__(self) -> None:
        self._known: dict[ast.AST, Mark] = {}

    def of(self, node: ast.AST) -> Mark:
        """The mark of a statement, which can be written on."""
        return self._known.setdefault(node, Mark())

    def change(self, node: ast.AST, *told: str) -> None:
        """Note that a statement is otherwise than in the file, and what is to be said of that."""
        mark = self.of(node)
        mark.is_changed = True
        mark.told += [each for each in told if each not in mark.told]
