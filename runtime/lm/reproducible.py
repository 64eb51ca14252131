"""Whether answers have to be the same again, rather than as fast as possible.

A model in this process answers several requests in one batch, and keeps what it has read of a prompt for the
next. Both change the order in which numbers are added, and with it, once in a thousand answers, a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_reproducible: ContextVar[bool] = ContextVar("dspyc_reproducible", default=False)


@contextmanager
def reproducible() -> Iterator[None]:
    """Let models in this process answer each request by itself: one at a time, from its first token on."""
    token = _reproducible.set(True)
    try:
        yield
    finally:
        _reproducible.reset(token)


def is_reproducible() -> bool:
    """Whether answers have to be the same again here."""
    return _reproducible.get()
