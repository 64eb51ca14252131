"""The cache of answers: a bounded table in memory before a file, JSON inside, never a pickle.

A cache may lose an answer; it never changes one and never fails a call.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from weakref import WeakSet

from ...base.folders import cache_folder
from ...base.forks import new_lock
from ...base.locks import FileLocks
from .cachefile import CacheFile
from .cachejson import read_json, render_json
from .request import Response

_DEFAULT_BYTES = 2 * 1024**3
_LONGEST_FORK_WAIT = 5.0


class Cache:
    """Answers by the name of their request.

    Args:
        folder: where the file is; None for memory only.
        memory_entries: how many answers the memory table holds; 0 for none.
        disk_bytes: how large the file may grow before its oldest answers go.
    """

    def __init__(
        self, folder: Path | None, memory_entries: int = 10_000, disk_bytes: int = _DEFAULT_BYTES
    ) -> None:
        self._file = None if folder is None else CacheFile(folder / "answers.sqlite3", disk_bytes)
        self._memory: OrderedDict[str, Response] = OrderedDict()
        self._memory_entries = memory_entries
        self._lock = new_lock()
        _caches.add(self)

    @property
    def locks(self) -> FileLocks | None:
        """The locks between the processes that share the file; None where there is none."""
        return None if self._file is None else self._file.locks

    def get(self, key: str, in_memory: bool = True) -> Response | None:
        """The answer of this name, marked as a hit and without usage, or None."""
        with self._lock:
            found = self._memory.get(key)
            if found is not None:
                self._memory.move_to_end(key)
                return found
            text = None if self._file is None else self._file.get(key)
            if text is None:
                return None
            with suppress(KeyError, TypeError, ValueError):
                found = read_json(text)
            if found is not None and in_memory:
                self._remember(key, found)
            return found

    def put(self, key: str, response: Response, in_memory: bool = True) -> None:
        """Keep an answer, in the file and, where `in_memory`, in memory."""
        hit = response.as_hit()
        with self._lock:
            if in_memory:
                self._remember(key, hit)
            if self._file is not None:
                with suppress(TypeError, ValueError, RecursionError):
                    self._file.put(key, render_json(hit))

    def clear(self) -> None:
        """Forget everything, in memory and in the file."""
        with self._lock:
            self._memory.clear()
            if self._file is not None:
                self._file.clear()

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._file is not None:
                self._file.close()

    def _remember(self, key: str, response: Response) -> None:
        if self._memory_entries <= 0:
            return
        self._memory[key] = response
        if len(self._memory) > self._memory_entries:
            self._memory.popitem(last=False)


# --- forks ----------------------------------------------------------------------------------------------

_caches: WeakSet[Cache] = WeakSet()
_held: dict[int, list[threading.Lock]] = {}
"""The locks that a thread which is forking holds meanwhile."""


def _before_fork() -> None:
    # A thread inside SQLite at the moment of the fork would leave SQLite's own locks held in the child.
    _held[threading.get_ident()] = [
        cache._lock for cache in list(_caches) if cache._lock.acquire(timeout=_LONGEST_FORK_WAIT)
    ]


def _after_fork_in_parent() -> None:
    for lock in _held.pop(threading.get_ident(), ()):
        lock.release()


def _after_fork_in_child() -> None:
    _held.clear()
    for cache in list(_caches):
        cache._lock._at_fork_reinit()  # type: ignore[attr-defined]
        if cache._file is not None:
            cache._file.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
    )


# --- the cache of this process --------------------------------------------------------------------------


_current: Cache | None = None
_current_lock = new_lock()


def current() -> Cache:
    """The cache of this process, made on first use."""
    global _current
    if _current is None:
        with _current_lock:
            if _current is None:
                _current = Cache(_usable_folder())
    return _current


def configure_cache(
    enable_disk_cache: bool = True,
    enable_memory_cache: bool = True,
    disk_cache_dir: str | Path | None = None,
    disk_size_limit_bytes: int = _DEFAULT_BYTES,
    memory_max_entries: int = 10_000,
) -> None:
    """Choose where answers are cached, and how many.

    Args:
        enable_disk_cache: keep them in a file.
        enable_memory_cache: keep them in memory too.
        disk_cache_dir: the file's folder; `$DSPYC_CACHE_DIR` or the platform's folder for caches when None.
        disk_size_limit_bytes: above this size, the oldest answers are deleted from the file.
        memory_max_entries: how many answers are kept in memory.
    """
    global _current
    folder = (Path(disk_cache_dir) if disk_cache_dir else _usable_folder()) if enable_disk_cache else None
    with _current_lock:
        if _current is not None:
            _current.close()
        _current = Cache(folder, memory_max_entries if enable_memory_cache else 0, disk_size_limit_bytes)


def get(key: str, in_memory: bool = True) -> Response | None:
    """The answer to the request of this name, or None."""
    return current().get(key, in_memory)


def put(key: str, response: Response, in_memory: bool = True) -> None:
    """Keep the answer to the request of this name."""
    current().put(key, response, in_memory)


def _usable_folder() -> Path | None:
    try:
        return cache_folder()
    except RuntimeError:
        # There is no home folder to be found.
        return None
