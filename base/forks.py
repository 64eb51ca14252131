"""Locks that a forked process can use: another thread of the parent may hold one at the moment of the fork.

In the child that thread does not exist, so nothing would ever release its lock. The locks made here are free
again in the child. What they guard must be usable however far that thread had come.
"""

from __future__ import annotations

import os
import threading
from typing import Any
from weakref import WeakSet

_locks: WeakSet[Any] = WeakSet()


def new_lock() -> threading.Lock:
    """A lock that is free in a forked child."""
    lock = threading.Lock()
    _locks.add(lock)
    return lock


def new_recursive_lock() -> Any:
    """An `RLock` that is free in a forked child."""
    lock = threading.RLock()
    _locks.add(lock)
    return lock


def _free_all() -> None:
    for lock in list(_locks):
        # As logging, threading and concurrent.futures do with theirs.
        lock._at_fork_reinit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_all)
