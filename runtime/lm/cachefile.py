"""The file of the cache: SQLite, shared by processes, bounded, and never more important than the call.

Every row has a checksum, and a mismatch is a miss. A file that is damaged, or was written by another version,
is renamed aside, once, and what can be read of it goes into the new one.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from ...base.locks import FileLocks

T = TypeVar("T")
Row = tuple[str, str, str, float]

logger = logging.getLogger("dspyc")

VERSION = 2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, sum TEXT NOT NULL, made REAL NOT NULL
)
"""
_COLUMNS = ["key", "value", "sum", "made"]
_REQUESTS = """
CREATE TABLE IF NOT EXISTS requests (key TEXT PRIMARY KEY, model TEXT NOT NULL, facts TEXT NOT NULL)
"""
"""What was asked, for people who look into the cache; nothing that answers a call reads it."""
_ANSWER = "SELECT value, sum FROM answers WHERE key = ?"
_MAINTENANCE = "maintenance"
_LONGEST_MAINTENANCE = 30.0
_LONGEST_SALVAGE = 20.0
_REST = 60.0
"""Seconds that a file which cannot be used is left alone."""
_LARGEST_VACUUM = 64 << 20

_abandoned: list[sqlite3.Connection] = []
"""Connections of the parent in a forked child: not closed, because that would write to the parent's file."""


