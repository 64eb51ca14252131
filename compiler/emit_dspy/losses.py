"""What cannot be said with DSPy's means: noted with its line, and what depends on it is left out."""

from __future__ import annotations

import ast

from msgspec import Struct, field


class Loss(Struct, frozen=True, order=True):
    """Something that the built module lacks, or does otherwise."""

    line: int
    """In the `.dspy` file, from 1."""
    message: str


class CannotSay(Exception):
    """A declaration uses what DSPy does not have; the argument says what."""


class Losses(Struct):
    """What has been lost so far."""

    found: list[Loss] = field(default_factory=list)

    def note(self, node: ast.AST, message: str) -> None:
        """Note something at the line of a node."""
        loss = Loss(getattr(node, "lineno", 1), message)
        if loss not in self.found:
            self.found.append(loss)
