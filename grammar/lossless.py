"""The lossless list of an item's tokens: joined, they are the text, whatever the text is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from .lexing.tokens import (
    BACKSLASH,
    CLOSE,
    COMMENT,
    END,
    HARD_KEYWORDS,
    NAME,
    NEWLINE,
    NUMBER,
    OPEN,
    OPEN_STRING,
    OPERATOR,
    STRING,
    TOKEN,
)

Kind: TypeAlias = Literal[
    "name", "keyword", "number", "string", "operator", "open", "close", "comment", "newline", "space", "error"
]
"""What a token is by its form alone. `keyword` is one of Python's; the soft ones are names."""

_KINDS: dict[int, Kind] = {
    NAME: "name",
    NUMBER: "number",
    OPERATOR: "operator",
    OPEN: "open",
    CLOSE: "close",
    STRING: "string",
    OPEN_STRING: "error",
    BACKSLASH: "error",
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
    return tuple(_tokens(text))


def _tokens(text: str) -> Iterator[Lexeme]:
    done = 0
    for found in TOKEN.finditer(text):
        kind = found.lastindex
        assert kind is not None
        start, end = found.span(kind)
        if kind == END:
            break
        yield from _trivia(text, done, start)
        if kind in {NEWLINE, COMMENT}:
            yield from _trivia(text, start, end)
        else:
            word = found[kind]
            yield Lexeme("keyword" if word in HARD_KEYWORDS else _KINDS.get(kind, "error"), start, word)
        done = end
    yield from _trivia(text, done, len(text))


def _trivia(text: str, start: int, end: int) -> Iterator[Lexeme]:
    for found in _TRIVIA.finditer(text, start, end):
        assert found.lastindex is not None
        yield Lexeme(_TRIVIA_KINDS[found.lastindex - 1], found.start(), found[0])
