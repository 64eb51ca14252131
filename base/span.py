"""A range of a text."""

from __future__ import annotations

from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of code points, `start` included and `end` not."""

    start: int
    end: int

    def shifted(self, offset: int) -> Span:
        """The same range, `offset` code points further on."""
        return Span(self.start + offset, self.end + offset)

    def contains(self, offset: int) -> bool:
        """Whether `offset` is in the range or right behind its end (where a cursor may stand)."""
        return self.start <= offset <= self.end
