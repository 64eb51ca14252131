"""A file into its items - declarations, imports, the docstring - without parsing them.

Every item starts in column 0. A line there that reads as a declaration's head always starts one, whatever
stands above it, so a bracket or string that is not closed never hides the declarations below.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from msgspec import Struct

from .lexing.f_strings import scan
from .lexing.tokens import CLOSE, NEWLINE, OPEN
from .words import CLAUSE_WORDS, DECLARING, FIELD_WORDS, HARD_KEYWORDS, STATEMENT_WORDS

_NAME = rf"(?!(?:{'|'.join(sorted(HARD_KEYWORDS))})\b)[^\W\d]\w*"
_SIMPLE_TYPE = r"[\w.]+(?:\[[^\n=]*\])?(?:[ \t]*\|[ \t]*[\w.]+(?:\[[^\n=]*\])?)*"


def _declaring(word: str) -> str:
    """The beginning of a declaration whose name follows its head; `=` and `:` may stand for each other."""
    signs = DECLARING[word] | ({"=", ":"} if ":" in DECLARING[word] else set())
    behind = "|".join(r"=(?!=)" if sign == "=" else re.escape(sign) for sign in sorted(signs))
    return rf"{word}[ \t]+{_NAME}[ \t]*(?:{behind})"


_HEAD = re.compile(
    rf"""^(?:
        {"|".join(_declaring(word) for word in sorted(DECLARING))}
      | test[ \t]+["']
      | from[ \t]*[.\w]+[ \t]+import\b
      | import[ \t]+[.\w]+(?:[ \t]+as[ \t]+\w+)?[ \t]*(?:\#[^\n]*)?$
      | configure[ \t]*\(
      | {_NAME}[ \t]*=(?!=)
      | {_NAME}[ \t]*:[ \t]*{_SIMPLE_TYPE}[ \t]*=(?!=)
    )""",
    re.M | re.X,
)
_OTHER_LINE = re.compile(r"""^(?![ \t\f]|#|[)\]}]|"#[ \t]*$|\r?$)""", re.M)
_FIELDS = "|".join(sorted(FIELD_WORDS))
_STATEMENTS = "|".join(sorted((STATEMENT_WORDS | CLAUSE_WORDS) - {"match"}))
_BODY_LINE = re.compile(
    rf"[^\w\s\"'#@]{{0,2}}[ \t]*(?:{_FIELDS})[ \t]+[^\W\d]|(?:forward|fallback)[ \t]*:"
    rf"|demo[ \t]+[^\W\d]\w*[ \t]*="
    rf"|[\"'][ \t]{{2,}}[^\W\d]"  # a quote that has slipped in front of an indented line
    rf"|(?:{_STATEMENTS})\b(?![ \t]*=)"
)


_MARK = "\ufeff"
"""The mark that some editors leave at the start of a text."""
_COMMENTS = re.compile(r"(?:#[^\n]*\n)*")


class Chunk(Struct, frozen=True):
    """The text of an item with the comments right above it and the blank lines and comments below it."""

    start: int
    text: str


def split(text: str) -> list[Chunk]:
    """The items of a file in order; together they are the file. An empty file has none."""
    if not text:
        return []
    marks = len(text) - len(text.lstrip(_MARK))
    if marks:
        first, *rest = split(text[marks:]) or [Chunk(0, "")]
        behind = (Chunk(marks + each.start, each.text) for each in rest)
        return [Chunk(0, text[:marks] + first.text), *behind]
    lines = text if "\r" not in text else text.replace("\r\n", " \n").replace("\r", "\n")
    heads = [found.start() for found in _HEAD.finditer(lines)]
    starts = _with_other_lines(lines, heads)
    starts = [_above_comments(lines, start) for start in starts]
    if not starts or starts[0] != 0:
        starts = [0, *starts[1:]]
    ends = [*starts[1:], len(text)]
    return [Chunk(start, text[start:end]) for start, end in zip(starts, ends, strict=True)]


def begins_with_head(text: str) -> bool:
    """Whether an item begins with the head of a declaration, comments above it left out."""
    comments = _COMMENTS.match(text)
    return _HEAD.match(text, comments.end() if comments is not None else 0) is not None


def _above_comments(text: str, start: int) -> int:
    """The start of the comment lines that stand right above an item."""
    while True:
        line = text.rfind("\n", 0, max(start - 1, 0)) + 1
        if line >= start or text[line] != "#":
            return start
        start = line


def _with_other_lines(text: str, heads: list[int]) -> list[int]:
    """The heads, and the lines in column 0 that are none but stand outside of brackets and strings."""
    others = [found.start() for found in _OTHER_LINE.finditer(text)]
    known = set(heads)
    others = [line for line in others if line not in known]
    if not others:
        return heads
    starts = list(heads)
    regions: dict[int, list[int]] = {}
    for line in others:
        regions.setdefault(bisect_right(heads, line), []).append(line)
    for region, lines in regions.items():
        begin = heads[region - 1] if region else 0
        end = heads[region] if region < len(heads) else len(text)
        starts += _outside(text, begin, end, set(lines), has_head=region > 0)
    return sorted(starts)


def _outside(text: str, begin: int, end: int, lines: set[int], has_head: bool) -> list[int]:
    """Those of `lines` in `text[begin:end]` that begin an item of their own."""
    found: list[int] = []
    depth = 0
    for kind, at, _ in scan(text, begin, end):
        if at in lines and depth == 0 and kind != NEWLINE:
            continues = (has_head or found) and (_BODY_LINE.match(text, at) or _opens_body(text, at))
            continues = continues or (found and text[found[-1]] == "@" and text.startswith("class ", at))
            found += [] if continues else [at]
        if kind == OPEN:
            depth += 1
        elif kind == CLOSE:
            depth = max(0, depth - 1)
    return found


def _opens_body(text: str, at: int) -> bool:
    """Whether a string in the first column is the docstring of the head right above it."""
    if text[at] not in "\"'":
        return False
    above = text[max(text.rfind("\n", 0, at - 1) + 1, 0) : at].strip()
    return above.endswith(":") and not above.startswith("#")
