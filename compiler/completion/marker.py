"""A name put at the cursor, so that the parser reads a text that is being written as if it went on there.

    assert pred.la‸          the text
    assert pred.MARKER       what is parsed

The word that the cursor is in gives way to the marker. One item is parsed, the one that holds the marker.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from ...grammar.lexing.lexer import lex
from ...grammar.lexing.tokens import Lexed, Token, vocabulary
from ...grammar.lossless import tokenize
from ...grammar.parse import File
from ...grammar.source import Span
from ...grammar.split import split

MARKER = "completionMarker"
"""A name that no program has."""

Ground: TypeAlias = Literal["code", "string", "number", "nothing"]
"""What the cursor is in: code, a string that is only text, a number, or a comment and the like."""

_WORD_BEFORE = re.compile(r"\w*\Z")
_WORD_BEHIND = re.compile(r"\w*")
_NUMBER = re.compile(r"(?<![\w.])(?:\d[\w.]*|\.\d\w*)\Z")
_STRING_PREFIX = re.compile(r"[rRfFbBuU]{1,2}")
_SPACE = " \t\f\ufeff"


class Marked(Struct, frozen=True):
    """The item around a cursor with the marker in it."""

    text: str
    start: int
    """Where the item begins in the file."""
    offset: int
    """Where the marker begins in the item."""
    prefix: str
    """The part of the word that stands before the cursor."""
    followed_by_equals: bool
    """Whether an `=` follows, so that the word is a name that is given a value."""
    ground: Ground

    @property
    def cursor(self) -> int:
        """Where the cursor is in the file."""
        return self.start + self.offset + len(self.prefix)

    @property
    def replaced(self) -> Span:
        """What a completion replaces in the file: the part of the word before the cursor."""
        return Span(self.start + self.offset, self.cursor)

    def behind_comma(self) -> Marked:
        """The same with a comma before the marker, so that another value may stand there."""
        text = f"{self.text[: self.offset]}, {self.text[self.offset :]}"
        return replace(self, text=text, offset=self.offset + 2)

    def with_more(self, behind: str) -> Marked:
        """The same with a text right behind the marker."""
        end = self.offset + len(MARKER)
        return replace(self, text=self.text[:end] + behind + self.text[end:])


def mark(file: File, offset: int) -> Marked:
    """Put the marker at an offset of a file."""
    item = file.item_at(offset)
    start, text = (item.start, item.text) if item is not None else (0, "")
    before, behind = text[: offset - start], text[offset - start :]
    number = _NUMBER.search(before)
    word = number or _WORD_BEFORE.search(before)
    prefix = word[0] if word is not None else ""
    found = _WORD_BEHIND.match(behind)
    rest = behind[found.end() if found is not None else 0 :]
    at = len(before) - len(prefix)
    marked = before[:at] + MARKER + rest
    chunk = next(each for each in reversed(split(marked)) if each.start <= at)
    spaceless = rest.lstrip(_SPACE)
    is_named = spaceless.startswith("=") and not spaceless.startswith("==")
    here = Marked(chunk.text, start + chunk.start, at - chunk.start, prefix, is_named, "code")
    if rest[:1] in ("'", '"') and _STRING_PREFIX.fullmatch(prefix):
        return replace(here, ground="nothing")
    ground = _ground(here)
    if ground == "code" and number is not None:
        return replace(here, ground="number")
    if ground == "code" and _stands_left_of_an_open_bracket(here):
        return replace(here, text=here.text[here.offset :], start=here.start + here.offset, offset=0)
    return replace(here, ground=ground)


def _stands_left_of_an_open_bracket(marked: Marked) -> bool:
    """Whether the marker is in column 0 though a bracket is open above: a declaration is begun there."""
    before = marked.text[: marked.offset]
    return before.endswith(("\n", "\r")) and not lex(before).is_balanced


def _ground(marked: Marked) -> Ground:
    if any(is_marker(each) for each in lexed_item(marked.text).tokens):
        return "code"
    token = next((each for each in tokenize(marked.text) if each.end > marked.offset), None)
    if token is None:
        return "nothing"
    is_open_string = token.kind == "error" and token.text.lstrip("rR")[:1] in ("'", '"')
    return "string" if token.kind == "string" or is_open_string else "nothing"


@lru_cache(maxsize=2)
def lexed_item(text: str) -> Lexed:
    """The tokens of a text, which is asked for twice; not to be changed."""
    return lex(text)


def is_marker(token: Token) -> bool:
    """Whether a token is the marker where code stands, and not a text that is like it."""
    return token.text == MARKER and token.kind == vocabulary().name
