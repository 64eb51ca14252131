"""How much work something is, on any machine: the calls of functions that it makes, Python's and C's."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable
from typing import Any

_CALLS = ("call", "c_call")


def calls_of(run: Callable[[], object]) -> int:
    """How many functions are called, in this thread and in those that are started meanwhile.

    What a function of C does inside, as a regular expression that goes over a text, counts as one call.
    """
    counter = itertools.count()

    def note(frame: Any, event: str, argument: Any) -> None:
        if event in _CALLS:
            next(counter)

    before = sys.getprofile()
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(before)
        threading.setprofile(before)
    return next(counter)


def growth_of(run: Callable[[int], object], size: int) -> float:
    """How many times as many calls twice the size makes: 2 for what is linear, 4 for what is quadratic."""
    return calls_of(lambda: run(2 * size)) / calls_of(lambda: run(size))
