"""Exits and stops on their way through coroutines, which Python does not let through as they are.

asyncio ends its event loop when a task raises SystemExit or KeyboardInterrupt, and a coroutine turns
StopIteration into a RuntimeError. So they travel inside the errors of this module and come out where a
synchronous caller waits: the exception that was raised arrives there.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

EXITS = (SystemExit, KeyboardInterrupt)
"""What ends a program."""


class Exit(BaseException):
    """Carries a SystemExit or KeyboardInterrupt out of a task; `except Exception` does not stop it."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


class Stopped(RuntimeError):
    """Carries a StopIteration out of a coroutine: an ordinary error on the way, as Python makes it one."""

    def __init__(self, error: StopIteration) -> None:
        super().__init__(f"StopIteration: {error}" if str(error) else "StopIteration")
        self.error = error


def call(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Call a function from a coroutine; its StopIteration becomes `Stopped`."""
    try:
        return function(*args, **kwargs)
    except StopIteration as error:
        raise Stopped(error) from error


async def carrying(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run the coroutine of a task; an exit that it raises becomes `Exit`."""
    try:
        return await coroutine
    except EXITS as error:
        raise Exit(error) from error


def unpacked(error: BaseException) -> BaseException:
    """The error that was raised, without what carried it."""
    return error.error if isinstance(error, (Exit, Stopped)) else error
