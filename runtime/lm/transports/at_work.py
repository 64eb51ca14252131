"""Models at work in this process, which ends after them.

A thread in llama.cpp that comes back to a Python that is being taken down aborts the whole process, whatever
its exit code would have been. So the process waits for those who are there, and tells them to stop.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PATIENCE = 5.0
"""Seconds that the end of the process waits; a long prompt is read to its end."""

_ending = threading.Event()
_there: set[threading.Event] = set()


@contextmanager
def at_work() -> Iterator[None]:
    """Around whatever a model does in a thread that may outlive the program."""
    done = threading.Event()
    _there.add(done)
    try:
        yield
    finally:
        _there.discard(done)
        done.set()


def unless_ending(is_over: Callable[[], bool]) -> Callable[[], bool]:
    """Whether it is over, or the process ends."""
    return lambda: is_over() or _ending.is_set()


def end_all() -> bool:
    """Tell those who are at work to stop, and wait for them: whether all of them have.

    For the end of the process, which keeps its exit code where somebody has not.
    """
    _ending.set()
    until = time.monotonic() + _PATIENCE
    for done in list(_there):
        if not done.wait(max(0.0, until - time.monotonic())):
            _end_abruptly()
            return False
    return True


def _end_abruptly() -> None:
    """Have the process end without freeing what C++ holds, which is in use."""
    try:
        library = ctypes.CDLL(None)
        # The last function that is registered is the first one called, with the exit code.
        library.on_exit(library._exit, None)
    except (AttributeError, OSError, TypeError):
        # Only glibc knows the exit code there.
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError, AttributeError):
                continue
        os._exit(1 if hasattr(sys, "last_value") else 0)


if hasattr(os, "register_at_fork"):
    # A forked child has none of these threads.
    os.register_at_fork(after_in_child=_there.clear)
