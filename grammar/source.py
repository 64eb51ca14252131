"""A source text: its spans, its lines, and the one place that counts columns."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Literal, NamedTuple

from msgspec import Struct

from ..base.once import once
from ..base.span import Span

__all__ = ["Encoding", "Position", "Source", "Span"]

Encoding = Literal["utf-8", "utf-16", "utf-32"]
_LINE_END = re.compile(r"\r\n?|\n")


class Position(NamedTuple):
    """A place in a text: line and column, both from 0; the column counts the units of an encoding."""

    line: int
    column: int


class Source(Struct, frozen=True, dict=True):
    """A text and where it comes from.

    Lines end at `\\n`, `\\r\\n` or `\\r`, as the Language Server Protocol counts them, and nowhere else.
    """

    uri: str
    """A file's path or an editor's URI; only ever shown or compared."""
    text: str

    @once
    def line_starts(self) -> list[int]:
        """The offset of each line's first code point."""
        return [0, *(each.end() for each in _LINE_END.finditer(self.text))]

    def edited(self, span: Span, replacement: str) -> Source:
        """The source with another text in the place of a range; its lines are not counted again."""
        before, after = self.text[: span.start], self.text[span.end :]
        found = Source(self.uri, before + replacement + after)
        if "\r" in replacement or before.endswith("\r"):
            return found  # two line endings may have become one, or one two
        starts, start = self.line_starts, span.start
        first, last = bisect_right(starts, start), bisect_right(starts, span.end)
        between = [start + each.end() for each in _LINE_END.finditer(replacement)]
        moved = len(replacement) - (span.end - start)
        behind = [each + moved for each in starts[last:]] if moved else starts[last:]
        found.__dict__["line_starts"] = [*starts[:first], *between, *behind]
        return found

    @property
    def line_count(self) -> int:
        """How many lines the text has; an empty text has one."""
        return len(self.line_starts)

    def line_of(self, offset: int) -> int:
        """The line, from 0, that holds the code point at `offset`."""
        return bisect_right(self.line_starts, offset) - 1

    def line_span(self, line: int) -> Span:
        """The range of a line without its line ending."""
        start = self.line_starts[line]
        end = self.line_starts[line + 1] if line + 1 < self.line_count else len(self.text)
        while end > start and self.text[end - 1] in "\r\n":
            end -= 1
        return Span(start, end)

    def line_text(self, line: int) -> str:
        """A line without its line ending."""
        start, end = self.line_span(line)
        return self.text[start:end]

    def position(self, offset: int, encoding: Encoding = "utf-32") -> Position:
        """Where the code point at `offset` stands."""
        offset = max(0, min(offset, len(self.text)))
        line = self.line_of(offset)
        return Position(line, _width(self.text[self.line_starts[line] : offset], encoding))

    def offset(self, position: Position, encoding: Encoding = "utf-32") -> int:
        """The offset of a place; a line or column beyond the end means the end."""
        if position.line >= self.line_count:
            return len(self.text)
        start, end = self.line_span(max(0, position.line))
        column = max(0, position.column)
        if encoding == "utf-32":
            return min(start + column, end)
        text = self.text[start:end]
        if text.isascii():
            return min(start + column, end)
        for index, character in enumerate(text):
            if column <= 0:
                return start + index
            column -= _width(character, encoding)
        return end


def _width(text: str, encoding: Encoding) -> int:
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-8":
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
