"""Python's warnings about a text: they are for whoever runs it, not for whoever only looks at it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from .forks import new_recursive_lock

_lock = new_recursive_lock()


@contextmanager
def without_warnings(message: str = "", category: type[Warning] = Warning) -> Iterator[None]:
    """Let Python not warn in it; one thread at a time, because the filters are the whole process's.

    Args:
        message: how the text of what is not said begins, as a regular expression.
        category: the kind of what is not said.
    """
    with _lock, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message, category)
        yield
