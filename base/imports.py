"""What a forked process inherits of the imports that other threads of its parent are in the middle of.

In the child those threads do not exist: their import locks would be held for ever, and their modules stay
half made. So the child imports such modules anew. This module itself imports next to nothing.
"""

from __future__ import annotations

import _frozen_importlib as importing
import _thread
import os
import sys

_OURS = __name__.partition(".")[0]
_INSTALLED = ("site-packages", "dist-packages")


def _forget_half_imported() -> None:
    locks = importing._module_locks  # type: ignore[attr-defined]
    here = {name for name, found in locks.items() if _owner(found()) == _thread.get_ident()}
    locks.clear()
    for name, module in list(sys.modules.items()):
        if name not in here and _is_half_imported(module) and _may_be_repeated(name, module):
            _forget(name)


def _owner(lock: object) -> object:
    return getattr(lock, "owner", None)


def _is_half_imported(module: object) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


def _may_be_repeated(name: str, module: object) -> bool:
    """Whether importing a module again does no harm; one of a user's may be the program that runs."""
    package = name.partition(".")[0]
    if package == _OURS or package in sys.stdlib_module_names:
        return True
    origin = getattr(getattr(module, "__spec__", None), "origin", None) or ""
    return any(folder in origin for folder in _INSTALLED)


def _forget(name: str) -> None:
    sys.modules.pop(name, None)
    if name.partition(".")[0] != _OURS:
        # Packages whose parts need the whole of them; ours only need what they import.
        for part in [part for part in sys.modules if part.startswith(f"{name}.")]:
            del sys.modules[part]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_half_imported)
