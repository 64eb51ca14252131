"""One logical line to the lines it is laid out on."""

from __future__ import annotations

from .leaves import Leaf
from .measuring import DECLARATION_LENGTH, Line, fits
from .splitting import split_line


def lay_out(leaves: list[Leaf], level: int, *, was_one_line: bool, is_declaration: bool) -> list[str]:
    """The lines of a logical line, the first without its indentation."""
    line = Line(leaves, level)
    is_row = is_declaration and was_one_line and not line.is_magic and not line.is_import
    if is_row and fits(line, DECLARATION_LENGTH):
        lines = [line]
    else:
        lines = split_line(line)
    rendered = [" " * (4 * each.level) + text for each in lines for text in _render(each)]
    return [rendered[0].lstrip(" "), *rendered[1:]]


def _render(line: Line) -> list[str]:
    """A line with its last comment behind it, and those before above it."""
    *above, last = ["", *line.comments]
    return [*above[1:], f"{line.text}  {last}" if last else line.text]
