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

_limits: dict[Any, Any] = {}


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
        async with _limit():
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


def _limit() -> Any:
    """What lets `settings.async_max_workers` functions run at a time on this event loop."""
    import asyncio

    loop, most = asyncio.get_running_loop(), cast("int", lookup("async_max_workers"))
    held = _limits.get(loop)
    if held is None or held[0] != most:
        for other in [one for one in _limits if one.is_closed()]:
            del _limits[other]
        held = _limits[loop] = (most, asyncio.Semaphore(most))
    return held[1]
