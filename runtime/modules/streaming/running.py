"""A call of a program that gives what comes of it while it runs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from ...execution import streams
from ...execution.settings import context, lookup
from .listening import Sink
from .pieces import Piece
from .status import Status, StatusMessageProvider

_END = object()


class SendStream:
    """`settings.send_stream` of a program that is streamed: it takes pieces of the program's own.

    Args:
        put: takes a piece, from any thread.
    """

    def __init__(self, put: Callable[[Piece], None]) -> None:
        self.send_nowait = put

    async def send(self, item: Any) -> None:
        """Give a piece, from asynchronous code."""
        self.send_nowait(item)


def sync_send_to_stream(stream: Any, message: Any) -> None:
    """Give a piece to `settings.send_stream`, from synchronous code."""
    stream.send_nowait(message)


async def stream(
    call: Callable[[], Awaitable[Any]],
    sink_of: Callable[[Callable[[Piece], None]], Sink],
    provider: StatusMessageProvider | None,
) -> AsyncGenerator[Piece, None]:
    """What a call gives while it runs, and at last what it returns.

    A consumer that stops early cancels the call.

    Args:
        call: runs the program.
        sink_of: makes the sink, given what takes the pieces.
        provider: says what the program is doing; None for no messages.
    """
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[Any] = asyncio.Queue()
    own_thread = threading.get_ident()

    def put(piece: Piece) -> None:
        if threading.get_ident() == own_thread:  # to wake the loop from another thread costs a system call
            loop.call_soon(pieces.put_nowait, piece)
        else:
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

    async def work() -> Any:
        callbacks = list(lookup("callbacks") or ())
        if provider is not None:
            callbacks.append(Status(provider, put))
        with streams.streaming_to(sink_of(put)), context(callbacks=callbacks, send_stream=SendStream(put)):
            return await call()

    task = loop.create_task(work())
    task.add_done_callback(lambda _: loop.call_soon(pieces.put_nowait, _END))
    try:
        while (piece := await pieces.get()) is not _END:
            yield piece
        yield task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
