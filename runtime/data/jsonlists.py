"""A JSON file with a list of objects, read item by item, so that it may be larger than memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from ...base.files import render_size
from ..errors import DataError
from .opening import LONGEST_LINE, opened
from .table import Row, Table, first_twice

_BLOCK = 1 << 16
_SPACE = " \t\r\n"
_CUT = 16
"""How close to the end of what was read an error may be due to what was not read yet."""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"an object has two values called `{first_twice(name for name, _ in pairs)}`")
    return found


DECODER = json.JSONDecoder(object_pairs_hook=_object)
"""Reads a JSON value. An object with two values of one name is an error; Python would drop the first."""


def read_json(path: Path) -> Table:
    """The items of a file's list, each with the line on which it begins."""
    return Table(None, _items(path))


def _items(path: Path) -> Iterator[tuple[int, Row]]:
    with opened(path) as file:
        text = _Text(path, file)
        first = text.skip_space()
        if first != "[":
            raise text.no_list(first)
        text.advance(1)
        number = 0
        while (character := text.skip_space()) != "]":
            if number:
                if character != ",":
                    raise text.invalid("Expecting ',' delimiter")
                text.advance(1)
                text.skip_space()
            number += 1
            line = text.line
            value = text.value()
            if not isinstance(value, dict):
                raise DataError(
                    f"`{path.name}`, item {number}: a row must be a JSON object, not {kind_of(value)}"
                )
            yield line, value
        text.advance(1)
        if text.skip_space():
            raise text.invalid("Extra data")


class _Text:
    """The part of a file's text that is being read, and where it is in the file."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self.line = 1
        self._path, self._file = path, file
        self._column = 1
        self._buffer, self._at, self._block = "", 0, _BLOCK
        self._is_whole = False

    def skip_space(self) -> str:
        """The next character that is no space; "" at the end."""
        while True:
            start = self._at
            while start < len(self._buffer) and self._buffer[start] in _SPACE:
                start += 1
            self.advance(start - self._at)
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._read_more():
                return ""

    def advance(self, count: int) -> None:
        """Go on by some characters."""
        passed = self._buffer[self._at : self._at + count]
        self._at += count
        self._count(passed)

    def value(self) -> object:
        """The value that begins here.

        Raises:
            DataError: there is none.
        """
        while True:
            try:
                value, end = DECODER.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                if self._may_be_cut(error) and self._read_more():
                    continue
                self._count(self._buffer[self._at : error.pos])
                raise self.invalid(error.msg) from None
            except (ValueError, RecursionError) as error:
                reason = f"{reason_of(error)}, in the value that begins on line {self.line}"
                raise DataError(f"`{self._path.name}` cannot be read: {reason}") from None
            # A number at the end may go on.
            if end < len(self._buffer) or not self._read_more():
                self.advance(end - self._at)
                self._block = _BLOCK
                return value

    def invalid(self, message: str) -> DataError:
        """What is wrong here."""
        return DataError(
            f"`{self._path.name}`, line {self.line}, column {self._column}: invalid JSON: {message}"
        )

    def no_list(self, first: str) -> DataError:
        """That the file does not begin with a list."""
        if not first:
            return self.invalid("Expecting value")
        value = self.value()
        if isinstance(value, dict) and self.skip_space() == "{":
            return DataError(
                f"`{self._path.name}`, line {self.line}: unexpected text after the first JSON value; "
                "a file with one object per line needs the extension .jsonl"
            )
        return DataError(f"`{self._path.name}` must contain a JSON list of objects, not {kind_of(value)}")

    def _may_be_cut(self, error: json.JSONDecodeError) -> bool:
        return error.msg.startswith("Unterminated string") or error.pos >= len(self._buffer) - _CUT

    def _read_more(self) -> bool:
        if self._is_whole:
            return False
        if len(self._buffer) - self._at > LONGEST_LINE:
            raise DataError(
                f"`{self._path.name}`, line {self.line}: a value is longer than {render_size(LONGEST_LINE)}"
            )
        more = self._file.read(self._block)
        if not more:
            self._is_whole = True
            return False
        # In growing steps, because the value that does not end here is read again from its beginning.
        self._block = min(self._block * 2, 1 << 26)
        self._buffer, self._at = self._buffer[self._at :] + more, 0
        return True

    def _count(self, passed: str) -> None:
        breaks = passed.count("\n")
        self.line += breaks
        self._column = len(passed) - passed.rfind("\n") if breaks else self._column + len(passed)


def reason_of(error: ValueError | RecursionError) -> str:
    """Why JSON that may be well formed is not read."""
    return "values are nested too deeply" if isinstance(error, RecursionError) else f"{error}".split(";")[0]


def kind_of(value: object) -> str:
    """What kind of JSON value something is, in words."""
    if value is None:
        return "null"
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}
    return names.get(type(value), "a number")
