"""Checking again whenever a file changes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from ..console import say
from ..errors import Refusal
from .engine import Outcome

PAUSE = 0.3
"""Seconds between two looks at the files; a look takes some milliseconds for a thousand files."""

Stamp = dict[str, tuple[int, int, int] | None]


def watch(
    find: Callable[[], list[Path]],
    check: Callable[[Sequence[Path]], Outcome],
    pause: float = PAUSE,
) -> int:
    """Check files, and again whenever one of them, or of those that were read for them, is another one.

    Ctrl-C ends it; the exit code is then 0.
    """
    watched: set[str] = set()
    try:
        while True:
            if sys.stdout.isatty():
                say("\x1b[2J\x1b[H", newline=False)
            files = _found(find)
            before = _stamp(watched | _full(files))
            watched = set(check(files).reads) if files else set()
            # What changes while it is checked, or right afterwards, is not missed.
            now = _look(find, watched)
            say("\nWatching for changes; press Ctrl-C to stop.", error=True)
            if all(now.get(path, stamp) == stamp for path, stamp in before.items()):
                _wait(now, partial(_look, find, watched), pause)
    except KeyboardInterrupt:
        say(error=True)
        return 0


def _wait(first: Stamp, look: Callable[[], Stamp], pause: float) -> None:
    """Wait until the files are others than at first, and nothing more changes for a moment."""
    while (now := look()) == first:
        time.sleep(pause)
    while True:
        time.sleep(pause / 3)
        before, now = now, look()
        if now == before:
            return


def _look(find: Callable[[], list[Path]], watched: set[str]) -> Stamp:
    return _stamp(watched | _full(_found(find, quiet=True)))


def _found(find: Callable[[], list[Path]], *, quiet: bool = False) -> list[Path]:
    """The files of now. That there are none may change."""
    try:
        return find()
    except Refusal as problem:
        if not quiet:
            problem.show()
        return []


def _full(files: Iterable[Path]) -> set[str]:
    return {os.path.abspath(path) for path in files}


def _stamp(paths: Iterable[str]) -> Stamp:
    """What tells files from what they were before."""
    found: Stamp = {}
    for path in paths:
        try:
            status = os.stat(path)
            found[path] = status.st_mtime_ns, status.st_size, status.st_ino
        except OSError:
            found[path] = None
    return found
