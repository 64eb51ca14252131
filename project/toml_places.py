"""Where the keys and strings of a TOML text stand; Python's reader of TOML does not tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from ..base.span import Span

_TOKEN = re.compile(
    r'(?P<text>"""(?:[^\\]|\\.)*?"{3,5}|\x27{3}.*?\x27{3,5}|"(?!"")(?:[^"\\\n]|\\.)*"'
    r"|\x27(?!\x27\x27)[^\x27\n]*\x27)"
    r"|(?P<open>\"{3}.*|\x27{3}.*)"  # to the end: looked for once, not from each quote again
    r"|(?P<comment>\#[^\n]*)|(?P<newline>\n)|(?P<sign>[\[\]{}=,.])|(?P<word>[^\s\[\]{}=,.#\"']+)",
    re.DOTALL,
)


class Place(NamedTuple):
    """A key, or a string among the values; `path` has all keys down to it."""

    path: tuple[str, ...]
    value: str
    """The last key, or the string."""
    span: Span
    is_key: bool


def places(text: str) -> tuple[Place, ...]:
    """The keys and strings of a text that is TOML, or is to become it, in order."""
    reader = _Reader(text)
    with suppress(RecursionError):
        reader.read()
    return tuple(reader.places)


def find(text: str, table: Sequence[str], about: str) -> Span | None:
    """The first key or string below a table that is called `about`; else the table's own key; else None."""
    above: Span | None = None
    for place in places(text):
        if place.path[: len(table)] == tuple(table):
            if place.value == about and (len(place.path) > len(table) or not place.is_key):
                return place.span
            if place.path == tuple(table) and above is None:
                above = place.span
    return above


class _Reader:
    """Reads a text from its first token to its last."""

    def __init__(self, text: str) -> None:
        self.places: list[Place] = []
        self._tokens = [
            (found.lastgroup or "", found[0], found.start())
            for found in _TOKEN.finditer(text)
            if found.lastgroup != "comment"
        ]
        self._at = 0

    def read(self) -> None:
        """Find all places. Raises RecursionError where brackets stand too deep in each other."""
        table: tuple[str, ...] = ()
        while self._at < len(self._tokens):
            if self._sees("["):
                while self._sees("["):
                    self._at += 1
                table = self._read_keys(())
            else:
                self._read_entry(table)
            while self._at < len(self._tokens) and not self._sees("\n"):
                self._at += 1
            self._at += 1

    def _sees(self, sign: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at][1] == sign

    def _read_keys(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """Read a dotted key; the path of what it names."""
        while self._at < len(self._tokens):
            kind, text, start = self._tokens[self._at]
            if kind not in ("word", "text"):
                break
            name, span = _content(kind, text, start)
            path = (*path, name)
            self.places.append(Place(path, name, span, is_key=True))
            self._at += 1
            if not self._sees("."):
                break
            self._at += 1
        return path

    def _read_entry(self, table: tuple[str, ...]) -> None:
        path = self._read_keys(table)
        if self._sees("="):
            self._at += 1
            self._read_value(path)

    def _read_value(self, path: tuple[str, ...]) -> None:
        if self._at >= len(self._tokens):
            return
        kind, text, start = self._tokens[self._at]
        self._at += 1
        if kind == "text":
            value, span = _content(kind, text, start)
            self.places.append(Place(path, value, span, is_key=False))
        elif text == "[":
            while self._at < len(self._tokens) and not self._sees("]"):
                self._read_value(path)
            self._at += 1
        elif text == "{":
            while self._at < len(self._tokens) and not self._sees("}"):
                before = self._at
                self._read_entry(path)
                # Commas, and the rest of a number with a dot.
                self._at = max(self._at, before + 1)
            self._at += 1


def _content(kind: str, text: str, start: int) -> tuple[str, Span]:
    """What a word or string says, and where that stands, without the quotes."""
    if kind == "word":
        return text, Span(start, start + len(text))
    quotes = 3 if text[:3] in ('"""', "'''") and len(text) > 5 else 1
    inside = text[quotes:-quotes]
    span = Span(start + quotes, start + len(text) - quotes)
    if text[0] == '"' and "\\" in inside:
        import tomllib

        with suppress(tomllib.TOMLDecodeError):  # of what does not say what it says
            inside = str(tomllib.loads(f"x = {text}")["x"])
    return inside, span
