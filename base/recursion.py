"""More room for recursion, for the time of a walk over a syntax tree that is as deep as its texts may be."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from .forks import new_lock

P = ParamSpec("P")
T = TypeVar("T")

ROOM = 4_000
"""In frames: a tree has at most 650 levels, and a walk takes up to six frames for one."""

_lock = new_lock()
_inside = 0
_before = 0


@contextmanager
def room_to_recurse() -> Iterator[None]:
    """Raise the interpreter's limit by `ROOM` while the block runs, in one thread or in several.

    The limit belongs to the process, which runs its user's code too, so it is put back.
    """
    global _inside, _before
    with _lock:
        if not _inside:
            _before = sys.getrecursionlimit()
            sys.setrecursionlimit(_before + ROOM)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            # Who has set another limit meanwhile keeps it.
            if not _inside and sys.getrecursionlimit() == _before + ROOM:
                sys.setrecursionlimit(_before)


def deep(function: Callable[P, T]) -> Callable[P, T]:
    """Give a function room to recurse."""

    @wraps(function)
    def with_room(*args: P.args, **kwargs: P.kwargs) -> T:
        with room_to_recurse():
            return function(*args, **kwargs)

    return with_room
