"""How calls run: one asynchronous implementation, driven two ways.

Everything that calls a model is written once, as a coroutine. Called from synchronous code, most of it needs
no event loop: with `blocking` set, the model client waits in place, so nothing ever suspends and `drive` runs
the coroutine to its end in this thread, for a few microseconds. What does suspend (a module that runs its
calls concurrently, a tool that is `async`) goes to one background event loop, which also works below a loop
that is already running, as in a notebook. The way of one predictor's call is there a second time, in
functions whose names end in `_now`, which make no coroutine where none is needed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from ...base.forks import new_lock
from . import exits

if TYPE_CHECKING:
    import asyncio
    import concurrent.futures

T = TypeVar("T")

blocking: ContextVar[bool] = ContextVar("dspyc_blocking", default=False)
"""Whether the code that runs here may wait in place, because no event loop runs it."""


def run(coroutine: Coroutine[Any, Any, T], *, concurrent: bool = False) -> T:
    """Run a coroutine to its end from synchronous code and return its result.

    Args:
        coroutine: what to run.
        concurrent: it suspends, so it needs the event loop.
    """
    return run_on_loop(coroutine) if concurrent else drive(coroutine)


def drive(coroutine: Coroutine[Any, Any, T], *, inside: bool = False) -> T:
    """Run a coroutine that never suspends while `blocking` is set, without an event loop.

    Args:
        coroutine: what to run.
        inside: it is a part of a call that goes on in place, so what it stops by stays `exits.Stopped`.
    """
    token = blocking.set(True)
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    except exits.Stopped as stopped:
        # Inside another coroutine, which would turn it into an error of its own, it stays as it is.
        if inside or token.old_value is True:
            raise
        raise stopped.error from None
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
    done: concurrent.futures.Future[T] = concurrent.futures.Future()
    if threading.current_thread() is _Background.thread:
        _run_on_own_loop(coroutine, context, done)
        own: T = _result_of(done)
        return own
    loop = _background_loop()
    tasks: list[asyncio.Task[T]] = []

    def begin() -> None:
        task = loop.create_task(exits.carrying(coroutine), context=context)
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

    def cancel() -> None:
        loop.call_soon_threadsafe(lambda: tasks[0].cancel() if tasks else None)

    loop.call_soon_threadsafe(begin)
    running = _running.get()
    if running is not None:
        running.add(cancel)
    try:
        result: T = _result_of(done)
        return result
    except KeyboardInterrupt:
        if not done.done():
            cancel()
            concurrent.futures.wait([done], timeout=_CANCEL_SECONDS)
        raise
    finally:
        if running is not None:
            running.discard(cancel)


_CANCEL_SECONDS = 2.0
"""How long Ctrl-C waits for what it cancels; code that does not let itself be cancelled is left behind."""

_running: ContextVar[set[Callable[[], None]] | None] = ContextVar("dspyc_running", default=None)


def calls_of_here() -> set[Callable[[], None]]:
    """A set of what cancels the calls that are on the event loop, from now on in this context."""
    calls: set[Callable[[], None]] = set()
    _running.set(calls)
    return calls


def _result_of(done: concurrent.futures.Future[T]) -> T:
    try:
        return done.result()
    except (exits.Exit, exits.Stopped) as error:
        raise error.error from None


def _run_on_own_loop(coroutine: Coroutine[Any, Any, Any], context: Context, done: Any) -> None:
    import asyncio

    def work() -> None:
        try:
            done.set_result(context.run(asyncio.run, exits.carrying(coroutine)))
        except BaseException as error:  # noqa: BLE001 whatever it is, the caller gets it
            done.set_exception(error)

    threading.Thread(target=work, name="dspyc-inner-loop", daemon=True).start()


async def call_function(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a user's function from a coroutine: awaited when it is async, in a thread when an event loop runs
    us.

    The thread sees the settings and the trace of here.
    """
    if is_async(function):
        return await function(*args, **kwargs)
    if blocking.get():
        return exits.call(function, *args, **kwargs)
    from .threads import run_in_thread

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


def _background_loop() -> asyncio.AbstractEventLoop:
    import asyncio

    with _Background.lock:
        if _Background.loop is None:
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=_run_for_ever, args=(loop,), name="dspyc-loop", daemon=True)
            thread.start()
            _Background.loop, _Background.thread = loop, thread
        return _Background.loop


def _run_for_ever(loop: asyncio.AbstractEventLoop) -> None:
    while True:
        try:
            loop.run_forever()
        except exits.EXITS:
            # A task that is not ours has raised it, and keeps it; the loop serves other calls, too.
            continue
        return


def _forget_loop() -> None:
    """A forked child has the loop object and its unfinished tasks, but not the thread that ran it."""
    if _Background.loop is not None:
        _Background.loop.set_exception_handler(lambda loop, context: None)
    _Background.loop = _Background.thread = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_loop)
