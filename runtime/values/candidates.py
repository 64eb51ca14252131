"""The JSON that a text may hold: as it is, in fences, among prose.

Each function looks at every character a bounded number of times.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from ...base.expressions import pattern
from ...base.frozen import frozen_record
from .repair import NumberText
from .words import ReadError

MOST_PARTS = 1000
"""How many bracketed or fenced values an answer may hold; more are a runaway."""

_OPENING_FENCE = pattern(r"[ \t]*(```|~~~)[^\n`]*")
_BRACKETS = pattern(r'\\.|["{\[\]}]', re.DOTALL)


@frozen_record
class Span:
    """A bracketed part of a text: where it begins, what it is, and whether it has its lines for itself."""

    start: int
    text: str
    alone: bool


def whole_json(text: str, exact: bool = False) -> tuple[Any] | None:
    """The text read as strict JSON, in a tuple, or None.

    Args:
        text: the text.
        exact: give numbers with a fraction as `NumberText`.
    """
    try:
        return (json.loads(text, parse_float=NumberText) if exact else json.loads(text),)
    except (ValueError, RecursionError):
        # RecursionError: brackets nested too deeply to be a value. Too many digits are a ValueError.
        return None


def fenced(text: str) -> list[str]:
    """What stands in code fences; a fence that spans all others comes first, because a string may hold a
    fence itself.
    """
    if "```" not in text and "~~~" not in text:
        return []
    inner: list[str] = []
    first: tuple[int, str] | None = None
    opened: tuple[int, str] | None = None
    offset = 0
    for line in text.splitlines(keepends=True):
        end = offset + len(line)
        bare = line.rstrip()
        if opened is None:
            if (match := _OPENING_FENCE.fullmatch(bare)) is not None:
                opened = (end, match[1])
                first = first or opened
        elif bare.endswith(opened[1]):
            inner.append(text[opened[0] : offset + len(bare) - 3].rstrip(" \t").removesuffix("\n"))
            opened = None
        offset = end
    if first is not None:
        closing = text.rfind(first[1])
        if closing > first[0] and (spanning := text[first[0] : closing]).strip() not in {
            part.strip() for part in inner
        }:
            inner.insert(0, spanning)
    return inner


def bracketed(text: str) -> Iterator[Span]:
    """The outermost `{…}` and `[…]` of a text; the last may be cut off at the end."""
    depth, start, in_string = 0, 0, False
    for match in _BRACKETS.finditer(text):
        mark = match[0]
        if depth == 0:
            if mark[-1] in "{[":
                depth, start, in_string = 1, match.end() - 1, False
        elif mark == '"':
            in_string = not in_string
        elif not in_string and mark in "{[":
            depth += 1
        elif not in_string and mark in "]}":
            depth -= 1
            if depth == 0:
                yield _span(text, start, match.end())
    if depth:
        yield _span(text, start, len(text))


def parts(text: str) -> tuple[list[Span], list[str]]:
    """What stands in brackets in a text, and what in code fences.

    Raises:
        ReadError: there are more of one kind than an answer may hold.
    """
    spans, fences = list(islice(bracketed(text), MOST_PARTS + 1)), fenced(text)
    if max(len(spans), len(fences)) > MOST_PARTS:
        raise ReadError(f"contains more than {MOST_PARTS} separate values; write one")
    return spans, fences


def said_last(text: str) -> str | None:
    """The last bracketed value, where the words before it, and before no other, say that it is the answer."""
    spans = list(islice(bracketed(text), _MOST_SAID + 1))
    if not 1 < len(spans) <= _MOST_SAID:
        return None
    begin = 0
    said = []
    for span in spans:
        said.append(_SAID.search(text[max(begin, span.start - _MARGIN) : span.start]) is not None)
        begin = span.start + len(span.text)
    return spans[-1].text if said[-1] and sum(said) == 1 else None


def _span(text: str, start: int, end: int) -> Span:
    # A line is looked at no further than its margin, so that a long one costs nothing.
    before, after = text[max(0, start - _MARGIN) : start], text[end : end + _MARGIN]
    line = before.rpartition("\n")
    leads = not line[2].strip() and (bool(line[1]) or start <= _MARGIN)
    line = after.partition("\n")
    closes = not line[0].strip(" \t\r.,;") and (bool(line[1]) or end + _MARGIN >= len(text))
    return Span(start, text[start:end], leads and closes)


_MARGIN = 40
_MOST_SAID = 10
_SAID = pattern(
    r"\b(?:answer|output|final|result|corrected|correction)\b(?:\s+(?:answer|output|version|result|object|json))?"
    r"(?:\s+(?:is|would be))?[*_`\"']*\s*:[*_`]*\s*(?:```\w*\s*)?\Z",
    re.I,
)
"""What one writes before an answer, behind an example or a draft."""
