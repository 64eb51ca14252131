"""One logical line to the lines it is laid out on."""

from __future__ import annotations

from .leaves import Leaf
from .measuring import DECLARATION_LENGTH, Line, fits
from .splitting import split_line


def lay_out(
    leaves: list[Leaf], level: int, comment: str, *, was_one_line: bool, is_declaration: bool
) -> list[str]:
    """The lines of a logical line and of the comment behind it, the first without its indentation."""
    line = Line(leaves, level)
    is_row = is_declaration and was_one_line and not line.is_magic and not line.is_import
    if is_row and fits(line, DECLARATION_LENGTH):
        lines = [line]
    else:
        lines = split_line(line)
    behind: list[list[str]] = [[] for _ in lines[1:]] + [[comment] if comment else []]
    rendered = [
        " " * (4 * line.level) + text
        for line, comments in zip(lines, behind, strict=True)
        for text in _render(line, [*line.comments, *comments])
    ]
    return [rendered[0].lstrip(" "), *rendered[1:]]


def _render(line: Line, comments: list[str]) -> list[str]:
    """A line with the last comment behind it, and those before above it."""
    *above, last = ["", *comments]
    return [*above[1:], f"{line.text}  {last}" if last else line.text]
