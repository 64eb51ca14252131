"""What the runtime and Python's built-ins offer: the only place where the compiler knows the runtime.

`_catalog.json` holds it, made of the runtime's own classes by `python -m dspyc.compiler.catalog.build` (a
test compares the two), so that a check neither reads nor parses their source. Nothing is declared twice; see
`source`.

What is handed out never changes, so threads may ask at once.
"""

from __future__ import annotations

import os.path
from collections.abc import Mapping
from typing import Any

from ...base.forks import new_lock
from .. import types
from ..types import Type
from .decoding import Content, decode

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_catalog.json")
FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "runtime")
"""The runtime's own folder, where its classes can be looked at."""

_lock = new_lock()
_read: list[Content] = []


def content() -> Content:
    """All that there is, read once."""
    if not _read:
        with _lock:
            if not _read:
                _read.append(decode(_load(), FOLDER))
    return _read[0]


def _load() -> Any:
    import json

    with open(PATH, "rb") as opened:
        return json.loads(opened.read())


def names() -> tuple[str, ...]:
    """The runtime's public names."""
    return content().names


def lookup(name: str) -> Type | None:
    """The type, as a value, of one of the runtime's public names; None when it has no such name."""
    return content().public.get(name)


def definition(name: str) -> types.ClassDefinition | None:
    """One of the runtime's public classes."""
    found = lookup(name)
    return found.definition if isinstance(found, types.Class) else None


def settings() -> tuple[types.Parameter, ...]:
    """What every module takes besides its own parameters: an LM, and an LM's settings, for its parts."""
    return content().settings


def call_settings() -> tuple[types.Parameter, ...]:
    """The named arguments of a module's call that are no inputs: `lm`, `config` …"""
    return content().call_settings


def configuration() -> tuple[types.Parameter, ...] | None:
    """What `configure(…)` takes; None when that cannot be told."""
    return content().configuration


def plain_module() -> str:
    """The name of the module class that adds nothing to a signature: what one makes of a signature first."""
    return content().plain_module


def reserved_fields() -> Mapping[str, str]:
    """The names that no field may have, and what each is for: "marks the end of an answer"."""
    return content().reserved_fields


def functions() -> Mapping[str, Type]:
    """Python's pure built-in functions."""
    return content().functions


def constructors() -> Mapping[str, Type]:
    """What calling the name of one of Python's own types takes and gives."""
    return content().constructors


def methods() -> Mapping[str, Mapping[str, Type]]:
    """The methods and attributes of Python's own types, by the name of the type."""
    return content().methods
