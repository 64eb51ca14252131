"""Cooperative cancellation: long work asks now and then whether its result is still wanted.

    token = Token()
    with cancelled_by(token):
        for path in paths:
            check_cancelled()
            …

Another thread calls `token.cancel()`, and the next `check_cancelled()` raises `Cancelled`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Cancelled(Exception):
    """The result is not wanted any more."""


class Token:
    """What one thread cancels and another one asks."""

    __slots__ = ("is_cancelled",)

    def __init__(self) -> None:
        self.is_cancelled = False

    def cancel(self) -> None:
        """Let the next `check_cancelled` under this token raise."""
        self.is_cancelled = True


_token: ContextVar[Token | None] = ContextVar("token", default=None)


@contextmanager
def cancelled_by(token: Token) -> Iterator[None]:
    """Run a block whose `check_cancelled` asks this token."""
    before = _token.set(token)
    try:
        yield
    finally:
        _token.reset(before)


def check_cancelled() -> None:
    """Raise `Cancelled` if the work around this call is not wanted any more; free of cost otherwise."""
    token = _token.get()
    if token is not None and token.is_cancelled:
        raise Cancelled
