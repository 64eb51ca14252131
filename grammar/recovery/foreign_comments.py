"""Comments of other languages: `// …` and `/* … */`, which are read as blanks."""

from __future__ import annotations

import re

from ...base.diagnostic import Diagnostic, Edit, Fix
from ...base.span import Span
from ..lexing.f_strings import scan
from ..lexing.tokens import OPEN_STRING, STRING
from ..problems import problem
from .edits import as_lines

_COMMENT = re.compile(
    r"(?P<before>^[ \t]*|[ \t])(?://(?P<line>[^\n]*)|/\*(?P<block>.*?)(?:\*/|\Z))", re.MULTILINE | re.DOTALL
)
_PROSE = re.compile(r"[ \t]*(?:\w+[ \t]+\w|[^\s\w(\[{\"'+~-]|\w+['’]\w)")
_EXPRESSION_WORDS = re.compile(r"[ \t]*\w+[ \t]+(?:if|and|or|in|is|not|for|else)\b")


def mask_comments(text: str) -> tuple[str, Diagnostic | None]:
    """The text with such comments blanked out, of the same length, and the finding; itself without any."""
    if "//" not in text and "/*" not in text:
        return text, None
    lines = as_lines(text)
    strings = [(at, to) for kind, at, to in scan(text) if kind in {STRING, OPEN_STRING}]
    comments: list[re.Match[str]] = []
    for found in _COMMENT.finditer(lines):
        at = found.end("before")
        if any(start < at < end for start, end in strings):
            continue
        is_whole_line = not lines[lines.rfind("\n", 0, at) + 1 : at].strip()
        if found["block"] is None and not is_whole_line and not _is_prose(found["line"]):
            continue
        comments.append(found)
    if not comments:
        return text, None
    masked = list(text)
    edits: list[Edit] = []
    for found in comments:
        start, end = found.end("before"), found.end()
        masked[start:end] = [" " if each not in "\r\n" else each for each in masked[start:end]]
        edits += _edits(found, start, end)
    first = comments[0].end("before")
    sign = text[first : first + 2]
    title = "Write `#`" if len(comments) == 1 else "Write `#` for the comments"
    found_problem = problem(
        "E029",
        (first, first + 2),
        f"a comment starts with `#`, not `{sign}`",
        None,
        Fix(title, tuple(edits), "unsafe"),
    )
    return "".join(masked), found_problem


def _is_prose(words: str | None) -> bool:
    return words is not None and bool(_PROSE.match(words)) and not _EXPRESSION_WORDS.match(words)


def _edits(found: re.Match[str], start: int, end: int) -> list[Edit]:
    if found["block"] is None:
        return [Edit(Span(start, start + 2), "#")]
    lines = [each.strip().removeprefix("*").strip() for each in found["block"].split("\n")]
    margin = found["before"] if not found["before"].strip() else ""
    written = f"\n{margin}".join(f"# {each}".rstrip() for each in lines if each)
    return [Edit(Span(start, end), written or "#")]
