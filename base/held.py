"""Values that a command holds until its process ends: they are not looked at for garbage, and not freed.

A check of a thousand files makes millions of small values, none of which is in a reference cycle. Looking
for cycles among them and freeing them one by one would take a third of the command's time.
"""

from __future__ import annotations

import gc
from typing import TypeVar

T = TypeVar("T")

_held: list[object] = []
_is_own_process = False


def own_process() -> None:
    """Say that this process is a command's own, and ends with it."""
    global _is_own_process
    _is_own_process = True


def is_own_process() -> bool:
    """Whether this process is a command's own."""
    return _is_own_process


def hold(value: T) -> T:
    """The value, held to the end of the process; as it is where the process is someone else's."""
    if _is_own_process:
        gc.disable()
        _held.append(value)
    return value


def is_anything_held() -> bool:
    """Whether the process should end without freeing what it has."""
    return bool(_held)
