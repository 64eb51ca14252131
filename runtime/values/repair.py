"""Broken JSON mended: the slips that models make, first by rules that lose nothing, then by a library,
checked for loss.

A repair that dropped something of the text is no repair: what the library gives back must hold every letter
and digit that it was given.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

_COMMENT = re.compile(r"/\*.*?\*/|(?<!:)//[^\n\"']*$", re.DOTALL | re.MULTILINE)
_SEPARATOR = re.compile(r";(?=\s*(?:$|[}\]\n\w\"']))")
_EQUALS = re.compile(r"^\s*=>?(?!=)|(?<=[\w\s])=>?(?!=)\s*$")
_COMMAS = re.compile(r",(\s*,)+")
_STRING_START = re.compile(r'"""|"|`')
_VALID_ESCAPE = re.compile(r'\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])')
_AFTER_STRING = re.compile(
    r'\s*(?:$|[}\]:;=]|,\s*(?:["\'`{\[}\]\-\d]|true\b|false\b|null\b|None\b|True\b|False\b|$|,|\w+"?\s*:)|\s+"\w|\n\s*"|/\*)'
)
_SWALLOWED = re.compile(r'[,\[{]\s*(?:\\n\s*)+\\"|\\"\s*,\s*\\n')
_ALPHANUMERIC = re.compile(r"[^\W_]")


class Mended(dict[str, Any]):
    """An object out of repaired JSON: a key that its record does not have may be a value that has slipped."""


def repaired(text: str) -> tuple[Any] | None:
    """The value that a text of broken JSON means, in a tuple, or None when it cannot be told without loss.

    Objects in it are marked as `Mended`.
    """
    mended = mend(text)
    if mended is None:
        return None
    try:
        return (_marked(json.loads(mended)),)
    except ValueError:
        pass
    import json_repair

    value = json_repair.loads(mended, skip_json_loads=True)
    if value == "" or _lost(mended, value):
        return None
    return (_marked(value),)


def mend(text: str) -> str | None:
    """The text with strings well quoted, comments gone, and `;`, `=` and doubled commas as JSON has them.

    None when a quote is missing somewhere, so that a string seems to go on over the next ones.
    """
    out: list[str] = []
    for is_string, piece in _pieces(text):
        if is_string:
            if _SWALLOWED.search(piece):
                return None
            out.append(piece)
            continue
        piece = _COMMENT.sub(" ", piece)
        piece = _SEPARATOR.sub(",", piece)
        out.append(_COMMAS.sub(",", _EQUALS.sub(":", piece)))
    return "".join(out)


def _marked(value: Any) -> Any:
    if isinstance(value, dict):
        return Mended((key, _marked(inner)) for key, inner in value.items())
    return [_marked(inner) for inner in value] if isinstance(value, list) else value


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """The text cut into strings, already in JSON's form, and what stands between them."""
    offset = 0
    while (start := _STRING_START.search(text, offset)) is not None:
        between = text[offset : start.start()]
        yield False, between
        mark = start[0]
        end = _end_of_string(text, start.end(), mark)
        if mark == "`" and not re.search(r"[:\[,]\s*\Z", between):
            # A backtick quotes only where a value may stand.
            yield False, mark
            offset = start.end()
        elif end is None:
            yield False, text[start.start() :]
            return
        else:
            content = text[start.end() : end]
            yield True, _as_json_string(content) if mark == '"' else json.dumps(content, ensure_ascii=False)
            offset = end + len(mark)
    yield False, text[offset:]


def _end_of_string(text: str, offset: int, mark: str) -> int | None:
    """Where a string ends: for `"` at a quote that is followed by what may follow a string, so that others
    are content.
    """
    if mark != '"':
        end = text.find(mark, offset)
        return end if end >= 0 else None
    while offset < len(text):
        if text[offset] == "\\":
            offset += 2
        elif text[offset] == '"' and _AFTER_STRING.match(text, offset + 1):
            return offset
        else:
            offset += 1
    return None


def _as_json_string(content: str) -> str:
    """A string's content, as a model wrote it, as a JSON string: raw line ends, quotes and stray backslashes
    escaped.
    """
    escapes_are_meant = "\\" not in _VALID_ESCAPE.sub("", content)

    def escape(match: re.Match[str]) -> str:
        if match[0][0] == "\\" and len(match[0]) > 1:
            return match[0] if escapes_are_meant or match[0][1] in '"\\' else f"\\{match[0]}"
        return json.dumps(match[0], ensure_ascii=False)[1:-1]

    body = re.sub(r'\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])|\\|"|[\x00-\x1f]', escape, content)
    return f'"{body}"'


def _lost(text: str, value: Any) -> bool:
    """Whether letters or digits of the text are missing in the value."""
    plain = _VALID_ESCAPE.sub(" ", text)
    before = Counter(_ALPHANUMERIC.findall(plain.lower()))
    after = Counter(
        _ALPHANUMERIC.findall(_VALID_ESCAPE.sub(" ", json.dumps(value, ensure_ascii=False)).lower())
    )
    # `None` and `nan` come back under other names.
    missing = before - after
    return sum(missing.values()) > len(re.findall(r"\b(?:None|NaN|undefined)\b", text)) * 4
