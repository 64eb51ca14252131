"""How wide characters are on a terminal, and what is shown of those that must not reach one."""

from __future__ import annotations

from unicodedata import category, east_asian_width

TAB = 4
"""A tab reaches to the next multiple of this column."""

_JOINERS = "\u200c\u200d"


def glyph(character: str, column: int = 0) -> tuple[str, int]:
    """What is shown for a character that stands at a column, and how many columns that takes.

    Control characters and those that change the direction of the text are replaced: a source text
    must not be able to drive the terminal it is shown on.
    """
    if " " <= character <= "~":
        return character, 1
    if character == "\t":
        width = TAB - column % TAB
        return " " * width, width
    kind = category(character)
    if kind in {"Mn", "Me"} or character in _JOINERS:
        return character, 0
    if kind in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
        return "\N{REPLACEMENT CHARACTER}", 1
    return character, 2 if east_asian_width(character) in {"W", "F"} else 1


def width(text: str) -> int:
    """How many columns a text takes when it starts at column 0."""
    column = 0
    for character in text:
        column += glyph(character, column)[1]
    return column
