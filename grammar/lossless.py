"""The lossless list of an item's tokens: joined, they are the text, whatever the text is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from .lexing.f_strings import Piece, Scanner, is_f_string, scan, scan_f_string
from .lexing.tokens import (
    CLOSE,
    COMMENT,
    END,
    F_CLOSE,
    F_COLON,
    F_CONVERSION,
    F_END,
    F_EQUALS,
    F_OPEN,
    F_START,
    F_TEXT,
    NAME,
    NEWLINE,
    NUMBER,
    OPEN,
    OPERATOR,
    STRING,
)
from .words import HARD_KEYWORDS

Kind: TypeAlias = Literal[
    "name",
    "keyword",
    "number",
    "string",
    "f-string",
    "operator",
    "open",
    "close",
    "comment",
    "newline",
    "space",
    "error",
]
"""What a token is by its form alone. `keyword` is one of Python's; the soft ones are names. The quotes and
the texts of an f-string are `f-string`; what stands between its braces is as elsewhere."""

_KINDS: dict[int, Kind] = {
    NAME: "name",
    NUMBER: "number",
    OPERATOR: "operator",
    OPEN: "open",
    CLOSE: "close",
    STRING: "string",
    F_START: "f-string",
    F_TEXT: "f-string",
    F_END: "f-string",
    F_OPEN: "open",
    F_CLOSE: "close",
    F_EQUALS: "operator",
    F_CONVERSION: "operator",
    F_COLON: "operator",
}
_TRIVIA = re.compile(r"(#[^\r\n]*)|(\r\n?|\n)|([ \t\f\ufeff]+)|([\s\S])")
_TRIVIA_KINDS: tuple[Kind, ...] = ("comment", "newline", "space", "error")


class Lexeme(NamedTuple):
    """A token as it is written, blanks and comments among them, and where it stands in its item."""

    kind: Kind
    start: int
    text: str

    @property
    def end(self) -> int:
        """The offset behind its last character."""
        return self.start + len(self.text)


def tokenize(text: str) -> tuple[Lexeme, ...]:
    """Every token of a text, blanks, comments and what is no token included."""
    return tuple(_lexemes(text))


def _lexemes(text: str) -> Iterator[Lexeme]:
    done = 0
    for kind, start, end in _pieces(text):
        if kind == END or start < done:
            continue
        yield from _trivia(text, done, start)
        if kind in {NEWLINE, COMMENT}:
            yield from _trivia(text, start, end)
        elif end > start:
            word = text[start:end]
            is_keyword = kind == NAME and word in HARD_KEYWORDS
            yield Lexeme("keyword" if is_keyword else _KINDS.get(kind, "error"), start, word)
        done = end
    yield from _trivia(text, done, len(text))


def _pieces(text: str) -> Iterator[Piece]:
    """The tokens of a text, f-strings in their pieces."""
    scanner = Scanner(text)
    for piece in scan(text):
        if piece.kind == STRING and is_f_string(text[piece.start : piece.end]):
            yield from scan_f_string(scanner, piece.start, piece.end, len(text)).pieces
        else:
            yield piece


def _trivia(text: str, start: int, end: int) -> Iterator[Lexeme]:
    for found in _TRIVIA.finditer(text, start, end):
        assert found.lastindex is not None
        yield Lexeme(_TRIVIA_KINDS[found.lastindex - 1], found.start(), found[0])
