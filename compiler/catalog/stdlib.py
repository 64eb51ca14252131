"""The names that the modules of Python's standard library have, on any platform and in any version.

`_stdlib.json` holds them, made of typeshed's stubs by `python -m dspyc.compiler.catalog.stdlib_build`, so
that a misspelt name is found without importing a module, which would run it.
"""

from __future__ import annotations

import os.path
import sys

from ...base.forks import new_lock

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_stdlib.json")

_lock = new_lock()
_read: list[dict[str, str]] = []
_split: dict[str, tuple[str, ...]] = {}


def names(module: str) -> tuple[str, ...]:
    """What can be imported from a module of the standard library; empty where that is not known."""
    if module.partition(".")[0] not in sys.stdlib_module_names:
        return ()
    if module not in _split:
        _split[module] = tuple(_table().get(module, "").split())
    return _split[module]


def lacks(module: str, name: str) -> bool:
    """Whether no version of a module of the standard library has a public name."""
    if name.startswith("_"):
        return False
    known = names(module)
    return bool(known) and name not in known


def _table() -> dict[str, str]:
    if not _read:
        with _lock:
            if not _read:
                import json

                with open(PATH, "rb") as opened:
                    _read.append(json.loads(opened.read()))
    return _read[0]
