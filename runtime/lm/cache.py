"""The cache of answers: a bounded table in memory before an SQLite file, JSON inside, never a pickle.

A cache may lose an answer and must never change one or fail a call: every row has a checksum and a mismatch
is a miss, a file that is no database is renamed aside, and any other error leaves the memory table alone in
charge.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sqlite3
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from .request import Response

T = TypeVar("T")

logger = logging.getLogger("dspyc")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, sum TEXT NOT NULL, made REAL NOT NULL
)
"""
_DEFAULT_BYTES = 2 * 1024**3
_CHECK_EVERY = 500


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
        self.path = None if folder is None else folder / "answers.sqlite3"
        self._memory: OrderedDict[str, Response] = OrderedDict()
        self._memory_entries = memory_entries
        self._disk_bytes = disk_bytes
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._process: int | None = None
        self._writes = 0

    def get(self, key: str, in_memory: bool = True) -> Response | None:
        """The answer of this name, marked as a hit and without usage, or None."""
        with self._lock:
            found = self._memory.get(key)
            if found is not None:
                self._memory.move_to_end(key)
                return found
            found = self._read(key)
            if found is not None and in_memory:
                self._remember(key, found)
            return found

    def put(self, key: str, response: Response, in_memory: bool = True) -> None:
        """Keep an answer, in the file and, where `in_memory`, in memory."""
        hit = replace(response, usage={}, cost=None, cache_hit=True)
        with self._lock:
            if in_memory:
                self._remember(key, hit)
            self._write(key, hit)

    def clear(self) -> None:
        """Forget everything, in memory and in the file."""
        with self._lock:
            self._memory.clear()
            self._try(lambda connection: connection.execute("DELETE FROM answers"))

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            self._process = None

    def _remember(self, key: str, response: Response) -> None:
        if self._memory_entries <= 0:
            return
        self._memory[key] = response
        if len(self._memory) > self._memory_entries:
            self._memory.popitem(last=False)

    def _read(self, key: str) -> Response | None:
        def read(connection: sqlite3.Connection) -> Response | None:
            row = connection.execute("SELECT value, sum FROM answers WHERE key = ?", (key,)).fetchone()
            if row is None or _checksum(key, row[0]) != row[1]:
                return None
            return _from_json(row[0])

        return self._try(read)

    def _write(self, key: str, response: Response) -> None:
        def write(connection: sqlite3.Connection) -> None:
            value = _to_json(response)
            row = (key, value, _checksum(key, value), time.time())
            connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", row)
            self._writes += 1
            if self._writes % _CHECK_EVERY == 0:
                self._prune(connection)

        self._try(write)

    def _prune(self, connection: sqlite3.Connection) -> None:
        pages, size, free = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "page_size", "freelist_count")
        )
        used = (pages - free) * size
        if used > self._disk_bytes:
            # Down to four fifths of the limit, so that the next answers fit without pruning again.
            share = 1 - 0.8 * self._disk_bytes / used
            connection.execute(
                "DELETE FROM answers WHERE rowid IN (SELECT rowid FROM answers ORDER BY made "
                "LIMIT (SELECT CAST(count(*) * ? AS INTEGER) + 1 FROM answers))",
                (share,),
            )

    def _try(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do something with the file; whatever goes wrong with it is a miss, not an error."""
        try:
            connection = self._open()
            return None if connection is None else work(connection)
        except sqlite3.DatabaseError as error:
            if "locked" not in str(error) and "busy" not in str(error):
                broken = not isinstance(error, sqlite3.OperationalError) or "malformed" in str(error)
                self._give_up(error, rename=broken)
        except (OSError, ValueError, TypeError, KeyError) as error:
            self._give_up(error, rename=False)
        return None

    def _open(self) -> sqlite3.Connection | None:
        if self.path is None:
            return None
        # A connection must not be carried over a fork.
        if self._connection is None or self._process != os.getpid():
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            connection = sqlite3.connect(self.path, timeout=2, isolation_level=None, check_same_thread=False)
            self._connection, self._process = connection, os.getpid()
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(_SCHEMA)
        return self._connection

    def _give_up(self, error: Exception, rename: bool) -> None:
        path, self._connection = self.path, None
        if path is None:
            return
        if not rename:
            logger.warning("the cache file %s cannot be used (%s); going on in memory", path, error)
            self.path = None
            return
        aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
        logger.warning(
            "the cache file %s is damaged (%s); it is now %s and a new one is begun", path, error, aside.name
        )
        try:
            path.rename(aside)
            for ending in ("-wal", "-shm"):
                path.with_name(path.name + ending).unlink(missing_ok=True)
        except OSError:
            self.path = None


def cache_folder() -> Path:
    """Where the cache file is: `$DSPYC_CACHE_DIR`, else `dspyc` in the platform's folder for caches."""
    if chosen := os.environ.get("DSPYC_CACHE_DIR"):
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "dspyc"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "dspyc" / "Cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dspyc"


_current: Cache | None = None
_current_lock = threading.Lock()


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
    """Choose where answers are kept and how many.

    Args:
        enable_disk_cache: keep them in a file.
        enable_memory_cache: keep them in memory too.
        disk_cache_dir: the file's folder; `$DSPYC_CACHE_DIR` or the platform's folder for caches when None.
        disk_size_limit_bytes: beyond this the file's oldest answers go.
        memory_max_entries: how many answers the memory holds.
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


def _to_json(response: Response) -> str:
    facts = {
        "texts": list(response.texts),
        "finish_reason": response.finish_reason,
        "model": response.model,
        "id": response.id,
    }
    return json.dumps(facts, ensure_ascii=True, separators=(",", ":"))


def _from_json(text: str) -> Response:
    facts = json.loads(text)
    return Response(
        tuple(str(answer) for answer in facts["texts"]),
        finish_reason=facts["finish_reason"],
        model=facts["model"],
        id=facts["id"],
        cache_hit=True,
    )


def _checksum(key: str, value: str) -> str:
    return hashlib.blake2b(f"{key}\n{value}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
