"""What a forked process inherits of its parent's other threads: their locks, and the modules they import.

In the child those threads do not exist, so nothing would ever release a lock that one of them held at the
moment of the fork. The locks made here are free again in the child. What they guard must be usable however
far that thread had come. What they were importing is imported anew, because half a module is of no use.
"""

from __future__ import annotations

import importlib._bootstrap
import os
import sys
import threading
from typing import Any
from weakref import WeakSet

_OURS = __name__.partition(".")[0]
_INSTALLED = ("site-packages", "dist-packages")

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


# --- imports ---------------------------------------------------------------------------------------------


def _forget_half_imported() -> None:
    """Let modules that another thread of the parent was importing be imported anew."""
    locks = importlib._bootstrap._module_locks  # type: ignore[attr-defined]
    here = {name for name, found in locks.items() if _owner(found()) == threading.get_ident()}
    locks.clear()
    for name, module in list(sys.modules.items()):
        if name not in here and _is_half_imported(module) and _may_be_repeated(name, module):
            _forget(name)


def _forget(name: str) -> None:
    sys.modules.pop(name, None)
    if name.partition(".")[0] != _OURS:
        # Packages whose parts need the whole of them; ours only need what they import.
        for part in [part for part in sys.modules if part.startswith(f"{name}.")]:
            del sys.modules[part]


def _may_be_repeated(name: str, module: Any) -> bool:
    """Whether importing a module again does no harm; one of a user's may be the program that runs."""
    package = name.partition(".")[0]
    if package == _OURS or package in sys.stdlib_module_names:
        return True
    origin = getattr(module.__spec__, "origin", None) or ""
    return any(folder in origin for folder in _INSTALLED)


def _owner(lock: Any) -> int | None:
    owner: int | None = getattr(lock, "owner", None)
    return owner


def _is_half_imported(module: Any) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


def _after_fork() -> None:
    _free_all()
    _forget_half_imported()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
