"""How far a line is indented while it is being written: below a head, behind a `return`, at an `else:`."""

from __future__ import annotations

import re

from ..lossless import Lexeme, tokenize
from ..source import Source
from ..split import begins_with_head

STEP = 4
_ENDING = frozenset({"return", "break", "continue", "pass"})
"""The words of statements behind which nothing else of their block runs."""
_OPENERS = {
    "else": frozenset({"if", "elif"}),
    "elif": frozenset({"if", "elif"}),
    "except": frozenset({"try", "except"}),
}
_CLAUSES = frozenset({*_OPENERS, "case", "forward", "fallback"})
_WORD = re.compile(r"[ \t]*(\w*)")


def below(source: Source, line: int) -> int | None:
    """The blanks that a line begins with that was begun behind the one above; None where any will do."""
    if line == 0:
        return None
    above = source.line_text(line - 1)
    if not above.strip() or above.lstrip().startswith("#"):
        return None
    head = _logical_line(source, line - 1)
    if head is None:
        return None
    first, tokens = head
    indent = _indent(source.line_text(first))
    if tokens and tokens[-1].text == ":":
        return indent + STEP
    if tokens and tokens[0].text in _ENDING and indent >= STEP:
        return indent - STEP
    return indent


def at_clause(source: Source, line: int, column: int) -> int | None:
    """The blanks that a line begins with whose `else:`, `case …:` or the like ends at a column; else None."""
    text = source.line_text(line)
    word = _first_word(text)
    if word not in _CLAUSES or text[column:].strip() or not _is_head(text[:column]) or _goes_on(source, line):
        return None
    limit = _indent(text)
    for number in range(line - 1, -1, -1):
        above = source.line_text(number)
        if not above.strip():
            continue
        depth, first = _indent(above), _first_word(above)
        if depth > limit:
            continue
        limit = depth
        if word in ("forward", "fallback"):
            if first == "module":
                return depth + STEP
        elif word == "case":
            if first in ("case", "match"):
                return depth if first == "case" else depth + STEP
        elif first in _OPENERS[word]:
            return depth
        if depth == 0:
            return None
    return None


def _goes_on(source: Source, line: int) -> bool:
    """Whether a line begins inside a string or a bracket."""
    tokens = list(tokenize(source.text[_head_above(source, line) : source.line_starts[line]]))
    depth = sum((each.kind == "open") - (each.kind == "close") for each in tokens)
    return depth > 0 or (bool(tokens) and tokens[-1].kind == "error" and "\n" in tokens[-1].text)


def _head_above(source: Source, line: int) -> int:
    """Where the declaration begins that a line belongs to."""
    while line > 0 and not begins_with_head(source.line_text(line)):
        line -= 1
    return source.line_starts[line]


def _logical_line(source: Source, line: int) -> tuple[int, list[Lexeme]] | None:
    """The line that a statement begins on which ends with this one, and its tokens; None where it goes on."""
    begin = _head_above(source, line)
    first, depth = line, 0
    found: list[Lexeme] = []
    for token in tokenize(source.text[begin : source.line_span(line).end]):
        if token.kind == "open":
            depth += 1
        elif token.kind == "close":
            depth = max(depth - 1, 0)
        elif token.kind == "error":
            return None
        if token.kind == "newline" and depth == 0:
            found = []
        elif token.kind not in ("newline", "space", "comment"):
            if not found:
                first = source.line_of(begin + token.start)
            found.append(token)
    return None if depth or not found else (first, found)


def _is_head(text: str) -> bool:
    """Whether a line ends with a colon that stands in no string, comment or bracket."""
    tokens = [each for each in tokenize(text) if each.kind != "space"]
    depth = sum((each.kind == "open") - (each.kind == "close") for each in tokens)
    return (
        bool(tokens) and tokens[-1].text == ":" and not depth and all(each.kind != "error" for each in tokens)
    )


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" \t"))


def _first_word(text: str) -> str:
    found = _WORD.match(text)
    return found[1] if found else ""
