"""JSON as models write it: read in one pass, whatever is wrong with it, and checked for loss.

Taken are strings with raw line ends, quotes and backslashes inside, in other quotes or none; comments; `;`
and `=` for `,` and `:`; missing and doubled commas; missing brackets at the end; Python's tuples, sets,
constants and constructor calls. A reading that dropped something of the text is refused: what comes back must
hold every letter and digit that was given.

Every character is looked at a bounded number of times, so the work is linear in the length of the text.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from ...base.expressions import pattern

MOST_NESTED = 100
"""How deep brackets may stand inside each other; deeper ones are no value but a runaway."""

_SPACE = pattern(r"\s*+")
_KEY = pattern(r"[^\s:=,;{}\[\]()\"'`]++(?:[ \t]++[^\s:=,;{}\[\]()\"'`#/]++)*+")
_BARE = pattern(r"[^,;\]})\n]*+")
_WIDE_KEY = pattern(r"[^\s:=,;：，＂{}\[\]()\"'`]++(?:[ \t]++[^\s:=,;：，＂{}\[\]()\"'`#/]++)*+")
_WIDE_BARE = pattern(r"[^,;，\]})\n]*+")
_WIDE = ("，", "：", "＂")
"""The marks of JSON as keyboards of East Asia write them; of text in these languages they are a part."""
_SWALLOWED_WIDE = pattern(r'\\"\s*+[，：]|[，：]\s*+\\"|＂|"-?\d[\d.]*+，')
"""What of a text's structure has become content where wide marks are none."""
_CALL = pattern(r"([^\W\d][\w.]*+)\(")
_KEYWORD = pattern(r"\s*+[^\W\d]\w*+\s*+=(?!=)")
_PREFIX = pattern(r"(?:[fF][rR]?|[rR][fF]?|[uU])(?=[\"'])")
_JOINED = pattern(r"\s*+\+\s*+(?=[\"'])")
_BARE_COMMENT = pattern(r"(?:^|\s)(?://|#|/\*)")
_BEFORE_KEY = pattern(
    r"(-?(?:0|[1-9]\d*+)(?:\.\d++)?(?:[eE][-+]?\d++)?|true|false|null|True|False|None)"
    r"(?=[ \t]++(?:[\"'“][^\"'“”\n]{1,100}+[\"'”]\s*+[:=]"
    r"|[^\W\d]\w{0,60}+\s*+[:=]\s*+(?:[\"'“\[{\d-]|(?:true|false|null|True|False|None)\b)))"
)
"""A number or a constant behind which a comma is missing."""
_NUMBER = pattern(r"-?(?:0|[1-9]\d*+)(\.\d++)?([eE][-+]?\d++)?")
_FOLLOWS_COMMA = pattern(
    r"[,\"'`“‘„«＂{\[(}\])\-\d]|\.\.\.|…|<!--|-- "
    r"|(?:true|false|null|None|True|False)\b|//|#|/\*|$|\w++\"?\s*+[:=]"
)
_CONSTANTS = {
    "true": True, "false": False, "null": None, "True": True, "False": False, "None": None,
    "undefined": None, "NaN": float("nan"),
}  # fmt: skip
_CONTAINERS = frozenset({"set", "frozenset", "list", "tuple", "dict"})
_VALID_ESCAPE = pattern(r'\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])')
_QUOTED = pattern(r"((?<!\\)(?:\\\\)*+)\\'")
_TO_ESCAPE = pattern(r'\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])|\\|"|[\x00-\x1f]')
_SWALLOWED_START = pattern(r"[,\[{](\s*+)\\?\"")
_SWALLOWED_END = pattern(r"\\?\"\s*+,(\s*+)")
_REST = pattern(r"[\s\]}),;.]*+")
_ALPHANUMERIC = pattern(r"[^\W_]")


def is_call_by_name(text: str) -> bool:
    """Whether a text is a call with named arguments: `Note(title='…')`."""
    call = _CALL.match(text)
    return call is not None and _KEYWORD.match(text, call.end()) is not None


