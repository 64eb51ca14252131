"""The JSON that a text may hold: as it is, in fences, among prose; and what people write instead of JSON.

Each function looks at every character a bounded number of times.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any, NamedTuple

from .repair import NumberText

_OPENING_FENCE = re.compile(r"[ \t]*(```|~~~)[^\n`]*")
_BRACKETS = re.compile(r'\\.|["{\[\]}]', re.DOTALL)
_BULLET = re.compile(r"\s*+(?:[-*+•]|\d{1,3}[.)])\s++(?=\S)")
_KEY = re.compile(r"\s*+[\"'*`]*+([^\W\d][\w ]*+)[\"'*`]*+\s*+[:=]")
_TAG = re.compile(r"<(/?)([^\W\d][\w-]*+)>")


class Span(NamedTuple):
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


def _span(text: str, start: int, end: int) -> Span:
    # A line is looked at no further than its margin, so that a long one costs nothing.
    before, after = text[max(0, start - _MARGIN) : start], text[end : end + _MARGIN]
    line = before.rpartition("\n")
    leads = not line[2].strip() and (bool(line[1]) or start <= _MARGIN)
    line = after.partition("\n")
    closes = not line[0].strip(" \t\r.,;") and (bool(line[1]) or end + _MARGIN >= len(text))
    return Span(start, text[start:end], leads and closes)


_MARGIN = 40


def bullets(text: str) -> list[str] | None:
    """The items of a list written with dashes or numbers; a line indented below an item belongs to it."""
    items: list[list[str]] = []
    for line in text.strip().splitlines():
        if not line.strip():
            continue
        if not (items and line.startswith("    ")) and (match := _BULLET.match(line)) is not None:
            items.append([line[match.end() :].rstrip()])
        elif items and line[:1].isspace():
            items[-1].append(line.strip())
        elif items:
            return None
    return ["\n".join(lines) for lines in items] or None


def listed(text: str) -> list[str] | None:
    """The items of one line that lists short things with commas: "red, green and blue" has two."""
    parts = [part.strip() for part in text.strip().rstrip(".").split(",")]
    if len(parts) < 2 or "\n" in text.strip() or any(not part or part.count(" ") > 3 for part in parts):
        return None
    return [*parts[:-1], parts[-1].removeprefix("and ").removeprefix("or ")]


def pairs(text: str) -> dict[str, Any] | None:
    """What lines of `key: value` say; a list of dashes may stand below a key."""
    found: dict[str, Any] = {}
    last: str | None = None
    for line in text.strip().strip("{}").splitlines():
        if not line.strip():
            continue
        item = _BULLET.match(line)
        if item is not None and last is not None and (found[last] == "" or isinstance(found[last], list)):
            if found[last] == "":
                found[last] = []
            found[last].append(_unquoted(line[item.end() :].strip()))
            continue
        pair = _KEY.match(line)
        if pair is None or (key := pair[1].rstrip()) in found:
            return None
        last = key
        found[last] = _unquoted(line[pair.end() :].strip().removesuffix(",").rstrip())
    return found or None


def table(text: str) -> list[dict[str, Any]] | None:
    """The rows of a Markdown table as dicts."""
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in text.strip().splitlines()
        if line.strip().startswith("|")
    ]
    if len(rows) < 3 or not all(re.fullmatch(r":?-+:?", cell) for cell in rows[1]):
        return None
    head = rows[0]
    if any(len(row) != len(head) for row in rows):
        return None
    return [dict(zip(head, row, strict=True)) for row in rows[2:]]


def elements(text: str) -> tuple[str, dict[str, Any] | str] | None:
    """The one XML element that a text is: its name and its children, or its text when it has none."""
    stripped = text.strip()
    opening = _TAG.match(stripped)
    if opening is None or opening[1] or not stripped.endswith(f"</{opening[2]}>"):
        return None
    content = stripped[opening.end() : -len(opening[2]) - 3]
    return opening[2], _children(content) or content.strip()


def _children(text: str) -> dict[str, str]:
    """The elements inside an element; of several of one name the last counts."""
    tags = list(_TAG.finditer(text))
    closings: dict[str, list[int]] = {}
    for tag in tags:
        if tag[1]:
            closings.setdefault(tag[2], []).append(tag.start())
    found: dict[str, str] = {}
    offset = 0
    for tag in tags:
        if tag[1] or tag.start() < offset:
            continue
        ends = closings.get(tag[2], [])
        at = bisect_left(ends, tag.end())
        if at < len(ends):
            found[tag[2]] = text[tag.end() : ends[at]].strip()
            offset = ends[at]
    return found


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
