"""What people write instead of JSON: lists with dashes or commas, `key: value`, headings, tables, YAML.

Each function looks at every character a bounded number of times.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from ...base.expressions import pattern
from .words import is_none

_BULLET = pattern(r"\s*+(?:[-*+•–—·▪◦‣]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s++(?:\[[ xX✓]\]\s++)?(?=\S)")
BOX = pattern(r"\s*[-*+•]\s+\[[ xX✓]\]\s")
"""A list's item with a box to tick."""
_KEY = pattern(
    r"\s*+(?P<opening>[\"'*`_]*+)([^\W\d_][\w /-]*+)(?P<closing>[\"'*`_]*+)\s*+(?:=>|->|:=|[:=])(?![:=/])\s*+"
)
_HEADING = pattern(r"#{1,6}\s++[*_]*+([^\W\d_][\w ]*+)[*_:]*+\s*+")
_NAMED = pattern(
    r"[ \t>]*+(?:#{1,6}[ \t]++)?[*_`\"]{0,3}([^\W\d_][\w -]{0,60}?)[*_`\"]{0,3}[ \t]*+:(?![:=/])"
    r"[*_`]{0,3}[ \t]*+"
    r"|[ \t]*+#{1,6}[ \t]++[*_]{0,3}([^\W\d_][\w -]{0,60}?)[*_:]{0,3}[ \t]*+$"
)
_ONE_PAIR = pattern(
    r"\s*+[\"'`]?([^\W\d_]\w*+)[\"'`]?\s*+[:=]\s*+(\"[^\"]*+\"|'[^']*+'|[^,:=\"']++)\s*+(?:,|\Z)"
)
_SPACED_VALUE = r"(\"[^\"]*+\"|'[^']*+'|[^\s\"',]++)"
_SPACED_PAIR = pattern(rf"([^\W\d]\w*+)={_SPACED_VALUE}")
_SPACED = pattern(rf"(?:\s*+[^\W\d]\w*+={_SPACED_VALUE})++\s*+")
_TOP_KEY = pattern(r"^([^\s:#-][^:\n]*+):", re.MULTILINE)
_RULE = pattern(r"\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?")
_CELL = r"[*_`\"“‘']{0,2}[^\W_][\w'’.]*+(?:[ -][^\W_][\w'’]*+)*+[*_`\"”]{0,2}"
_DIGITS = r"[-+−]?\d[\d.]*+"
_PIPED = pattern(
    rf"\| {_CELL}(?: \| {_CELL})*+ \||{_CELL}(?: \| {_CELL}){{2,}}+|{_DIGITS}(?: \| {_DIGITS})++"
)
"""Words with bars at both ends, or three and more with bars between; two words may be a choice or a pipe."""
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "`": "`"}
_LABEL = pattern(r"^[^\W\d]\w*(?: \w+){0,2}:\s+(?=\S)")
_SENTENCE = pattern(r"\b(?:is|are|was|were|includes?|including|have|has)\b", re.I)
_LONGEST_YAML = 20_000
_MOST_WORDS = 6


def bullets(text: str) -> list[str] | None:
    """The items of a list written with dashes or numbers; a line indented below an item belongs to it.

    A line or two may stand before the list, and paragraphs behind it.
    """
    if (inline := _numbered_in_line(text.strip())) is not None:
        return inline
    items: list[list[str]] = []
    ended = False
    blank = False
    for line in text.strip().splitlines():
        if not line.strip():
            blank = True
            continue
        match = _BULLET.match(line)
        if match is not None and not (items and line.startswith("    ")):
            if ended:
                return None
            items.append([line[match.end() :].rstrip()])
        elif items and line[:1].isspace():
            items[-1].append(line.strip())
        elif items and blank:
            ended = True
        elif items:
            return None
        blank = False
    return _undecorated(["\n".join(lines) for lines in items]) or None


def _numbered_in_line(text: str) -> list[str] | None:
    """The items of one line that numbers them: `1. red 2. green`."""
    if "\n" in text or text[:2] not in ("1.", "1)"):
        return None
    mark = text[1]
    items: list[str] = []
    at, number = 0, 1
    while True:
        following = re.compile(rf"[\s,;]\s*+{number + 1}{re.escape(mark)}\s").search(text, at)
        begin = at + len(f"{number}{mark}") if number == 1 else at
        items.append(text[begin : len(text) if following is None else following.start()].strip(" ,;"))
        if following is None:
            break
        at, number = following.end(), number + 1
    return items if len(items) > 1 and all(items) else None


def is_itemized_throughout(text: str) -> bool:
    """Whether no line stands before, between or behind the items of a list, or the rows of a table."""
    lines = [line for line in text.splitlines() if line.strip()]
    if all("|" in line for line in lines):
        return True
    return all((number and line[:1].isspace()) or _BULLET.match(line) for number, line in enumerate(lines))


