"""A lock on a file: one process at a time writes it."""

from __future__ import annotations

import errno
from typing import IO, Any

_HELD = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}


def acquire_lock(file: IO[Any]) -> bool:
    """Lock an open file until it is closed, or the process ends; False where another process has it.

    Two files that one process opens at the same path exclude each other too. On a file system without locks
    every caller gets one.

    Raises:
        OSError: the file cannot be locked for another reason.
    """
    try:
        _lock(file.fileno())
    except OSError as error:
        if error.errno in _HELD:
            return False
        if error.errno not in _UNSUPPORTED:
            raise
    return True


try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
else:

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
