"""Syntax problems of a text in the form of `support.carets`, and where the syntax cases lie."""

from __future__ import annotations

from pathlib import Path

from dspyc.grammar.parse import parse
from dspyc.grammar.source import Source
from support.carets import Expected

FOLDER = Path(__file__).parents[1] / "grammar"


def read(path: Path) -> str:
    """The text of a case with the line ends that it has."""
    return path.read_bytes().decode("utf-8")


def problems_of(text: str) -> list[Expected]:
    """What the parser says, one entry for each problem; carets are at least one wide."""
    source = Source("case.dspy", text)
    found: list[Expected] = []
    for each in sorted(parse(source).problems(), key=lambda problem: problem.span):
        start, end = source.position(each.span.start), source.position(each.span.end)
        last = end.column if end.line == start.line else len(source.line_text(start.line))
        least = 2 if start.column == 0 else start.column + 1
        found.append(Expected(start.line, start.column, max(last, least), each.code, each.message))
    return found
