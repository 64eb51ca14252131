"""The cache of answers: a bounded table in memory, before a file, before a server that machines share.

JSON inside, never a pickle. A cache may lose an answer; it never changes one and never fails a call. `Cache`
in `cacheface.py` is what Python programs see of it.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from ...base import json
from ...base.folders import cache_folder
from ...base.forks import new_lock
from ...base.locks import FileLocks
from ...base.secrets import redact
from ..errors import ConfigurationError
from .cachefile import CacheFile
from .cachejson import read_json, render_json
from .request import Response

if TYPE_CHECKING:
    from .sharedcache import SharedCache

DEFAULT_BYTES = 2 * 1024**3
DEFAULT_ENTRIES = 10_000
_LONGEST_FORK_WAIT = 5.0


class Store:
    """Answers by the name of their request.

    Args:
        folder: where the file is; None for memory only.
        memory_entries: how many answers the memory table holds; 0 for none.
        disk_bytes: how large the file may grow before its oldest answers go.
        shared: the server that machines share, if any.
    """

    def __init__(
        self,
        folder: Path | None,
        memory_entries: float = DEFAULT_ENTRIES,
        disk_bytes: int = DEFAULT_BYTES,
        shared: SharedCache | None = None,
    ) -> None:
        self.file = None if folder is None else CacheFile(folder / "answers.sqlite3", disk_bytes)
        self.memory: OrderedDict[str, Any] = OrderedDict()
        self.memory_entries = memory_entries
        self.shared = shared
        self._lock = new_lock()
        _stores.add(self)

    @property
    def locks(self) -> FileLocks | None:
        """The locks between the processes that share the file; None where there is none."""
        return None if self.file is None else self.file.locks

    def get(self, key: str, in_memory: bool = True) -> Any:
        """The answer of this name, in memory or in the file, marked as a hit and without usage; or None."""
        with self._lock:
            found = self.memory.get(key)
            if found is not None:
                self.memory.move_to_end(key)
                return found
            text = None if self.file is None else self.file.get(key)
            if text is None:
                return None
            try:
                found = read_json(text)
            except (KeyError, TypeError, ValueError):
                return None
            if found is not None and in_memory:
                self._remember(key, found)
            return found

    def put(self, key: str, answer: Any, in_memory: bool = True, facts: bytes | None = None) -> None:
        """Keep an answer, in the file and, where `in_memory`, in memory.

        Args:
            key: its name.
            answer: a response, or a value of JSON's types; what JSON cannot hold stays in memory.
            in_memory: whether it is kept there.
            facts: what was asked, for people; see `keys.request_facts`.
        """
        hit = answer.as_hit() if isinstance(answer, Response) else answer
        with self._lock:
            if in_memory:
                self._remember(key, hit)
            if self.file is not None:
                with suppress(TypeError, ValueError, RecursionError):
                    self.file.put(key, render_json(hit), *readable(facts))

    def clear(self) -> None:
        """Forget everything, in memory and in the file."""
        with self._lock:
            self.memory.clear()
            if self.file is not None:
                self.file.clear()

    def put_in_memory(self, key: str, answer: Any) -> None:
        """Keep an answer in memory alone."""
        with self._lock:
            self._remember(key, answer)

    def clear_memory(self) -> None:
        """Forget what is in memory."""
        with self._lock:
            self.memory.clear()

    def contents(self) -> dict[str, Any]:
        """What is in memory now, the least used first."""
        with self._lock:
            return dict(self.memory)

    def close(self) -> None:
        """Close the file and the connections; the next use opens them again."""
        with self._lock:
            if self.file is not None:
                self.file.close()
        if self.shared is not None:
            self.shared.close()

    def _remember(self, key: str, answer: Any) -> None:
        if self.memory_entries <= 0:
            return
        self.memory[key] = answer
        if len(self.memory) > self.memory_entries:
            self.memory.popitem(last=False)


# --- forks ----------------------------------------------------------------------------------------------

_stores: WeakSet[Store] = WeakSet()
_held: dict[int, list[threading.Lock]] = {}
"""The locks that a thread which is forking holds meanwhile."""


def _before_fork() -> None:
    # A thread inside SQLite at the moment of the fork would leave SQLite's own locks held in the child.
    _held[threading.get_ident()] = [
        store._lock for store in list(_stores) if store._lock.acquire(timeout=_LONGEST_FORK_WAIT)
    ]


def _after_fork_in_parent() -> None:
    for lock in _held.pop(threading.get_ident(), ()):
        lock.release()


def _after_fork_in_child() -> None:
    _held.clear()
    for store in list(_stores):
        store._lock._at_fork_reinit()  # type: ignore[attr-defined]
        if store.file is not None:
            store.file.abandon()
        if store.shared is not None:
            store.shared.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
    )


# --- the cache of this process --------------------------------------------------------------------------


_current: Store | None = None
_current_lock = new_lock()


def current() -> Store:
    """The cache of this process, made on first use."""
    global _current
    if _current is None:
        with _current_lock:
            if _current is None:
                _current = Store(usable_folder(), shared=_shared(None))
    return _current


def use(store: Store) -> None:
    """Make this the cache of this process."""
    global _current
    with _current_lock:
        if _current is not None and _current is not store:
            _current.close()
        _current = store


def configure_cache(
    enable_disk_cache: bool | None = True,
    enable_memory_cache: bool | None = True,
    disk_cache_dir: str | Path | None = None,
    disk_size_limit_bytes: int | None = DEFAULT_BYTES,
    memory_max_entries: float | None = DEFAULT_ENTRIES,
    restrict_pickle: bool = False,
    safe_types: list[type[Any]] | None = None,
    redis_url: str | None = None,
) -> None:
    """Choose where answers are cached, and how many.

    Args:
        enable_disk_cache: keep them in a file.
        enable_memory_cache: keep them in memory too.
        disk_cache_dir: the file's folder; `$DSPYC_CACHE_DIR` or the platform's folder for caches when None.
        disk_size_limit_bytes: above this size, the oldest answers are deleted from the file.
        memory_max_entries: how many answers are kept in memory; `math.inf` for any number.
        restrict_pickle: accepted for DSPy's programs; nothing is ever pickled.
        safe_types: likewise.
        redis_url: a Redis server that machines share, `redis://host:6379/0`; `$DSPYC_CACHE_REDIS` when None,
            and none where that is not set either.

    Raises:
        ConfigurationError: the package for Redis is not installed, or the address is none; or
            `memory_max_entries` is None, or not more than 0.
    """
    folder = chosen_folder(enable_disk_cache, disk_cache_dir)
    entries = verified_entries(enable_memory_cache, memory_max_entries)
    size = DEFAULT_BYTES if disk_size_limit_bytes is None else disk_size_limit_bytes
    use(Store(folder, entries, size, _shared(redis_url)))


def get(key: str, in_memory: bool = True) -> Any:
    """The answer to the request of this name, or None."""
    return current().get(key, in_memory)


def put(key: str, response: Response, in_memory: bool = True, facts: bytes | None = None) -> None:
    """Keep the answer to the request of this name."""
    current().put(key, response, in_memory, facts)


def readable(facts: bytes | None) -> tuple[str, str | None]:
    """The model that was asked, and what it was asked, without secrets."""
    if facts is None:
        return "", None
    model = json.load(facts)[2]
    # Half a surrogate pair, which no file can hold, becomes JSON's escape for it.
    text = facts.decode("utf-8", "surrogatepass").encode("utf-8", "backslashreplace").decode()
    return str(model), redact(text)


def verified_entries(enabled: bool | None, entries: float | None) -> float:
    """How many answers are kept in memory; 0 where none are.

    Raises:
        ConfigurationError: it is None, or not more than 0.
    """
    if not enabled:
        return 0
    if entries is None:
        raise ConfigurationError(
            "`memory_max_entries` cannot be None. Use `math.inf` if you need an unbounded cache."
        )
    if entries <= 0:
        raise ConfigurationError(f"`memory_max_entries` must be a positive number, but received {entries}")
    return entries


def chosen_folder(enabled: bool | None, folder: str | Path | None) -> Path | None:
    """Where the file is; None where there is none."""
    if not enabled:
        return None
    return Path(folder) if folder else usable_folder()


def usable_folder() -> Path | None:
    """The folder of caches; None where there is no home folder to be found."""
    try:
        return cache_folder()
    except RuntimeError:
        return None


def _shared(url: str | None) -> SharedCache | None:
    address = url or os.environ.get("DSPYC_CACHE_REDIS")
    if not address:
        return None
    from .sharedcache import SharedCache

    return SharedCache(address)
