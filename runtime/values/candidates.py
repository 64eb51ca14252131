"""The JSON that a text may hold: as it is, in fences, among prose; and what people write instead of JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_FENCE = re.compile(r"^[ \t]*(```|~~~)[^\n`]*\n(.*?)\n?[ \t]*\1[ \t]*$", re.DOTALL | re.MULTILINE)
_BULLET = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+(.*\S)\s*$")
_PAIR = re.compile(r"^\s*[\"'*`]*([^\W\d][\w ]*?)[\"'*`]*\s*[:=]\s*(.*?)\s*,?\s*$")
_ELEMENT = re.compile(r"<([^\W\d][\w-]*)>(.*?)</\1>", re.DOTALL)


def whole_json(text: str) -> tuple[Any] | None:
    """The text read as strict JSON, in a tuple, or None."""
    try:
        return (json.loads(text),)
    except ValueError:
        return None


def fenced(text: str) -> list[str]:
    """What stands in code fences; a fence that spans all others comes first, because a string may hold a
    fence itself.
    """
    inner = [match[2] for match in _FENCE.finditer(text)]
    opening = re.search(r"^[ \t]*(```|~~~)[^\n`]*\n", text, re.MULTILINE)
    if opening is not None:
        closing = text.rfind(opening[1])
        if closing > opening.end() and text[opening.end() : closing].strip() not in [
            part.strip() for part in inner
        ]:
            inner.insert(0, text[opening.end() : closing])
    return inner


def bracketed(text: str) -> Iterator[tuple[int, str]]:
    """The outermost `{…}` and `[…]` of a text with their places; the last may be cut off at the end."""
    offset = 0
    while True:
        starts = [place for place in (text.find("{", offset), text.find("[", offset)) if place >= 0]
        if not starts:
            return
        start = min(starts)
        end = _closing(text, start)
        yield start, text[start:end]
        offset = max(end, start + 1)


def bullets(text: str) -> list[str] | None:
    """The items of a list written with dashes or numbers; a line indented below an item belongs to it."""
    items: list[str] = []
    for line in text.strip().splitlines():
        if not line.strip():
            continue
        if (match := _BULLET.match(line)) is not None and not (items and line.startswith("    ")):
            items.append(match[1])
        elif items and line[:1].isspace():
            items[-1] += f"\n{line.strip()}"
        elif items:
            return None
    return items or None


def pairs(text: str) -> dict[str, Any] | None:
    """What lines of `key: value` say; a list of dashes may stand below a key."""
    found: dict[str, Any] = {}
    last: str | None = None
    for line in text.strip().strip("{}").splitlines():
        if not line.strip():
            continue
        item = _BULLET.match(line)
        if (item is not None and last is not None and found[last] in ("", [])) or isinstance(
            found.get(last or ""), list
        ):
            if item is None and _PAIR.match(line) is None:
                return None
            if item is not None and last is not None:
                found[last] = [*(found[last] or []), _unquoted(item[1])]
                continue
        pair = _PAIR.match(line)
        if pair is None or pair[1] in found:
            return None
        last = pair[1]
        found[last] = _unquoted(pair[2])
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
    match = _ELEMENT.fullmatch(text.strip())
    if match is None:
        return None
    children = {child[1]: child[2].strip() for child in _ELEMENT.finditer(match[2])}
    return match[1], children or match[2].strip()


def _closing(text: str, start: int) -> int:
    depth, quote, offset = 0, "", start
    while offset < len(text):
        char = text[offset]
        if quote:
            if char == "\\":
                offset += 1
            elif char == quote:
                quote = ""
        elif char == '"':
            quote = char
        elif char in "{[":
            depth += 1
        elif char in "}]":
            depth -= 1
            if depth == 0:
                return offset + 1
        offset += 1
    return len(text)


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
