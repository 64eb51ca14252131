"""Whether what runs here is only planned, not done: then packages that only the run needs may be absent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_planned: ContextVar[bool] = ContextVar("dspyc_planned", default=False)


@contextmanager
def planning() -> Iterator[None]:
    """Only plan what is asked for inside."""
    token = _planned.set(True)
    try:
        yield
    finally:
        _planned.reset(token)


def is_planned() -> bool:
    """Whether what runs here is only planned."""
    return _planned.get()
