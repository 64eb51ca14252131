"""Python's warnings about a text: they are for whoever runs it, not for whoever only looks at it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from .forks import new_lock

_lock = new_lock()


@contextmanager
def without_warnings() -> Iterator[None]:
    """Let Python warn of nothing here; one thread at a time, because the filters are the whole process's."""
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
