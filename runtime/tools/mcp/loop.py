"""The event loop that connections to MCP servers live on: one thread of its own, in which nothing else runs.

A connection belongs to the loop that opened it, and an agent may be called from many: from threads, from
`asyncio.run` again and again, from the background loop of synchronous calls.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from ....base.forks import new_lock
from ...execution import drive

T = TypeVar("T")


class _Loop:
    lock = new_lock()
    running: asyncio.AbstractEventLoop | None = None


def _loop() -> asyncio.AbstractEventLoop:
    with _Loop.lock:
        if _Loop.running is None:
            _Loop.running = loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="dspyc-mcp", daemon=True).start()
        return _Loop.running


async def there(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on that loop and wait for it here; cancelled here, it is cancelled there."""
    future = asyncio.run_coroutine_threadsafe(coroutine, _loop())
    if not drive.blocking.get():
        return await asyncio.wrap_future(future)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def wait_there(coroutine: Coroutine[Any, Any, T], timeout: float) -> T:
    """Run a coroutine on that loop and wait for it, outside of any coroutine.

    Raises:
        TimeoutError: it took longer than that many seconds.
    """
    return asyncio.run_coroutine_threadsafe(coroutine, _loop()).result(timeout)


def start_there(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine on that loop, and do not wait for it."""
    asyncio.run_coroutine_threadsafe(coroutine, _loop())


def _forget() -> None:
    _Loop.running = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
