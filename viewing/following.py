"""The lines of a file that grows: what has come since it was last looked at."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

LONGEST_LINE = 64 * 2**20
"""Bytes; a longer line is passed over."""
_BLOCK = 1 << 20
_BEGINNING = 4096
_LAST = 64
"""So many bytes of the first line, and before the place that was reached, tell that a file was begun anew."""


class Follower:
    """Where a reader of a growing file has come to.

    Args:
        path: the file.
        largest: the size in bytes up to which it is read.
    """

    def __init__(self, path: Path, largest: int) -> None:
        self.path = path
        self._largest = largest
        self._offset = 0
        self._identity: tuple[int, bytes] | None = None
        self._last = b""
        self._passes_over = False

    def lines(self, begin: Callable[[], None]) -> Iterator[tuple[int, bytes]]:
        """The whole lines that have come since, and where they begin; half a last line is left for later.

        Args:
            begin: called before the lines of a file that is new, or was begun anew.

        Raises:
            OSError: the file cannot be read.
        """
        with self.path.open("rb") as file:
            identity = (os.fstat(file.fileno()).st_ino, file.readline(_BEGINNING))
            if identity != self._identity or self._before(file) != self._last:
                begin()
                self._identity, self._offset, self._passes_over = identity, 0, False
            file.seek(self._offset)
            try:
                yield from self._new(file)
            finally:
                self._last = self._before(file)

    def _new(self, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
        parts: list[bytes] = []
        length = 0
        while self._offset + length < self._largest and (block := file.read(_BLOCK)):
            first, *others = block.split(b"\n")
            parts.append(first)
            length += len(first)
            for other in others:
                start, was_passed_over = self._offset, self._passes_over
                self._offset, self._passes_over = start + length + 1, False
                if not was_passed_over and length <= LONGEST_LINE:
                    yield start, b"".join([*parts, b"\n"])
                parts, length = [other], len(other)
            if self._passes_over or length > LONGEST_LINE:
                # What has been passed over is not read again.
                self._offset, self._passes_over = self._offset + length, True
                parts, length = [], 0

    def _before(self, file: BinaryIO) -> bytes:
        """What stands before the place that was reached."""
        start = max(0, self._offset - _LAST)
        file.seek(start)
        return file.read(self._offset - start)
