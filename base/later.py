"""Modules that are imported when they are first used, so that what a process never does costs it nothing."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any


class Later:
    """Stands in a module's scope for another module, and gives it its place at the first look.

        if TYPE_CHECKING:
            from . import asking
        else:
            asking = Later(globals(), "asking")

    `importlib.util.LazyLoader` loses a race between threads before Python 3.12; this leaves the importing to
    `import`, and forks in the middle of it to `imports.py`.

    Args:
        scope: the scope, `globals()`.
        name: the module's name there.
        path: where it is, from the scope's package; `.name` unless given.
    """

    def __init__(self, scope: dict[str, Any], name: str, path: str = "") -> None:
        self._place = scope, name, path or f".{name}"

    def __getattr__(self, attribute: str) -> Any:
        scope, name, path = self._place
        scope[name] = module = import_module(path, scope["__package__"])
        return getattr(module, attribute)


def loaded(module: str, *names: str) -> tuple[Any, ...]:
    """What a module has under these names; nothing if it has not been imported, so that nobody can mean it.

    issubclass(annotation, (int, float, *loaded("decimal", "Decimal")))
    """
    found = sys.modules.get(module)
    # A thread that imports it just now may not be done; who has one of its classes waits for no more.
    return () if found is None else tuple([getattr(found, name) for name in names if hasattr(found, name)])


def read_homes(file: str) -> dict[str, str]:
    """The names that a package hands on, each with the module where it is.

    They stand in the package's stub, as `from .errors import DataError as DataError`, so that type checkers
    and the package itself read the same text.

    Args:
        file: the package's `__init__.py`.
    """
    with open(f"{os.path.splitext(file)[0]}.pyi", encoding="utf-8") as stub:
        lines = [line.split() for line in stub if line.startswith("from .")]
    return {words[3]: words[1] for words in lines if words[4:5] == ["as"] and words[3:4] == words[5:]}
