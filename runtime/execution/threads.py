"""Threads for synchronous functions that are called from an event loop.

They are daemons, unlike asyncio's own: a function that blocks keeps neither Ctrl-C waiting nor the process
from ending. A function that comes back to an event loop and calls further ones gets threads of a deeper
level, so that those above never wait for themselves.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from typing import Any, TypeVar

from . import exits

T = TypeVar("T")

MOST_THREADS = 64
"""How many functions run at once on each level; they mostly wait."""

_IDLE_SECONDS = 10.0
_level: ContextVar[int] = ContextVar("dspyc_thread_level", default=0)


async def run_in_thread(function: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
    """Call a function in a thread and wait for it; it sees the settings and the trace of here.

    When the waiting is cancelled, the function goes on, and what comes of it is forgotten.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[tuple[T | None, BaseException | None]] = loop.create_future()
    context, level = copy_context(), _level.get()
    context.run(_level.set, level + 1)

    def deliver(outcome: tuple[T | None, BaseException | None]) -> None:
        if not done.done():
            done.set_result(outcome)

    def work() -> None:
        outcome: tuple[T | None, BaseException | None]
        try:
            outcome = (context.run(exits.call, function, *args, **kwargs), None)
        except BaseException as error:  # noqa: BLE001 whatever it is, the caller gets it
            outcome = (None, error)
        try:
            loop.call_soon_threadsafe(deliver, outcome)
        except RuntimeError:
            return  # the loop was closed meanwhile; nobody waits any more

    _pool(level).submit(work)
    result, error = await done
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # without an error there is one


class _Pool:
    """Daemon threads that are made when there is work and end when there is none for a while."""

    def __init__(self, level: int) -> None:
        self._level = level
        self._ready = threading.Condition()
        self._waiting: deque[Callable[[], None]] = deque()
        self._threads = 0
        self._idle = 0

    def submit(self, work: Callable[[], None]) -> None:
        """Do a piece of work, now or as soon as a thread is free."""
        with self._ready:
            self._waiting.append(work)
            if self._idle >= len(self._waiting) or self._threads >= MOST_THREADS:
                self._ready.notify()
                return
            self._threads += 1
            number = self._threads
        name = f"dspyc-call-{self._level}-{number}"
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        while (work := self._next()) is not None:
            work()
            del work  # an idle thread holds on to nothing

    def _next(self) -> Callable[[], None] | None:
        with self._ready:
            if not self._waiting:
                self._idle += 1
                self._ready.wait(_IDLE_SECONDS)
                self._idle -= 1
            if self._waiting:
                return self._waiting.popleft()
            self._threads -= 1
            return None


_pools: dict[int, _Pool] = {}


def _pool(level: int) -> _Pool:
    return _pools.get(level) or _pools.setdefault(level, _Pool(level))


def _forget_threads() -> None:
    """A forked child has none of its parent's threads, and must not wait for their locks."""
    _pools.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)