def listed(text: str) -> list[str] | None:
    """The items of one line, or of short lines, that list short things: "red, green and blue" has three."""
    stripped = text.strip()
    if "\n" in stripped:
        if stripped[:1] == "|":
            return None  # a table
        parts = [line.strip() for line in stripped.splitlines() if line.strip()]
        if 0 < sum(_LABEL.match(part) is not None for part in parts) < len(parts):
            return None  # such as a sum below numbers
        if any(part.endswith((".", ":", "?", "!")) or part.count(" ") >= _MOST_WORDS for part in parts):
            return None
        return _undecorated([part.removesuffix(",") for part in parts])
    if " | " in stripped and _PIPED.fullmatch(stripped) is not None:
        stripped = stripped.strip("| ").replace("|", ";")
        if any(is_none(part) for part in stripped.split(";")):
            return None  # types
    stripped = stripped.rstrip(".")
    parts = [part.strip() for part in _split(stripped, ";" if ";" in stripped else ",")]
    if len(parts) < 2 or any(not part or _IN_BRACKETS.sub("", part).count(" ") > 3 for part in parts):
        return None
    if _SENTENCE.search(parts[0]):
        return None
    parts[0] = _LABEL.sub("", parts[0])
    last = re.sub(r"^(?:and|or)\s+", "", parts[-1])
    if last == parts[-1] and all(_at_and(part) is None for part in parts[:-1]):
        parts = [*parts[:-1], *(_at_and(last) or [last])]
    else:
        parts[-1] = last
    return _undecorated(parts)


_IN_BRACKETS = pattern(r"\([^()]*+\)")
_AND = pattern(r"[(\[{][^()\[\]{}]*+[)\]}]|(?<!\S)(?:\"[^\"]*+\"|“[^“”]*+”)|(?<!\s)(\s++(?:and|or)\s++)")
"""What stands in brackets or quotes, or in the first group an "and"."""


def _at_and(text: str) -> list[str] | None:
    """What stands before and behind the first "and" or "or" outside of brackets and quotes."""
    for found in _AND.finditer(text):
        if found[1] is not None:
            before = text[: found.start()]
            is_outside = all(before.count(pair[0]) == before.count(pair[1]) for pair in ("()", "[]", "{}"))
            return [before, text[found.end() :]] if is_outside else None
    return None


def _split(text: str, mark: str) -> list[str]:
    """The parts between marks outside of brackets and quotes: `Paris (France, Europe), Rome` has two."""
    if not any(opening in text for opening in '([{"“'):
        return text.split(mark)
    parts, start, depth, closing = [], 0, 0, ""
    blank = True  # so far, the part that began
    for at, char in enumerate(text):
        if closing:
            closing = "" if char == closing else closing
        elif blank and char in '"“':
            closing = {'"': '"', "“": "”"}[char]
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == mark and depth == 0:
            parts.append(text[start:at])
            start, blank = at + 1, True
            continue
        blank = blank and char.isspace()
    # What does not end says nothing of where parts do.
    return text.split(mark) if depth or closing else [*parts, text[start:]]


def _undecorated(items: list[str]) -> list[str]:
    """The items without what all of them stand in: quotes, or emphasis."""
    for opening, closing in (*_QUOTES.items(), ("**", "**"), ("*", "*")):
        if all(_stands_in(item, opening, closing) for item in items):
            return [item[len(opening) : -len(closing)] for item in items]
    return items


def _stands_in(item: str, opening: str, closing: str) -> bool:
    inside = item[len(opening) : -len(closing)]
    return (
        len(item) > len(opening) + len(closing)
        and item.startswith(opening)
        and item.endswith(closing)
        and opening not in inside
        and closing not in inside
    )


def pairs(text: str) -> dict[str, Any] | None:
    """What lines of `key: value` say, with dashes or emphasis or without; one line may hold them all, with
    commas between. A list of dashes may stand below a key.
    """
    stripped = text.strip().strip("{}")
    if "\n" not in stripped.strip():
        return _pairs_of_line(stripped)
    found: dict[str, Any] = {}
    last: str | None = None
    for line in stripped.splitlines():
        if not line.strip() or line.strip() == "---":
            continue
        item = _BULLET.match(line)
        if item is not None and last is not None and (found[last] == "" or isinstance(found[last], list)):
            if found[last] == "":
                found[last] = []
            found[last].append(unquoted(line[item.end() :].strip()))
            continue
        if item is not None:
            line = line[item.end() :]
        pair = _KEY.match(line)
        if pair is None or (key := pair[2].rstrip()) in found:
            return None
        last = key
        found[last] = _value(line, pair)
    for key, value in found.items():
        if isinstance(value, list) and len(value) == 1 and value[0] and is_none(value[0]):
            found[key] = []  # a list of which the only item says that there is none
    return found or None


def paragraphs(text: str) -> list[dict[str, Any]] | None:
    """Several records, each lines of `key: value`, with blank lines between."""
    parts = [part for part in re.split(r"\n[ \t]*+\n", text.strip()) if part.strip()]
    found = [pairs(part) for part in parts]
    if len(found) < 2 or not all(each is not None and each.keys() == found[0].keys() for each in found):  # type: ignore[union-attr]
        return None
    return [each for each in found if each is not None]


