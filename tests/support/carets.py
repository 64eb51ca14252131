"""Programs with carets: the findings that a program must have, written under the lines that have them.

        output answer: flaot
    #                  ^^^^^ E110 unknown type `flaot`; did you mean `float`?

A `#` that carets follow at once stands for a caret itself, for a finding in column 0.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from dspyc.compiler.analysis import FileAnalysis

_LINE = re.compile(r"^#(\^|(?: *)\^)(\^*) ([A-Z]\d{3}) (.*)$")


_WORDLESS = "W205"


class Expected(NamedTuple):
    """A finding: its line and columns, both from 0, its code and its sentence."""

    line: int
    start: int
    end: int
    code: str
    message: str


def expected(text: str) -> list[Expected]:
    """The findings that the carets of a program tell."""
    found: list[Expected] = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        match = _LINE.match(line)
        if match is None:
            continue
        above = number - 1
        while _LINE.match(lines[above]):
            above -= 1
        start = 0 if match[1] == "^" else match.end(1) - 1
        found.append(Expected(above, start, match.end(2), match[3], match[4]))
    return found


def actual(analysis: FileAnalysis) -> list[Expected]:
    """The findings of an analysis, in the same form; one over several lines ends with its first line.

    That a signature has no instructions counts only where the program says so: most cases are about something
    else, and shorter without.
    """
    found: list[Expected] = []
    for each in analysis.diagnostics:
        if each.code == _WORDLESS and _WORDLESS not in analysis.source.text:
            continue
        start, end = (analysis.source.position(at) for at in each.span)
        width = len(analysis.source.line_text(start.line))
        last = end.column if end.line == start.line else width
        found.append(Expected(start.line, start.column, last, each.code, each.message))
    return found


def with_carets(text: str, findings: list[Expected]) -> str:
    """The program with carets for these findings, and no others."""
    lines = text.splitlines()
    written: list[str] = []
    for number, line in enumerate(lines):
        if _LINE.match(line):
            continue
        written.append(line)
        for each in findings:
            if each.line == number:
                width = max(1, each.end - each.start)
                carets = (
                    "#" + "^" * max(1, width - 1)
                    if each.start == 0
                    else "#" + " " * (each.start - 1) + "^" * width
                )
                written.append(f"{carets} {each.code} {each.message}")
    return "\n".join(written) + "\n"