class CacheFile:
    """Texts by key, in a file. Nothing here raises: what does not work is a miss, with one line in the log.

    Not for several threads at once; the cache has the lock.

    Args:
        path: the file.
        limit: how many bytes it may have before its oldest rows go.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self.path = path
        self.locks = FileLocks(path.with_suffix(".lock"))
        self._limit = limit
        self._connection: sqlite3.Connection | None = None
        self._inode: int | None = None
        self._rest_until = 0.0
        self._has_warned = False
        self._unchecked = 0

    def get(self, key: str) -> str | None:
        """The text of a key, or None."""

        def read(connection: sqlite3.Connection) -> str | None:
            row = connection.execute(_ANSWER, (key,)).fetchone()
            return row[0] if row is not None and _checksum(key, row[0]) == row[1] else None

        return self._try(read)

    def put(self, key: str, value: str, model: str = "", facts: str | None = None) -> None:
        """Keep a text, and what it answers.

        Args:
            key: its name.
            value: the text.
            model: who was asked.
            facts: what was asked, as JSON; see `keys.request_facts`.
        """

        def write(connection: sqlite3.Connection) -> None:
            row = (key, value, _checksum(key, value), time.time())
            with _transaction(connection):
                connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", row)
                if facts is not None:
                    asked = (key, model, facts)
                    connection.execute("INSERT OR REPLACE INTO requests VALUES (?, ?, ?)", asked)
            self._unchecked += len(value) + len(facts or "") + 300
            if self._unchecked > self._limit // 10:
                self._prune(connection)

        if self._has_moved():
            self.close()
        self._try(write)

    def clear(self) -> None:
        """Forget everything."""
        self._try(lambda connection: connection.executescript("DELETE FROM answers; DELETE FROM requests"))

    def work(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do something with the tables; None where the file cannot be used."""
        return self._try(work)

    def shrink(self) -> None:
        """Give back the space of rows that were deleted, and what was asked of those."""
        self._try(_give_back)

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = self._inode = None
        self.locks.close()

    def abandon(self) -> None:
        """Forget the connection without closing it: it is the parent's."""
        if self._connection is not None:
            _abandoned.append(self._connection)
        self._connection = None

    # --- trying -----------------------------------------------------------------------------------------

    def _try(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        if self._rest_until:
            if time.monotonic() < self._rest_until:
                return None
            self._rest_until = 0.0
        for _ in range(2):
            try:
                return work(self._connection or self._open())
            except (_OtherFile, sqlite3.Error, OSError, ValueError, TypeError) as error:
                if _is_busy(error):
                    return None
                problem: Exception = error
            try:
                self._recover(problem)
            except (_OtherFile, sqlite3.Error, OSError, ValueError) as error:
                self._rest(error)
            if self._rest_until:
                return None
        return None

    def _recover(self, problem: Exception) -> None:
        """Put a file that cannot be read aside; leave one alone that cannot be reached."""
        if isinstance(problem, _OtherFile):
            self._set_aside(str(problem))
        elif _is_damage(problem):
            self._set_aside(f"is damaged ({problem})")
        else:
            self._rest(problem)

    def _rest(self, error: Exception) -> None:
        """Leave the file alone for a while: a full disk, a folder that cannot be written to."""
        self.close()
        self._rest_until = time.monotonic() + _REST
        if not self._has_warned:
            self._has_warned = True
            logger.warning(
                "the cache file %s cannot be used (%s); continuing with a cache in memory", self.path, error
            )

    # --- opening ----------------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._make_private()
        connection = sqlite3.connect(self.path, timeout=2, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(connection)
            self._inode = self.path.stat().st_ino
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        self._prune(connection)
        return connection

    def _make_private(self) -> None:
        """Let only the owner read the file: what models were asked may be confidential."""
        try:
            mode = self.path.stat().st_mode
        except FileNotFoundError:
            with suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            return
        if not stat.S_ISREG(mode):
            raise OSError(f"{self.path} is not a regular file")
        if mode & 0o077:
            with suppress(PermissionError):
                self.path.chmod(0o600)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        if version > VERSION:
            raise _OtherFile(f"was written by a newer version of dspyc (format {version})")
        if "answers" in tables:
            columns = [row[1] for row in connection.execute("PRAGMA table_info(answers)")]
            if columns != _COLUMNS:
                raise _OtherFile("has an unknown format")
        elif tables:
            raise _OtherFile("is not a dspyc cache")
        else:
            # Before anything is written; it lets the file shrink.
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint={min(max(self._limit // 32768, 16), 1000)}")
        connection.execute(f"PRAGMA journal_size_limit={min(self._limit // 8, 1 << 22)}")
        if version != VERSION or "answers" not in tables:
            connection.execute(_SCHEMA)
            connection.execute(f"PRAGMA user_version={VERSION}")
        if "requests" not in tables:
            connection.execute(_REQUESTS)

    def _has_moved(self) -> bool:
        """Whether another process has put another file in its place."""
        if self._connection is None:
            return False
        try:
            return self.path.stat().st_ino != self._inode
        except OSError:
            return True

    # --- size -------------------------------------------------------------------------------------------

    def _prune(self, connection: sqlite3.Connection) -> None:
        """Let the oldest rows go where the file is too large, and give the space back."""
        self._unchecked = 0
        used = _used_bytes(connection)
        if used <= self._limit:
            return
        # Down to four fifths of the limit, so that the next answers fit without pruning again.
        share = 1 - 0.8 * self._limit / used
        connection.execute(
            "DELETE FROM answers WHERE rowid IN (SELECT rowid FROM answers ORDER BY made "
            "LIMIT (SELECT CAST(count(*) * ? AS INTEGER) + 1 FROM answers))",
            (share,),
        )
        _give_back(connection)

    # --- another file in its place ----------------------------------------------------------------------

    def _set_aside(self, what: str) -> None:
        """Rename the file and begin a new one with what can be read of it; of several processes one does it.

        Args:
            what: what is the matter with it, for the log.
        """
        found = self._inode
        self.close()
        deadline = time.monotonic() + _LONGEST_MAINTENANCE
        while not self.locks.acquire(_MAINTENANCE):
            if time.monotonic() > deadline:
                return
            time.sleep(0.02)
        try:
            if found is None and self._is_usable():
                return
            if found is not None and self.path.stat().st_ino != found:
                return
            aside = self.path.with_name(f"{self.path.name}.aside-{time.time_ns()}")
            for ending in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    os.rename(f"{self.path}{ending}", f"{aside}{ending}")
            kept = self._salvage(aside)
            logger.warning(
                "the cache file %s %s; it was moved to %s, and %d of its answers were copied to the new file",
                self.path, what, aside.name, kept,
            )  # fmt: skip
        finally:
            self.locks.release(_MAINTENANCE)

    def _is_usable(self) -> bool:
        """Whether another process has put a good file in the place of one that could not even be opened."""
        try:
            self._open()
        except (_OtherFile, sqlite3.DatabaseError):
            return False
        return True

    def _salvage(self, aside: Path) -> int:
        rows = 0
        with suppress(sqlite3.DatabaseError, _OtherFile):
            connection = self._open()
            for row in _good_rows(aside):
                connection.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?)", row)
                rows += 1
        return rows


class _OtherFile(Exception):
    """The file is not one of this version; the text says what it is."""


def _good_rows(path: Path) -> Iterator[Row]:
    """The rows of a damaged file whose checksums are right, the readable ones around unreadable pages."""
    deadline = time.monotonic() + _LONGEST_SALVAGE
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as connection:
        try:
            columns = [row[1] for row in connection.execute("PRAGMA table_info(answers)")]
            last = connection.execute("SELECT max(rowid) FROM answers NOT INDEXED").fetchone()[0]
        except sqlite3.DatabaseError:
            return
        ranges = [(1, last or 0)]
        while ranges and columns == _COLUMNS and time.monotonic() < deadline:
            first, last = ranges.pop()
            try:
                rows = connection.execute(
                    "SELECT key, value, sum, made FROM answers NOT INDEXED WHERE rowid BETWEEN ? AND ?",
                    (first, last),
                ).fetchall()
            except sqlite3.DatabaseError:
                middle = (first + last) // 2
                ranges += [(middle + 1, last), (first, middle)] if first < last else []
                continue
            yield from (row for row in rows if _is_good(row))


def _is_good(row: Any) -> bool:
    key, value, checksum, made = row
    return (
        isinstance(key, str)
        and isinstance(value, str)
        and isinstance(made, float)
        and _checksum(key, value) == checksum
    )


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _give_back(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM requests WHERE key NOT IN (SELECT key FROM answers)")
    if connection.execute("PRAGMA auto_vacuum").fetchone()[0]:
        connection.execute("PRAGMA incremental_vacuum").fetchall()
    elif _used_bytes(connection) < _LARGEST_VACUUM:
        connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _used_bytes(connection: sqlite3.Connection) -> int:
    pages, size, free = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "page_size", "freelist_count")
    )
    used: int = (pages - free) * size
    return used


def _is_busy(error: Exception) -> bool:
    return isinstance(error, sqlite3.OperationalError) and ("locked" in str(error) or "busy" in str(error))


def _is_damage(error: Exception) -> bool:
    if isinstance(error, (sqlite3.OperationalError, sqlite3.ProgrammingError)):
        return "malformed" in str(error) or "no such" in str(error)
    return isinstance(error, sqlite3.DatabaseError)


def _checksum(key: str, value: str) -> str:
    return hashlib.blake2b(f"{key}\n{value}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
