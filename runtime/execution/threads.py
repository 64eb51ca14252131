"""Synchronous functions beside an event loop, in threads that never keep the process from ending.

The threads of `asyncio.to_thread` are waited for at the end of the process, however long what they run takes:
a tool that hangs, or a model that is still writing, would hold the whole program.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

from ...base.forks import new_lock

T = TypeVar("T")

_IDLE_SECONDS = 10.0


async def run_in_thread(function: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
    """Call a function in a thread and wait for its result; it sees the context variables of here.

    A cancelled wait leaves the function running.
    """
    import asyncio

    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    work = partial(copy_context().run, function, *args, **kwargs)

    def finish(result: Any, error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(result)
        else:
            done.set_exception(error)

    def run() -> None:
        result: Any = None
        failure: BaseException | None = None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 it is raised where the result is waited for
            failure = error
        if isinstance(failure, StopIteration):
            # A future cannot hold one.
            failure = RuntimeError(f"{function!r} raised StopIteration")
        try:
            loop.call_soon_threadsafe(finish, result, failure)
        except RuntimeError:
            # The loop is closed: nothing waits any more.
            return

    _threads.run(run)
    return await done


class _Threads:
    """Daemon threads that wait a while for further work before they end."""

    def __init__(self) -> None:
        self.lock = new_lock()
        self.idle: list[queue.SimpleQueue[Callable[[], None]]] = []

    def run(self, work: Callable[[], None]) -> None:
        with self.lock:
            inbox = self.idle.pop() if self.idle else None
        if inbox is None:
            inbox = queue.SimpleQueue()
            threading.Thread(target=self._serve, args=(inbox,), name="dspyc-call", daemon=True).start()
        inbox.put(work)

    def _serve(self, inbox: queue.SimpleQueue[Callable[[], None]]) -> None:
        while True:
            try:
                work = inbox.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                with self.lock:
                    if inbox in self.idle:
                        self.idle.remove(inbox)
                        return
                # It was taken at this very moment, and its work is on the way.
                work = inbox.get()
            work()
            del work
            with self.lock:
                self.idle.append(inbox)


_threads = _Threads()

if hasattr(os, "register_at_fork"):
    # The threads are the parent's.
    os.register_at_fork(after_in_child=lambda: _threads.idle.clear())
