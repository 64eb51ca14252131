"""The inside of f-strings: where one ends, and the pieces that it is made of.

The language's f-strings are those of Python 3.11: the first quote of its kind ends the string. An f-string
that would then end in the middle of a replacement field is read as Python 3.12 reads it, where the quotes
between the braces are others, so that what is meant can be said and written in the form that 3.11 takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from msgspec import Struct, field

from .tokens import (
    CLOSE,
    CLOSERS,
    COMMENT,
    END,
    F_CLOSE,
    F_COLON,
    F_CONVERSION,
    F_END,
    F_EQUALS,
    F_OPEN,
    F_START,
    F_STRAY,
    F_TEXT,
    F_TOO_DEEP,
    MAX_NESTING,
    NEWLINE,
    OPEN,
    OPERATOR,
    OTHER,
    STRING,
    TOKEN,
)

MAX_F_STRINGS = 5
"""How deep f-strings may stand in each other; there are four kinds of quotes."""
_HEAD = re.compile(r"([A-Za-z]*)(\"\"\"|'''|\"|')")
_CONVERSION = re.compile(r"!\w*")
_EQUALS = re.compile(r"=[ \t]*(?=[!:}])")
_LINE = re.compile(r"[^\r\n]*")


class Piece(NamedTuple):
    """A part of an f-string; the kind is one of `tokens`."""

    kind: int
    start: int
    end: int


class Scanned(Struct):
    """An f-string taken apart."""

    pieces: list[Piece] = field(default_factory=list)
    end: int = 0
    """The offset behind its last quote."""
    is_nested: bool = False
    """Whether it holds its own quote between braces, which only Python 3.12 reads."""
    unclosed: int | None = None
    """Where the brace stands that is never closed."""
    is_too_deep: bool = False


class Scanner(Struct):
    """What is remembered while a text is read, so that no part of it is tried again and again."""

    text: str
    hopeless: int = 0
    """Up to here, looking for the end of an f-string beyond its first quote has led nowhere."""


def is_f_string(written: str) -> bool:
    """Whether a string's text begins like an f-string."""
    found = _HEAD.match(written)
    return found is not None and "f" in found[1].lower()


def scan_f_string(scanner: Scanner, start: int, end: int, limit: int, depth: int = 0) -> Scanned:
    """Take the f-string apart that begins at `start`.

    By the rule of Python 3.11 it ends at `end`; by that of 3.12 it may go on as far as `limit`.
    """
    found = _HEAD.match(scanner.text, start)
    assert found is not None
    quote = found[2]
    is_closed = end >= found.end() + len(quote) and scanner.text.endswith(quote, found.end(), end)
    content_end = end - len(quote) if is_closed else end
    scanned = Scanned(end=end)
    if depth < MAX_F_STRINGS:
        reading = _Reading(scanner, scanned, found[1].lower(), quote, depth)
        reading.read(start, found.end(), content_end, ends_at_quote=False)
    if depth >= MAX_F_STRINGS or scanned.is_too_deep:
        scanned.pieces = [Piece(F_START, start, found.end()), Piece(F_TEXT, found.end(), content_end)]
        scanned.is_too_deep, scanned.unclosed = True, None
    scanned.pieces.append(Piece(F_END, content_end, end))
    if scanned.unclosed is None or start < scanner.hopeless:
        return scanned
    stop = limit
    if len(quote) == 1:
        line = _LINE.match(scanner.text, start, limit)
        stop = line.end() if line else limit
    longer = Scanned(is_nested=True)
    reading = _Reading(scanner, longer, found[1].lower(), quote, depth)
    at = reading.read(start, found.end(), stop, ends_at_quote=True)
    is_found = scanner.text.startswith(quote, at) and at + len(quote) <= stop
    if longer.unclosed is not None or longer.is_too_deep or not is_found:
        scanner.hopeless = max(scanner.hopeless, stop)
        return scanned
    longer.end = at + len(quote)
    longer.pieces.append(Piece(F_END, at, longer.end))
    return longer


