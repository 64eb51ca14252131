"""`asyncify` and `syncify`: a program or function of one kind, called as the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar, cast, overload

from ..execution import drive
from ..execution.settings import lookup
from ..execution.threads import run_in_thread
from .base import Module
from .function import FunctionModule

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=Module)


@overload
def asyncify(program: Module) -> Callable[..., Awaitable[Any]]: ...
@overload
def asyncify(program: Callable[P, R]) -> Callable[P, Awaitable[R]]: ...
def asyncify(program: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """An async function that does what a program or a synchronous function does, without blocking the event
    loop.

    A module is awaited; it needs no thread, unless its `forward` is synchronous. A function runs in a thread,
    at most `settings.async_max_workers` of them at a time, and sees the settings of where it is called.
    """

    async def call(*args: Any, **kwargs: Any) -> Any:
        if isinstance(program, Module) and not program._forward_first:
            return await program.acall(*args, **kwargs)
        if drive.is_async(program):
            return await program(*args, **kwargs)
        async with _limiter.here():
            return await run_in_thread(program, *args, **kwargs)

    return call


@overload
def syncify(program: M, in_place: bool = True) -> M: ...
@overload
def syncify(program: Callable[P, Coroutine[Any, Any, R]], in_place: bool = True) -> Callable[P, R]: ...
def syncify(program: Any, in_place: bool = True) -> Any:
    """A program or async function for synchronous code; works in a running event loop, as a notebook's, too.

    Args:
        program: a module, which is returned as it is because every module can be called either way; or an
            async function.
        in_place: False returns another module around a module.
    """
    if isinstance(program, Module):
        return program if in_place else FunctionModule(program)

    def call(*args: Any, **kwargs: Any) -> Any:
        return drive.run_on_loop(program(*args, **kwargs))

    return call


class Limiter:
    """Lets `settings.async_max_workers` functions of `asyncify` run at a time on each event loop."""

    def __init__(self) -> None:
        self._slots: dict[Any, tuple[int, Any]] = {}

    @property
    def total_tokens(self) -> int:
        """How many, by the settings that hold here."""
        return cast("int", lookup("async_max_workers"))

    def here(self) -> Any:
        """The slots of this event loop, as an asynchronous context manager that takes one."""
        import asyncio

        loop, most = asyncio.get_running_loop(), self.total_tokens
        held = self._slots.get(loop)
        if held is None or held[0] != most:
            for other in [one for one in self._slots if one.is_closed()]:
                del self._slots[other]
            held = self._slots[loop] = (most, asyncio.Semaphore(most))
        return held[1]


_limiter = Limiter()


def get_limiter() -> Limiter:
    """What limits `asyncify`; always the same object."""
    return _limiter