def calls(text: str, names: Iterable[str], exact: bool = False) -> list[dict[str, Any]]:
    """What the calls in a text are called with that have one of these names: `note = Note(title='…')`.

    One that cannot be read without loss is left out.
    """
    found: list[dict[str, Any]] = []
    at = failed = 0
    begins = re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, names))})\((?=\s*+[^\W\d]\w*+\s*+=(?!=))")
    while (call := begins.search(text, at)) is not None:
        reader = _Reader(text, exact)
        reader.at = call.start()
        try:
            value = reader.value(0)
        except _Broken:
            at, failed = call.end(), failed + 1
            if failed > _MOST_BROKEN:
                return []
            continue
        at = max(reader.at, call.end())
        if isinstance(value, dict) and not lost(text[call.start() : at], value, reader.dropped):
            found.append(value)
        if len(found) > _MOST_CALLS:
            return []
    return found


_MOST_CALLS = 1000
_MOST_BROKEN = 10
"""How many calls are read that turn out to be none: each may be read to the end of the text."""


class Mended(dict[str, Any]):
    """An object out of broken JSON: a key that its record does not have may be a value that has slipped."""


class NumberText(str):
    """A number with a fraction as it was written, for types that keep every digit."""

    __slots__ = ()


class _Broken(Exception):
    """The text cannot be read without guessing."""


def repaired(text: str, exact: bool = False) -> tuple[Any] | None:
    """The value that a text of broken JSON means, in a tuple, or None when it cannot be told without loss.

    Args:
        text: the text; what stands behind its first value must hold no letter or digit.
        exact: give numbers with a fraction as `NumberText`.
    """
    found = _read(_Reader(text, exact))
    if any(mark in text for mark in _WIDE) and (found is None or _swallows_wide(text, found[0])):
        wide = _read(_WideReader(text, exact))
        if wide is not None and (found is None or '\\"' not in _as_json(wide[0])):
            return wide
    return found


def _swallows_wide(text: str, value: Any) -> bool:
    is_set = text[:1] == "{" and isinstance(value, list)
    return is_set or _SWALLOWED_WIDE.search(_as_json(value)) is not None


def _read(reader: _Reader) -> tuple[Any] | None:
    text = reader.text
    try:
        value = reader.value(0)
    except _Broken:
        return None
    if _REST.fullmatch(text, reader.at) is None or lost(text, value, reader.dropped):
        return None
    return (value,)


class _Reader:
    """Reads values off a text, from left to right."""

    quotes: tuple[str, ...] = ('"', "'", "`", "“", "‘", "„", "«")
    commas = ",;"
    colons: tuple[str, ...] = ("=", ":")
    key = _KEY
    bare = _BARE

    def __init__(self, text: str, exact: bool) -> None:
        self.text = text
        self.at = 0
        self.exact = exact
        self.dropped: list[str] = []
        """What the value does not hold: comments, constants under other names, names of constructors."""
        self._parentheses = 0
        self._last_comment_end = text.rfind("*/")

    def value(self, depth: int, key_wanted: bool = False) -> Any:
        """The value that begins here, or the key where one is wanted."""
        if depth > MOST_NESTED:
            raise _Broken
        self._skip()
        match self.text[self.at : self.at + 1]:
            case "{":
                return self._braces(depth)
            case "[":
                return self._items(depth, "]")
            case "(":
                return self._items(depth, ")")
            case char if char in self.quotes:
                return self._strings(key_wanted)
        return self._key() if key_wanted else self._bare(depth)

    # --- containers -------------------------------------------------------------------------------------

    def _items(self, depth: int, closing: str) -> list[Any]:
        self.at += 1
        self._parentheses += closing == ")"
        items: list[Any] = []
        while not self._ended(closing):
            before = self.at
            items.append(self.value(depth + 1))
            if self.at == before:
                raise _Broken
        self._parentheses -= closing == ")"
        return items

    def _braces(self, depth: int) -> Any:
        """An object, or a Python set."""
        self.at += 1
        found = Mended()
        while not self._ended("}"):
            key = self.value(depth + 1, key_wanted=True)
            self._skip()
            if self.text[self.at : self.at + 1] not in self.colons or isinstance(key, (dict, list)):
                if found:
                    raise _Broken  # a value that has slipped, or a key without one
                return [key, *self._rest_of_set(depth)]
            self.at += 2 if self.text.startswith(("=>", ":=", "=="), self.at) else 1
            found[str(key)] = self._after_colon(depth)
        return found

    def _rest_of_set(self, depth: int) -> list[Any]:
        if self.text[self.at : self.at + 1] not in (",", "}"):
            raise _Broken
        self.at -= 1  # `_items` begins behind a bracket
        return self._items(depth, "}")

    def _after_colon(self, depth: int) -> Any:
        self._skip()
        char = self.text[self.at : self.at + 1]
        if char == "}" or (char and char in self.commas and char != ";"):
            return None
        if self.at >= len(self.text):
            raise _Broken  # cut off behind a key
        return self.value(depth + 1)

    def _ended(self, closing: str) -> bool:
        """Move over separators; whether the container ends here: by its own bracket, another, or the end."""
        while True:
            self._skip()
            char = self.text[self.at : self.at + 1]
            if char == closing:
                self.at += 1
                return True
            if not char or char in "]})":
                return True
            if char not in self.commas:
                return False
            self.at += 1

    # --- scalars ----------------------------------------------------------------------------------------

    def _key(self) -> str:
        match = self.key.match(self.text, self.at)
        if match is None:
            raise _Broken
        self.at = match.end()
        return match[0]

    def _bare(self, depth: int) -> Any:
        if (prefix := _PREFIX.match(self.text, self.at)) is not None:
            return self._prefixed(prefix)
        if (call := _CALL.match(self.text, self.at)) is not None:
            return self._call(call, depth)
        match = _BEFORE_KEY.match(self.text, self.at) or self.bare.match(self.text, self.at)
        token = "" if match is None else match[0]
        for comment in _BARE_COMMENT.finditer(token):
            if not comment[0].endswith("*") or self._is_closed(self.at + comment.end()):
                token = token[: comment.start()]
                break
        if not token.strip() or token.strip() in ("...", "…"):
            raise _Broken  # nothing, or a list that is not written out
        self.at += len(token)
        token = token.strip()
        if token in _CONSTANTS:
            self.dropped.append(token)
            return _CONSTANTS[token]
        if (number := _NUMBER.fullmatch(token)) is not None:
            return self._number(token, number)
        return token

    def _is_closed(self, offset: int) -> bool:
        """Whether a comment that begins before here ends, and before another one begins."""
        another = self.text.find("/*", offset)
        return self.text.find("*/", offset, len(self.text) if another < 0 else another) >= 0

    def _prefixed(self, prefix: re.Match[str]) -> str:
        """Python's `r"…"`, whose backslashes are themselves, and `f"…"`."""
        self.dropped.append(prefix[0])
        self.at = prefix.end()
        if "r" not in prefix[0].lower():
            return self._string()
        opening = self.text[self.at]
        mark = opening * 3 if self.text.startswith(opening * 3, self.at) else opening
        return self._raw(mark)

    def _number(self, token: str, match: re.Match[str]) -> Any:
        if match[1] is None and match[2] is None:
            try:
                return int(token)
            except ValueError:
                raise _Broken from None  # more digits than Python reads
        return NumberText(token) if self.exact else float(token)

    def _call(self, call: re.Match[str], depth: int) -> Any:
        """`set()`, `Decimal('1.5')`, `Note(title='…')`."""
        self.at = call.end() - 1
        self.dropped.append(call[1])
        if _KEYWORD.match(self.text, call.end()) is not None:
            return self._keywords(depth)
        arguments = self._items(depth, ")")
        if call[1].rpartition(".")[2] in ("date", "datetime") and [type(each) for each in arguments] == 3 * [
            int
        ]:
            return "{:04}-{:02}-{:02}".format(*arguments)
        if not arguments and call[1] in _CONTAINERS:
            return {} if call[1] == "dict" else []
        if len(arguments) != 1:
            raise _Broken
        return arguments[0]

    def _keywords(self, depth: int) -> dict[str, Any]:
        self.at += 1
        self._parentheses += 1
        found = Mended()
        while not self._ended(")"):
            key = self._key()
            self._skip()
            if self.text[self.at : self.at + 1] != "=":
                raise _Broken
            self.at += 1
            found[key] = self.value(depth + 1)
        self._parentheses -= 1
        return found

    # --- strings ----------------------------------------------------------------------------------------

    def _strings(self, key_wanted: bool) -> str:
        """A string, or several that Python joins with `+`."""
        found = self._string()
        while not key_wanted and (joined := _JOINED.match(self.text, self.at)) is not None:
            self.at = joined.end()
            found += self._string()
        return found

    def _string(self) -> str:
        opening = self.text[self.at]
        if self.text.startswith(opening * 3, self.at) and opening in "\"'":
            return self._raw(opening * 3)
        if opening == "`":
            return self._raw(opening)
        start = self.at + 1
        end = self._end_of_string(start, opening)
        content = self.text[start : len(self.text) if end is None else end]
        self.at = len(self.text) if end is None else end + 1
        if opening in '"“„' and _swallows(content):
            raise _Broken
        return _unescaped(content, opening)

    def _raw(self, mark: str) -> str:
        start = self.at + len(mark)
        end = self.text.find(mark, start)
        if end < 0:
            raise _Broken
        self.at = end + len(mark)
        return self.text[start:end]

    def _end_of_string(self, offset: int, opening: str) -> int | None:
        """Where a string ends: at a quote followed by what may follow a string; others are content."""
        candidates = _CLOSING[opening]
        while (match := candidates.search(self.text, offset)) is not None:
            offset = match.end()
            if match[0][0] != "\\" and self._ends_string(offset):
                return match.start()
        return None

    def _ends_string(self, offset: int) -> bool:
        text = self.text
        after = _SPACE.match(text, offset).end()  # type: ignore[union-attr]
        char = text[after : after + 1]
        if not char or char in "}];" or char in self.colons or (char == ")" and self._parentheses):
            return True
        if char == "+":
            return _JOINED.match(text, after) is not None
        if char in self.commas:
            following = _SPACE.match(text, after + 1).end()  # type: ignore[union-attr]
            return _FOLLOWS_COMMA.match(text, following) is not None
        if char in "\"'“" and after > offset:
            beyond = text[after + 1 : after + 2]
            return beyond.isalnum() or beyond == "_" or "\n" in text[offset:after]
        return text.startswith(("/*", "//", "<!--", "-- "), after) or (char == "#" and after > offset)

    def _skip(self) -> None:
        """Move over space and comments."""
        text = self.text
        while True:
            start = self.at = _SPACE.match(text, self.at).end()  # type: ignore[union-attr]
            if text.startswith(("//", "#", "-- "), start):
                end = text.find("\n", start)
                self.at = len(text) if end < 0 else end
            elif text.startswith("<!--", start) and (end := text.find("-->", start)) >= 0:
                self.at = end + 3
            elif text.startswith("/*", start) and start + 2 <= self._last_comment_end:
                self.at = text.find("*/", start + 2) + 2
            else:
                return
            self.dropped.append(text[start : self.at])


class _WideReader(_Reader):
    """Reads values whose structure is written with wide marks, too: `{"a"：1，"b"：2}`."""

    quotes = (*_Reader.quotes, "＂")
    commas = ",;，"
    colons = ("=", ":", "：")
    key = _WIDE_KEY
    bare = _WIDE_BARE


_CLOSING = {
    '"': pattern(r'\\.|"', re.DOTALL),
    "'": pattern(r"\\.|'", re.DOTALL),
    "“": pattern(r'\\.|[”"]', re.DOTALL),
    "‘": pattern(r"\\.|[’']", re.DOTALL),
    "„": pattern(r'\\.|[“”"]', re.DOTALL),
    "«": pattern(r"\\.|»", re.DOTALL),
    "＂": pattern(r"\\.|＂", re.DOTALL),
}


def _swallows(content: str) -> bool:
    """Whether a string seems to go on over the next ones, because a quote is missing."""
    return any(
        "\n" in match[1]
        for pattern in (_SWALLOWED_START, _SWALLOWED_END)
        for match in pattern.finditer(content)
    )


def _unescaped(content: str, opening: str) -> str:
    """A string's content, as a model wrote it: raw line ends, quotes and stray backslashes are themselves."""
    if "\\'" in content:
        content = _QUOTED.sub(r"\1'", content)
    if "\\" not in content:
        return content
    escapes_are_meant = "\\" not in _VALID_ESCAPE.sub("", content)

    def escape(match: re.Match[str]) -> str:
        if match[0][0] == "\\" and len(match[0]) > 1:
            return match[0] if escapes_are_meant or match[0][1] in '"\\' else f"\\{match[0]}"
        return json.dumps(match[0], ensure_ascii=False)[1:-1]

    text: str = json.loads(f'"{_TO_ESCAPE.sub(escape, content)}"')
    return text


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def lost(text: str, value: Any, dropped: Iterable[str] = ()) -> bool:
    """Whether letters or digits of the text are missing in the value."""
    before = _letters(_VALID_ESCAPE.sub(" ", text))
    after = _letters(_VALID_ESCAPE.sub(" ", json.dumps(value, ensure_ascii=False)))
    return bool(before - after - _letters(" ".join(dropped)))


def _letters(text: str) -> Counter[str]:
    return Counter(_ALPHANUMERIC.findall(text.lower()))
