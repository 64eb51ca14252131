"""Tabs in indentation: which of their widths a text can mean."""

from __future__ import annotations

import re
from bisect import bisect_right

from ...base.diagnostic import Applicability, Diagnostic, Edit, Fix
from ..problems import problem
from ..source import Span
from .f_strings import scan
from .tokens import OPEN_STRING, STRING

_WIDTHS = (4, 8)
"""What editors take a tab for; Python's own is eight."""
_INDENTED = re.compile(r"(?<![^\r\n])([ \t\f]*)([^\s#][^\r\n]*)")
_TABBED = re.compile(r"(?<![^\r\n])([ \f]*\t[ \t\f]*)")
_OPENS = re.compile(r":[ \t]*(?:#.*)?$")


def tab_problem(text: str, line: int, end: int) -> Diagnostic:
    """The finding for an item with tabs, with a fix for all of its lines.

    The fix is safe where the tabs can mean one thing only: every width gives the same blocks, or only one of
    them gives blocks at all.

    Args:
        text: the item's text.
        line: where the first line with a tab starts.
        end: where the blanks of that line end.
    """
    strings = [(at, to) for kind, at, to in scan(text) if kind in {STRING, OPEN_STRING}]
    width, applicability = _width(text, strings)
    edits = tuple(
        Edit(Span(found.start(1), found.end(1)), found[1].expandtabs(width))
        for found in _TABBED.finditer(text, line)
        if not _is_in_string(strings, found.start())
    )
    return problem(
        "E004",
        (line, end),
        "use spaces for indentation, not tabs",
        "a tab counts as four spaces",
        Fix("Replace the tabs with spaces", edits, applicability),
    )


def _width(text: str, strings: list[tuple[int, int]]) -> tuple[int, Applicability]:
    lines = [
        (found[1], _OPENS.search(found[2]) is not None)
        for found in _INDENTED.finditer(text)
        if not _is_in_string(strings, found.start())
    ]
    blocks = {width: _blocks(lines, width) for width in _WIDTHS}
    possible = [width for width, found in blocks.items() if found is not None]
    if len(possible) == 1:
        return possible[0], "safe"
    return _WIDTHS[0], "safe" if blocks[_WIDTHS[0]] == blocks[_WIDTHS[1]] else "unsafe"


def _blocks(lines: list[tuple[str, bool]], width: int) -> list[int] | None:
    """How deep each line is; None where a line fits no block, or a block has no lines.

    Args:
        lines: each line's blanks, and whether it opens a block.
        width: that of a tab.
    """
    levels, depths, opened = [0], [], False
    for blanks, opens in lines:
        column = len(blanks.expandtabs(width))
        if (column > levels[-1]) != opened:
            return None
        if opened:
            levels.append(column)
        while column < levels[-1]:
            levels.pop()
        if column != levels[-1]:
            return None
        depths.append(len(levels))
        opened = opens
    return depths


def _is_in_string(strings: list[tuple[int, int]], at: int) -> bool:
    """Whether a line starts inside a string, whose text is not indentation."""
    index = bisect_right(strings, (at, at)) - 1
    return index >= 0 and strings[index][0] < at < strings[index][1]
