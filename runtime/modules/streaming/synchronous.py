"""A stream for synchronous code."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import AsyncGenerator, Generator
from contextvars import copy_context
from typing import Any

from ...execution import drive


def apply_sync_streaming(pieces: AsyncGenerator[Any, None]) -> Generator[Any, None, None]:
    """The pieces of an asynchronous stream, for synchronous code: its event loop runs in another thread."""
    arrived: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    started: queue.SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = queue.SimpleQueue()

    async def consume() -> None:
        task = asyncio.current_task()
        assert task is not None
        started.put((asyncio.get_running_loop(), task))
        try:
            async for piece in pieces:
                arrived.put(("piece", piece))
            arrived.put(("end", None))
        except BaseException as error:  # noqa: BLE001 whatever it is, the consumer gets it
            await pieces.aclose()
            arrived.put(("error", error))

    inside = copy_context()
    inside.run(drive.blocking.set, False)
    threading.Thread(
        target=inside.run, args=(asyncio.run, consume()), name="dspyc-stream", daemon=True
    ).start()
    loop, task = started.get()
    try:
        while True:
            kind, value = arrived.get()
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value
    finally:
        if not task.done():
            with contextlib.suppress(RuntimeError):  # it has just ended, and closed its loop
                loop.call_soon_threadsafe(task.cancel)
