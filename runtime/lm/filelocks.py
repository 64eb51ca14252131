"""Locks between processes: ranges of one file, each of which one process holds until it lets go or ends.

There is one lock for each name, and no file for each: a name stands for one byte far beyond the file's end.
Within a process they exclude nothing. Where the platform has no such locks, every process gets what it asks
for.
"""

from __future__ import annotations

import hashlib
import os
from importlib import import_module
from pathlib import Path
from typing import Any

from ...base.forks import new_lock


def _load_fcntl() -> Any:
    try:
        return import_module("fcntl")
    except ImportError:
        # Windows has none.
        return None


fcntl = _load_fcntl()
_FARTHEST = 1 << 62


class FileLocks:
    """The locks of one file; they hold from the first one taken to `close`.

    Closing any descriptor of a file lets go of all its locks in the process, so there is one for each file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._process: int | None = None
        self._held: set[str] = set()
        self._lock = new_lock()

    def acquire(self, name: str) -> bool:
        """Take the lock of a name; False when another process has it.

        Raises:
            OSError: the file cannot be opened or locked.
        """
        if fcntl is None:
            return True
        with self._lock:
            try:
                fcntl.lockf(self._open(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _offset(name))
            except (BlockingIOError, PermissionError):
                return False
            self._held.add(name)
            return True

    def release(self, name: str) -> None:
        """Let go of the lock of a name, if it is held."""
        if fcntl is None:
            return
        with self._lock:
            if name in self._held and self._process == os.getpid():
                self._held.discard(name)
                fcntl.lockf(self._open(), fcntl.LOCK_UN, 1, _offset(name))

    def close(self) -> None:
        """Close the file, unless a lock is held."""
        with self._lock:
            if self._descriptor is not None and not self._held and self._process == os.getpid():
                os.close(self._descriptor)
                self._descriptor = None

    def _open(self) -> int:
        # A forked child has the descriptor and none of the locks.
        if self._descriptor is None or self._process != os.getpid():
            self._held.clear()
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
            self._process = os.getpid()
        return self._descriptor


def _offset(name: str) -> int:
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % _FARTHEST
