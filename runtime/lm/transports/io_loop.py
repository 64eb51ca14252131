"""One event loop for all asynchronous requests of this process, in a thread of its own.

Clients of HTTP belong to the loop that they were made on. A program that calls `asyncio.run` again and again
would leave open connections behind in each of its loops; so the clients live here, and callers wait for what
happens here on whichever loop they run.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from ....base.forks import new_lock

T = TypeVar("T")

_END: Any = object()
_LONGEST_END = 1.0
_closers: list[Callable[[], Coroutine[Any, Any, Any]]] = []


async def run(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine on the loop of requests and wait for it; cancelling the wait cancels it."""
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(make(), _loop()))


def wait(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine on the loop of requests and wait for it in this thread; an interrupt cancels it."""
    future = asyncio.run_coroutine_threadsafe(make(), _loop())
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


async def iterate(make: Callable[[], AsyncIterator[T]]) -> AsyncIterator[T]:
    """The items that an iterator gives on the loop of requests, as they come."""
    here, items = asyncio.get_running_loop(), asyncio.Queue[Any]()

    async def fill() -> None:
        try:
            async for item in make():
                here.call_soon_threadsafe(items.put_nowait, (item, None))
        except Exception as error:  # noqa: BLE001 it is raised where the items are taken
            here.call_soon_threadsafe(items.put_nowait, (_END, error))
        else:
            here.call_soon_threadsafe(items.put_nowait, (_END, None))

    filling = asyncio.run_coroutine_threadsafe(fill(), _loop())
    try:
        while True:
            item, error = await items.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item
    finally:
        filling.cancel()


def later(seconds: float, function: Callable[[], Any]) -> None:
    """Call a function on the loop after so many seconds."""
    loop = _loop()
    loop.call_soon_threadsafe(loop.call_later, seconds, function)


def before_end(close: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    """Have a coroutine run on the loop before it ends with the process."""
    _closers.append(close)


def stop() -> None:
    """Run the last coroutines on the loop, cancel what is left there, and end it; all within seconds."""
    loop, thread = _Running.loop, _Running.thread
    if loop is None or thread is None or not thread.is_alive():
        return

    async def end() -> None:
        for close in _closers:
            with suppress(Exception):
                await asyncio.wait_for(close(), _LONGEST_END)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.wait(others, timeout=_LONGEST_END) if others else None
        loop.stop()

    _Running.loop = None
    loop.set_exception_handler(_say_nothing)
    asyncio.run_coroutine_threadsafe(end(), loop)
    thread.join(3 * _LONGEST_END)
    if not thread.is_alive():
        loop.close()


class _Running:
    """The loop, made on first use."""

    lock = new_lock()
    loop: asyncio.AbstractEventLoop | None = None
    thread: threading.Thread | None = None


def _loop() -> asyncio.AbstractEventLoop:
    with _Running.lock:
        if _Running.loop is None:
            _Running.loop = asyncio.new_event_loop()
            _Running.thread = threading.Thread(
                target=_Running.loop.run_forever, name="dspyc-requests", daemon=True
            )
            _Running.thread.start()
            atexit.unregister(stop)
            atexit.register(stop)
        return _Running.loop


def _say_nothing(loop: asyncio.AbstractEventLoop, context: object) -> None:
    """Nothing that still ends on a loop which is put away is worth a word on the terminal."""


def _after_fork() -> None:
    # The child has the loop's object, with its unfinished tasks, without its thread.
    if _Running.loop is not None:
        _Running.loop.set_exception_handler(_say_nothing)
    _Running.loop = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