class _Reading(Struct):
    """One f-string while its pieces are found."""

    scanner: Scanner
    scanned: Scanned
    prefix: str
    quote: str
    depth: int

    def add(self, kind: int, start: int, end: int) -> None:
        """Note a piece, unless it is an empty text."""
        if end > start or kind != F_TEXT:
            self.scanned.pieces.append(Piece(kind, start, end))

    def read(self, start: int, at: int, limit: int, *, ends_at_quote: bool) -> int:
        """Read from behind the first quote; where the content ends, at `limit` or at the next quote."""
        self.add(F_START, start, at)
        text = _text_pattern("r" in self.prefix, self.quote if ends_at_quote else "", False)
        while at < limit:
            at = self.text(text, at, limit)
            if at >= limit or self.scanner.text[at] != "{":
                break
            at = self.field(at, limit, 0)
        return at

    def text(self, pattern: re.Pattern[str], at: int, limit: int) -> int:
        """Read text that is taken as it stands; the offset behind it."""
        found = pattern.match(self.scanner.text, at, limit)
        stop = found.end() if found else at
        self.add(F_TEXT, at, stop)
        return stop

    def field(self, start: int, limit: int, formats: int) -> int:
        """Read a replacement field; the offset behind it."""
        self.add(F_OPEN, start, start + 1)
        at = self.expression(start + 1, limit)
        written = self.scanner.text
        if at < limit and written[at] == "=":
            found = _EQUALS.match(written, at, limit)
            assert found is not None
            self.add(F_EQUALS, at, found.end())
            at = found.end()
        if at < limit and written[at] == "!":
            found = _CONVERSION.match(written, at, limit)
            assert found is not None
            self.add(F_CONVERSION, at, found.end())
            at = found.end()
        if at < limit and written[at] == ":":
            self.add(F_COLON, at, at + 1)
            at = self.format(at + 1, limit, formats)
        elif at < limit and written[at] != "}":
            close = written.find("}", at, limit)
            close = limit if close < 0 else close
            self.add(F_STRAY, at, close)
            at = close
        if at < limit:
            self.add(F_CLOSE, at, at + 1)
            return at + 1
        if self.scanned.unclosed is None:
            self.scanned.unclosed = start
        return at

    def format(self, at: int, limit: int, formats: int) -> int:
        """Read what stands behind the colon of a replacement field, up to its closing brace."""
        text = _text_pattern("r" in self.prefix, self.quote, True)
        while at < limit:
            at = self.text(text, at, limit)
            if at >= limit or self.scanner.text[at] != "{":
                break
            if formats:
                behind = _behind_braces(self.scanner.text, at, limit)
                self.add(F_TOO_DEEP, at, behind)
                at = behind
            else:
                at = self.field(at, limit, 1)
        return at if at >= limit or self.scanner.text[at] == "}" else limit

    def expression(self, at: int, limit: int) -> int:
        """Read an expression; the offset of what ends it: `}`, `!`, `:` or the `=` of `{x=}`."""
        brackets: list[str] = []
        text = self.scanner.text
        while at < limit:
            found = TOKEN.match(text, at, limit)
            assert found is not None
            kind = found.lastindex
            assert kind is not None
            start, end = found.span(kind)
            if kind == END:
                return limit
            if not brackets and _ends_expression(text, kind, start, limit):
                return start
            if kind == STRING and is_f_string(text[start:end]):
                inner = scan_f_string(self.scanner, start, end, limit, self.depth + 1)
                self.scanned.pieces += inner.pieces
                self.scanned.is_too_deep |= inner.is_too_deep
                self.scanned.is_nested |= inner.is_nested
                if inner.unclosed is not None and self.scanned.unclosed is None:
                    self.scanned.unclosed = inner.unclosed
                at = inner.end
                continue
            if kind == OPEN:
                brackets.append(CLOSERS[text[start]])
                if len(brackets) > MAX_NESTING:
                    self.scanned.is_too_deep = True
                    return limit
            elif kind == CLOSE:
                if text[start] == "}" and "}" not in brackets:
                    return start
                if brackets and brackets[-1] == text[start]:
                    brackets.pop()
                elif text[start] in brackets:
                    del brackets[len(brackets) - 1 - brackets[::-1].index(text[start]) :]
            if kind != NEWLINE:
                self.add(kind, start, end)
            at = end
            if kind == COMMENT:
                return limit
        return at


def _ends_expression(text: str, kind: int, at: int, limit: int) -> bool:
    """Whether the token at `at`, which stands in no bracket, ends the expression of a field."""
    if kind == OPERATOR:
        return text[at] == ":" or (text[at] == "=" and _EQUALS.match(text, at, limit) is not None)
    return kind == OTHER and text[at] == "!"


def _behind_braces(text: str, at: int, limit: int) -> int:
    """The offset behind what stands between the brace at `at` and its partner, or `limit`."""
    depth = 0
    for index in range(at, limit):
        depth += (text[index] == "{") - (text[index] == "}")
        if depth == 0:
            return index + 1
    return limit


@cache
def _text_pattern(is_raw: bool, quote: str, is_format: bool) -> re.Pattern[str]:
    """The text between replacement fields, up to a brace or `quote`."""
    escape = r"\\[^{}]" if is_raw else r"\\N\{[^{}]*\}|\\[^{}]"
    braces = "" if is_format else r"|\{\{|\}"
    single = f"|(?!{quote}){quote[0]}" if quote else ""
    return re.compile(rf"(?:[^\\{{}}{quote[:1]}]+|{escape}|\\{single}{braces})*")


def scan(text: str, start: int = 0, end: int | None = None) -> Iterator[Piece]:
    """The tokens of a text one after the other, each f-string as one string; blanks are left out."""
    stop = len(text) if end is None else end
    scanner = Scanner(text)
    at = start
    while at <= stop:
        for found in TOKEN.finditer(text, at, stop):
            kind = found.lastindex
            assert kind is not None
            begin, at = found.span(kind)
            if kind == STRING and text[begin] not in "\"'" and is_f_string(text[begin:at]):
                behind = scan_f_string(scanner, begin, at, stop).end
                if behind != at:
                    at = behind
                    yield Piece(kind, begin, at)
                    break
            yield Piece(kind, begin, at)
            if kind == END:
                return
        else:
            return