def _value(line: str, pair: re.Match[str]) -> str:
    """What stands behind a key: without quotes, and without the emphasis that began before the key."""
    value = line[pair.end() :].strip().removesuffix(",").rstrip()
    if not pair["closing"] and "*" in pair["opening"]:
        value = value.removeprefix(pair["opening"]).lstrip()
    return _undecorated([value])[0]


def _pairs_of_line(line: str) -> dict[str, Any] | None:
    """`a = 1, b = 2`"""
    if "=" in line and _SPACED.fullmatch(line) is not None:
        spaced = {match[1]: unquoted(match[2]) for match in _SPACED_PAIR.finditer(line)}
        if len(spaced) > 1:
            return spaced
    if (pair := _KEY.match(line)) is not None and "," not in line:
        return {pair[2].rstrip(): _value(line, pair)}
    found: dict[str, Any] = {}
    offset = 0
    while offset < len(line):
        pair = _ONE_PAIR.match(line, offset)
        if pair is None or pair[1] in found:
            return None
        found[pair[1]] = unquoted(pair[2].strip())
        offset = pair.end()
    return found or None


def headed(text: str) -> dict[str, Any] | None:
    """What stands under headings: `### Name` and the lines below it."""
    if "#" not in text:
        return None
    found: dict[str, list[str]] = {}
    last: list[str] | None = None
    for line in text.strip().splitlines():
        heading = _HEADING.fullmatch(line.strip())
        if heading is not None:
            if heading[1].strip() in found:
                return None
            last = found[heading[1].strip()] = []
        elif last is not None:
            last.append(line)
        elif line.strip():
            return None
    return {name: "\n".join(lines).strip() for name, lines in found.items()} or None


def labelled(text: str, names: Collection[str]) -> dict[str, str] | None:
    """What stands behind labels that are a record's attributes, up to the next one: `Answer: 4`,
    `**Final answer:** 4`, or a heading. None where the first line has none, one comes twice, or the last is
    followed by several lines.

    Args:
        text: the text.
        names: the attributes, in lower case.
    """
    found: dict[str, list[str]] = {}
    last: list[str] | None = None
    for line in text.strip().splitlines():
        label = _NAMED.match(line)
        name = "" if label is None else re.sub(r"[\s-]+", "_", (label[1] or label[2]).strip()).lower()
        if label is not None and name in names:
            if name in found:
                return None
            last = found[name] = [line[label.end() :]]
        elif last is not None:
            last.append(line)
        else:
            return None
    if last is not None and len("\n".join(last).strip().splitlines()) > 1:
        return None  # who can tell where the last value ends
    return {name: "\n".join(lines).strip() for name, lines in found.items()} or None


def table(text: str) -> list[dict[str, Any]] | None:
    """The rows of a Markdown table as dicts."""
    lines = [line.strip() for line in text.strip().splitlines() if "|" in line]
    if len(lines) < 3 or _RULE.fullmatch(lines[1]) is None:
        return None
    rows = [[cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|")] for line in lines]
    head = rows[0]
    if any(len(row) != len(head) for row in rows) or len(set(head)) < len(head):
        return None
    return [dict(zip(head, row, strict=True)) for row in rows[2:]]


def comma_separated(text: str, names: Collection[str]) -> list[dict[str, str]] | None:
    """The rows of a CSV text as dicts, where its first line names columns.

    Args:
        text: the text.
        names: what columns may be called, in lower case.
    """
    lines = text.strip().splitlines()
    head = [cell.strip() for cell in lines[0].split(",")] if lines else []
    if len(lines) < 2 or len(head) < 2 or not all(cell.lower() in names for cell in head):
        return None
    import csv

    try:
        rows = list(csv.reader(lines[1:], skipinitialspace=True, strict=True))
    except csv.Error:
        return None
    if len(set(head)) < len(head) or any(len(row) != len(head) for row in rows):
        return None
    return [dict(zip(head, row, strict=True)) for row in rows]


def yaml(text: str) -> Any:
    """What a text of YAML holds, each scalar as text; None where it is none, or only one text."""
    stripped = text.strip()
    if len(stripped) > _LONGEST_YAML or ":" not in stripped or "\n" not in stripped or "&" in stripped:
        return None
    keys = _TOP_KEY.findall(stripped)
    if len(set(keys)) < len(keys):
        return None  # of two values for one key, YAML would drop the first
    from yaml import BaseLoader, YAMLError, load

    try:
        found = load(stripped, BaseLoader)  # makes nothing but texts, lists and dicts
    except (YAMLError, RecursionError, ValueError):
        return None
    return found if isinstance(found, (dict, list)) else None


def unquoted(text: str) -> str:
    """A text without the quotes that it stands in."""
    return text[1:-1] if len(text) > 1 and _QUOTES.get(text[0]) == text[-1] else text
