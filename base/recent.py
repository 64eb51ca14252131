"""Functions of a text that remember what they found for the texts of late, however large these are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_EACH = 100
"""What a text counts beside its characters, so that very short ones have an end, too."""


class Recent(Generic[T]):
    """A function of a text, with the results for recent texts of up to `most` characters altogether.

    `functools.lru_cache` counts results, so that thousands of a line and thousands of a page are the same to
    it. Texts that were asked for lately stand in one dictionary, those before them in another, which is let
    go when the first is full. Threads that come together compute twice, and the count may then be a bit off.
    """

    def __init__(self, make: Callable[[str], T], most: int) -> None:
        self._make = make
        self._half = most // 2
        self._new: dict[str, T] = {}
        self._old: dict[str, T] = {}
        self._count = 0
        self.__doc__ = make.__doc__

    def __call__(self, text: str) -> T:
        """What the function gives for a text."""
        new, old = self._new, self._old
        if text in new:
            return new[text]
        found = new[text] = old[text] if text in old else self._make(text)
        self._count += len(text) + _EACH
        if self._count > self._half:
            self._old, self._new, self._count = self._new, {}, 0
        return found


def recent(most: int) -> Callable[[Callable[[str], T]], Recent[T]]:
    """Make a function of a text remember results for texts of up to `most` characters altogether."""
    return lambda make: Recent(make, most)
