"""Locks between processes: on a file that one of them writes, and on names.

The system frees a lock when its process ends, however it ends. On a file system without locks, and for names
on a platform without them, everyone gets what they ask for.
"""

from __future__ import annotations

import errno
import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from typing import Any

from .forks import new_lock

_HELD = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
_WINDOWS = sys.platform == "win32"
_system: Any = import_module("msvcrt" if _WINDOWS else "fcntl")
_HAS_RANGES = hasattr(_system, "lockf")


class Locked(Exception):
    """Another process holds the lock; `owner` is its number, where it is known."""

    def __init__(self, owner: int | None) -> None:
        super().__init__("locked" if owner is None else f"locked by process {owner}")
        self.owner = owner


# --- a file ---------------------------------------------------------------------------------------------


def open_alone(path: str | os.PathLike[str], opened: Callable[[], int]) -> int:
    """Open a file and lock it until it is closed; one that its last owner has just removed is made again.

    Two descriptors that one process opens exclude each other too.

    Args:
        path: where the file is.
        opened: opens it, and makes it where there is none; gives the descriptor.

    Raises:
        Locked: another process, or another descriptor of this one, has the lock.
        OSError: the file cannot be opened, or not be locked for another reason.
    """
    while True:
        descriptor = opened()
        try:
            if not _lock(descriptor):
                raise Locked(_owner(descriptor))
            if _is_file(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        # Its last owner has removed it between our opening and our locking it.
        os.close(descriptor)


@contextmanager
def exclusive(path: str | os.PathLike[str]) -> Iterator[None]:
    """Hold the lock of a file while the block runs.

    The lock is a file of its own beside it, because the file itself may be replaced. A path and a symbolic
    link to it have the same lock.

    Raises:
        Locked: another process, or another block of this one, holds it.
    """
    folder, name = os.path.split(os.path.realpath(path))
    lock = os.path.join(folder, f".{name[:200]}.lock")
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    descriptor, process = open_alone(lock, lambda: os.open(lock, flags, 0o666)), os.getpid()
    try:
        os.truncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        # Removed before it is released: whoever waits for it finds that it is no longer the file.
        if not _WINDOWS and process == os.getpid():  # a forked child that leaves the block leaves the lock
            _remove(lock)
        os.close(descriptor)
        if _WINDOWS:
            # There an open file cannot be removed, and so not one that has its next owner.
            _remove(lock)


@contextmanager
def in_turn(path: str | os.PathLike[str], look: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of a file while the block runs, once who holds it lets go of it; see `exclusive`.

    Args:
        path: the file.
        look: called while this waits; may end the wait by an exception.
    """
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(exclusive(path))
                break
            except Locked:
                look()
                time.sleep(_POLL_SECONDS)
        yield


@contextmanager
def in_turn_if_writable(path: str | os.PathLike[str], look: Callable[[], None]) -> Iterator[None]:
    """The same, and without the lock where its folder cannot be made or written.

    Args:
        path: the file.
        look: called while this waits; may end the wait by an exception that is no OSError.
    """
    with ExitStack() as held:
        with suppress(OSError):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            held.enter_context(in_turn(path, look))
        yield


_POLL_SECONDS = 0.1


def _remove(lock: str) -> None:
    with suppress(OSError):
        os.unlink(lock)


def _lock(descriptor: int) -> bool:
    try:
        if _WINDOWS:
            _system.locking(descriptor, _system.LK_NBLCK, 1)
        else:
            _system.flock(descriptor, _system.LOCK_EX | _system.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        if error.errno not in _UNSUPPORTED:
            raise
    return True


def _owner(descriptor: int) -> int | None:
    """The number that `exclusive` has written into its file; Windows does not let others read it."""
    written = b"" if _WINDOWS else os.pread(descriptor, 20, 0).strip()
    return int(written) if written.isdigit() else None


def _is_file(descriptor: int, path: str | os.PathLike[str]) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


# --- names ----------------------------------------------------------------------------------------------


_FARTHEST = 1 << 62


class FileLocks:
    """Locks of any number of names with one file: a name stands for one byte far beyond the file's end.

    Within a process they exclude nothing. They hold from the first one taken to `close`: closing any
    descriptor of a file lets go of all its locks in the process, so there is one for each file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
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
        if not _HAS_RANGES:
            return True
        with self._lock:
            try:
                _system.lockf(self._open(), _system.LOCK_EX | _system.LOCK_NB, 1, _offset(name))
            except (BlockingIOError, PermissionError):
                return False
            self._held.add(name)
            return True

    def release(self, name: str) -> None:
        """Let go of the lock of a name, if it is held."""
        if not _HAS_RANGES:
            return
        with self._lock:
            if name in self._held and self._process == os.getpid():
                self._held.discard(name)
                _system.lockf(self._open(), _system.LOCK_UN, 1, _offset(name))

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
