"""A lock between processes on a file that one of them writes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Locked(Exception):
    """Another process holds the lock; `owner` is its number, where it is known."""

    def __init__(self, owner: int | None) -> None:
        super().__init__("locked" if owner is None else f"locked by process {owner}")
        self.owner = owner


@contextmanager
def exclusive(path: str | os.PathLike[str]) -> Iterator[None]:
    """Hold the lock of a file while the block runs; the system frees it when the process ends, however.

    The lock is a file of its own beside it, because the file itself may be replaced. A path and a symbolic
    link to it have the same lock. On a file system without locks the block runs all the same.

    Raises:
        Locked: another process, or another block of this one, holds it.
    """
    folder, name = os.path.split(os.path.realpath(path))
    lock = os.path.join(folder, f".{name[:200]}.lock")
    descriptor = _acquire(lock)
    try:
        yield
    finally:
        if descriptor is not None:
            # Removed before it is released: whoever waits for it finds that it is no longer the file.
            with suppress(OSError):
                os.unlink(lock)
            os.close(descriptor)


def _acquire(lock: str) -> int | None:
    if sys.platform == "win32":
        return _acquire_on_windows(lock)
    import fcntl

    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(descriptor, 20, 0).strip()
            os.close(descriptor)
            raise Locked(int(owner) if owner.isdigit() else None) from None
        except OSError:
            os.close(descriptor)
            return None
        if _is_file(descriptor, lock):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            return descriptor
        # Its last owner has removed it between our opening and our locking it.
        os.close(descriptor)


def _is_file(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _acquire_on_windows(lock: str) -> int | None:
    # There a file that a process holds open cannot be removed, so one that can be has no owner.
    with suppress(FileNotFoundError, PermissionError):
        os.unlink(lock)
    try:
        return os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        raise Locked(None) from None
