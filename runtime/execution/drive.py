"""How calls run: one asynchronous implementation, driven two ways.

Everything that calls a model is written once, as a coroutine. Called from synchronous code, most of it needs
no event loop: with `blocking` set, the model client waits in place, so nothing ever suspends and `drive` runs
the coroutine to its end in this thread, for a few microseconds. What does suspend (a module that runs its
calls concurrently, a tool that is `async`) goes to one background event loop, which also works below a loop
that is already running, as in a notebook.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from ...base.forks import new_lock
from .threads import run_in_thread

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")

blocking: ContextVar[bool] = ContextVar("dspyc_blocking", default=False)
"""Whether the code that runs here may wait in place, because no event loop runs it."""

_LOOP_THREADS = 64
"""How many synchronous functions the background loop runs at once; they mostly wait."""


def run(coroutine: Coroutine[Any, Any, T], *, concurrent: bool = False) -> T:
    """Run a coroutine to its end from synchronous code and return its result.

    Args:
        coroutine: what to run.
        concurrent: it suspends, so it needs the event loop.
    """
    return run_on_loop(coroutine) if concurrent else drive(coroutine)


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never suspends while `blocking` is set, without an event loop."""
    token = blocking.set(True)
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        blocking.reset(token)
    coroutine.close()
    raise RuntimeError(
        "a module that waits for something (an async tool, a sleep) was called synchronously; "
        "set `concurrent = True` on its class, or await its `acall`"
    )


def run_on_loop(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the background event loop and wait for it; Ctrl-C cancels it.

    From the background loop's own thread (a synchronous reward that calls a concurrent module) it gets a loop
    of its own in another thread, because waiting for the loop inside the loop would wait for ever.
    """
    import asyncio
    import concurrent.futures

    context = copy_context()
    context.run(blocking.set, False)
    if threading.current_thread() is _Background.thread:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            return pool.submit(context.run, asyncio.run, coroutine).result()
    loop = _background_loop()
    done: concurrent.futures.Future[T] = concurrent.futures.Future()
    tasks: list[asyncio.Task[T]] = []

    def begin() -> None:
        task = loop.create_task(coroutine, context=context)
        tasks.append(task)
        task.add_done_callback(finish)

    def finish(task: asyncio.Task[T]) -> None:
        if task.cancelled():
            # Not done.cancel(): who waits for a cancelled future is told only when it is marked as noticed.
            done.set_exception(asyncio.CancelledError())
        elif (error := task.exception()) is not None:
            done.set_exception(error)
        else:
            done.set_result(task.result())

    loop.call_soon_threadsafe(begin)
    try:
        return done.result()
    except KeyboardInterrupt:
        loop.call_soon_threadsafe(lambda: tasks[0].cancel() if tasks else None)
        concurrent.futures.wait([done], timeout=5)
        raise


async def call_function(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a user's function from a coroutine: awaited when it is async, in a thread when an event loop runs
    us.

    The thread sees the settings and the trace of here.
    """
    if is_async(function):
        return await function(*args, **kwargs)
    if blocking.get():
        return function(*args, **kwargs)
    return await run_in_thread(function, *args, **kwargs)


def is_async(function: Callable[..., Any]) -> bool:
    """Whether calling it gives a coroutine."""
    from inspect import iscoroutinefunction

    return iscoroutinefunction(function) or iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


class _Background:
    """The one background event loop, made on first use."""

    lock = new_lock()
    loop: asyncio.AbstractEventLoop | None = None
    thread: threading.Thread | None = None
    process: int | None = None


def _background_loop() -> asyncio.AbstractEventLoop:
    import asyncio
    import os
    from concurrent.futures import ThreadPoolExecutor

    with _Background.lock:
        # A forked child inherits the loop object, but not the thread that ran it.
        if _Background.loop is None or _Background.process != os.getpid():
            loop = asyncio.new_event_loop()
            loop.set_default_executor(ThreadPoolExecutor(_LOOP_THREADS, thread_name_prefix="dspyc-call"))
            thread = threading.Thread(target=loop.run_forever, name="dspyc-loop", daemon=True)
            thread.start()
            _Background.loop, _Background.thread, _Background.process = loop, thread, os.getpid()
        return _Background.loop
