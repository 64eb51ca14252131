"""Modules that are imported when they are first used, so that what a process never does costs it nothing."""

from __future__ import annotations

import os
import re
import threading
from importlib import import_module
from typing import Any

from .forks import new_recursive_lock


class Later:
    """Stands in a module's scope for another module, and gives it its place at the first look.

        if TYPE_CHECKING:
            from . import asking
        else:
            asking = Later(globals(), "asking")

    `importlib.util.LazyLoader` loses a race between threads before Python 3.12, and none of `import` itself
    bears a fork: in the child the lock of a module stays held that another thread was importing. So a fork
    waits for imports made here.

    Args:
        scope: the scope, `globals()`.
        name: the module's name there.
        path: where it is, from the scope's package; `.name` unless given.
    """

    def __init__(self, scope: dict[str, Any], name: str, path: str = "") -> None:
        self._place = scope, name, path or f".{name}"

    def __getattr__(self, attribute: str) -> Any:
        scope, name, path = self._place
        with _importing:
            scope[name] = module = import_module(path, scope["__package__"])
        return getattr(module, attribute)


def read_homes(file: str) -> dict[str, str]:
    """The names that a package hands on, each with the module where it is.

    They stand in the package's stub, as `from .errors import DataError as DataError`, so that type checkers
    and the package itself read the same text.

    Args:
        file: the package's `__init__.py`.
    """
    with open(f"{os.path.splitext(file)[0]}.pyi", encoding="utf-8") as stub:
        return {name: home for home, name in _IMPORTED.findall(stub.read())}


_IMPORTED = re.compile(r"^from (\.[\w.]*) import (\w+) as \2$", re.MULTILINE)

_importing = new_recursive_lock()
_LONGEST_FORK_WAIT = 5.0
_held: set[int] = set()
"""The threads that are forking, and hold the lock meanwhile."""


def _before_fork() -> None:
    if _importing.acquire(timeout=_LONGEST_FORK_WAIT):
        _held.add(threading.get_ident())


def _after_fork_in_parent() -> None:
    if threading.get_ident() in _held:
        _held.discard(threading.get_ident())
        _importing.release()


if hasattr(os, "register_at_fork"):
    # In the child the lock is free again, as all of `forks` are.
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_held.clear
    )
