"""Descriptions that stand alone on the line below their field, one level deeper."""

from __future__ import annotations

from ..lexing.tokens import Token, vocabulary
from .leaves import Leaf, is_operand
from .measuring import Line, fits


def split_description(text: str, tokens: list[Token]) -> tuple[list[Token], list[Token]]:
    """A line and the description below it, which is empty where the line has none or has it behind itself.

    Nothing else outside of brackets stands on another line than what comes before it.
    """
    known = vocabulary()
    if len(tokens) < 2 or tokens[-1].kind != known.string:
        return tokens, []
    between = text[tokens[-2].end : tokens[-1].start]
    is_below = "\n" in between or "\r" in between
    return (tokens[:-1], tokens[-1:]) if is_below else (tokens, [])


def move_description(leaves: list[Leaf], level: int) -> tuple[list[Leaf], Leaf | None]:
    """A line and the description that has to go below it, because both do not fit on one line."""
    if level == 0 or len(leaves) < 2 or leaves[-1].kind != "string" or not is_operand(leaves[-2]):
        return leaves, None
    line, description = Line(leaves, level), leaves[-1]
    if "\n" in description.text or line.is_magic or line.comments or fits(line):
        return leaves, None
    rest = leaves[:-1]
    is_helpful = fits(Line(rest, level)) or len(description.text) > _SHORT
    return (rest, description) if is_helpful else (leaves, None)


_SHORT = 40
"""A description that is no longer can stand behind the closing bracket of a line that is broken anyway."""
