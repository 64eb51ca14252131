"""The names that the modules of Python's standard library have.

`_stdlib.json` holds them, made of typeshed's stubs and of the modules' sources by
`python -m dspyc.compiler.catalog.stdlib_build`, so that a misspelt name is found without importing a module,
which would run it.
"""

from __future__ import annotations

import os.path
import sys

from ...base.forks import new_lock

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_stdlib.json")

_lock = new_lock()
_read: list[dict[str, str]] = []
_split: dict[str, tuple[tuple[str, ...], frozenset[str]]] = {}


def names(module: str) -> tuple[str, ...]:
    """What a module of the standard library exports; empty where that is not known."""
    return _names(module)[0]


def lacks(module: str, name: str) -> bool:
    """Whether a module of the standard library has no such public name, exported or not."""
    exported, others = _names(module)
    return bool(exported) and not name.startswith("_") and name not in exported and name not in others


def _names(module: str) -> tuple[tuple[str, ...], frozenset[str]]:
    if module.partition(".")[0] not in sys.stdlib_module_names:
        return (), frozenset()
    if module not in _split:
        exported, _, others = _table().get(module, "").partition("|")
        _split[module] = tuple(exported.split()), frozenset(others.split())
    return _split[module]


def _table() -> dict[str, str]:
    if not _read:
        with _lock:
            if not _read:
                import json

                with open(PATH, "rb") as opened:
                    _read.append(json.loads(opened.read()))
    return _read[0]
