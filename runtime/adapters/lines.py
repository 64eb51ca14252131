"""Answers in lines `Title: value` cut into fields while they come; see `PlainAdapter` and `incremental`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .incremental import Chunk, Current

END = "\n---"
"""With what an example ends, and a model that goes on begins the next one."""


class LineReader:
    """Reads a text that goes on behind the title of its first output.

    Args:
        titles: the outputs by their titles, in their order.
    """

    def __init__(self, titles: Mapping[str, str]) -> None:
        self._names = {f"\n{title}:": name for title, name in titles.items()}
        self._markers = (END, *self._names)
        self._first = f"{next(iter(titles))}:"
        self._has_begun = False
        self._pattern = re.compile("|".join(map(re.escape, self._markers)))
        self._unread = list(titles.values())
        self._current = Current()
        self._current.begin(self._unread.pop(0))
        self._has_ended = False
        self._pending = ""

    def feed(self, text: str) -> Iterator[Chunk]:
        """Take the next characters of the answer."""
        if self._has_ended:
            return
        self._pending += text
        if not self._has_begun and not self._begins():
            return
        while not self._has_ended and (found := self._pattern.search(self._pending)) is not None:
            yield from self._current.write(self._pending[: found.start()])
            yield from self._current.finish()
            self._has_ended = found[0] == END
            self._begin(self._names.get(found[0], ""))
            self._pending = self._pending[found.end() :]
        if self._has_ended:
            return
        at = self._pending.rfind("\n")
        is_marker = at >= 0 and any(each.startswith(self._pending[at:]) for each in self._markers)
        shown = at if is_marker else len(self._pending)
        yield from self._current.write(self._pending[:shown])
        self._pending = self._pending[shown:]

    def _begins(self) -> bool:
        """Whether enough has come to tell if the first title is written again, which is no value."""
        begun = self._pending.lstrip("\n")
        if self._first.startswith(begun) and begun != self._first:
            return False
        self._has_begun = True
        if begun.startswith(self._first):
            self._pending = begun[len(self._first) :]
        return True

    def _begin(self, name: str) -> None:
        """A line with an output's title begins; a second one with the same title is no value."""
        if name in self._unread:
            self._unread.remove(name)
            self._current.begin(name)

    def end(self) -> Iterator[Chunk]:
        """The answer has ended."""
        if not self._has_ended:
            yield from self._current.write(self._pending)
        yield from self._current.finish()
