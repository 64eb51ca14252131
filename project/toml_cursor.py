"""Where in a TOML text a cursor stands: among keys, in a value, in the head of a table.

The text need not be TOML yet, so this reads no further than the cursor.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, TypeAlias

from msgspec import Struct

from ..base.span import Span

Kind: TypeAlias = Literal["key", "value", "head"]

_TOKEN = re.compile(
    r'(?P<text>"""(?:[^\\]|\\.)*?"{3,5}|\x27{3}.*?\x27{3,5}|"(?:[^"\\\n]|\\.)*"|\x27[^\x27\n]*\x27)'
    r"|(?P<open>\"{3}|\x27{3}|\"(?:[^\"\\\n]|\\.)*|\x27[^\x27\n]*)"
    r"|(?P<comment>\#[^\n]*)|(?P<newline>\n)|(?P<sign>[\[\]{}=,.])|(?P<word>[^\s\[\]{}=,.#\"']+)",
    re.DOTALL,
)
_REST = {"": re.compile(r"[\w-]*"), '"': re.compile(r'[^"\n]*'), "'": re.compile(r"[^'\n]*")}
_HEAD = re.compile(r"[^\]\n#]*")


class Cursor(Struct, frozen=True):
    """What may stand at a place."""

    kind: Kind
    path: tuple[str, ...]
    """Of a key, the tables around; of a value, those and the keys that it belongs to."""
    span: Span
    """What is there already and would be replaced, without quotes."""
    quote: str = ""
    """The quote that has been opened; empty outside of a string."""
    is_closed: bool = False
    """Whether that quote is closed behind."""
    is_item: bool = False
    """Whether the value is one of a list."""


class _Around(NamedTuple):
    """A list or table in which values are written."""

    sign: str
    path: tuple[str, ...]


class _Reading:
    """Follows the tokens up to the cursor."""

    def __init__(self) -> None:
        self.table: tuple[str, ...] = ()
        self.around: list[_Around] = []
        self.keys: list[str] = []
        self.mode: Literal["key", "value", "head", "done"] = "key"

    @property
    def path(self) -> tuple[str, ...]:
        """The tables around, and the keys that were read since."""
        above = self.around[-1].path if self.around else self.table
        return (*above, *self.keys) if not self._is_list else above

    @property
    def _is_list(self) -> bool:
        return bool(self.around) and self.around[-1].sign == "["

    def take(self, kind: str, text: str) -> None:
        """One token further."""
        if kind == "newline":
            if not self.around:
                self.mode, self.keys = "key", []
        elif kind in ("word", "text"):
            if self.mode in ("key", "head"):
                self.keys.append(text.strip("\"'"))
            elif self.mode == "value":
                self.mode = "done"
        elif kind == "sign":
            self._sign(text)

    def _sign(self, sign: str) -> None:
        match sign:
            case "[" if self.mode == "key" and not self.around and not self.keys:
                self.mode = "head"
            case "[" if self.mode == "value":
                self.around.append(_Around("[", self.path))
                self.keys = []
            case "{" if self.mode == "value":
                self.around.append(_Around("{", self.path))
                self.mode, self.keys = "key", []
            case "]" if self.mode == "head":
                self.table, self.keys, self.mode = tuple(self.keys), [], "done"
            case "]" | "}" if self.around:
                self.around.pop()
                self.mode, self.keys = "done", []
            case "=" if self.mode == "key":
                self.mode = "value"
            case "," if self.around:
                self.mode = "value" if self._is_list else "key"
                self.keys = []

    def cursor(self, span: Span, quote: str, *, is_closed: bool) -> Cursor | None:
        """What may stand here; None where nothing is missing."""
        match self.mode:
            case "key":
                return Cursor("key", self.path, span, quote, is_closed)
            case "value":
                return Cursor("value", self.path, span, quote, is_closed, self._is_list)
            case "head":
                return Cursor("head", (), span)
            case _:
                return None


def cursor_at(text: str, offset: int) -> Cursor | None:
    """Where an offset of a text is; None in a comment, and where nothing can be written."""
    reading = _Reading()
    start, quote, head = offset, "", offset
    for token in _TOKEN.finditer(text, 0, offset):
        kind = token.lastgroup or ""
        if kind == "comment" and token.end() == offset:
            return None
        if kind == "open":
            quote = token[0][0]
            start = token.start() + 1
            break
        if kind == "word" and token.end() == offset:
            start = token.start()
            break
        reading.take(kind, token[0])
        if reading.mode == "head" and token[0] == "[":
            head = token.end()
    if reading.mode == "head":
        rest = _HEAD.match(text, offset)
        return reading.cursor(Span(head, rest.end() if rest else offset), "", is_closed=False)
    rest = _REST[quote].match(text, offset)
    end = rest.end() if rest is not None else offset
    if quote and text[end : end + 1] != quote:
        end = offset
    return reading.cursor(Span(start, end), quote, is_closed=bool(quote) and text[end : end + 1] == quote)
