"""Answers of llama.cpp in pieces, as it writes them: for streams, and for calls whose time is limited.

llama.cpp tells a function of each piece, which says whether to stop; it does not tell of a prompt that it is
still reading, so whoever waits does so beside it.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, Self, TypeAlias, TypeVar

from ....base.frozen import replaced
from ...errors import LMTimeoutError
from ...execution.threads import run_in_thread
from ..request import Response
from ..stream import Collector, Delta
from .at_work import unless_ending
from .chunks import read_chunk

T = TypeVar("T")

Hear: TypeAlias = Callable[[Mapping[str, Any]], bool]
"""Gets a chunk of OpenAI's shape, and says whether to stop there."""
Ask: TypeAlias = Callable[[Mapping[str, Any], Hear], Any]
"""Asks llama.cpp with a body; returns when it has stopped."""
Write: TypeAlias = Callable[[Callable[[Delta], None], Callable[[], bool]], object]
"""Gives an answer's deltas to a function, until there are no more or another one says that it is over."""


@dataclass(frozen=True)
class Limit:
    """How long an answer may take: so many seconds, until a time as `time.monotonic` counts."""

    seconds: float
    until: float

    @classmethod
    def of(cls, seconds: float) -> Self:
        """The limit of what begins now."""
        return cls(seconds, time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """The seconds until then."""
        return max(0.0, self.until - time.monotonic())

    def error(self, model: str) -> LMTimeoutError:
        """The error where an answer does not come in time; it would not the next time either."""
        error = LMTimeoutError(f"`{model}` did not answer within {self.seconds:g} s", model=model)
        error.retryable = False
        return error


def write(
    ask: Ask,
    bodies: Sequence[Mapping[str, Any]],
    failure_of: Callable[[Mapping[str, Any]], Exception],
    model: str,
    tell: Callable[[Delta], None],
    is_over: Callable[[], bool],
) -> None:
    """Ask for several answers, one after the other, and tell of their pieces.

    Args:
        ask: asks llama.cpp.
        bodies: the requests; each is one answer.
        failure_of: the exception for what llama.cpp calls an error.
        model: the model's name.
        tell: gets the pieces; the last one has the usage of all, and the name of the first answer.
        is_over: whether nobody waits any more.

    Raises:
        Exception: what `failure_of` makes.
    """
    counts: list[Mapping[str, Any]] = []
    names: list[str] = []
    for index, body in enumerate(bodies):
        if is_over():
            return
        failures: list[BaseException] = []

        def hear(chunk: Mapping[str, Any], index: int = index, failures: list[Any] = failures) -> bool:
            # An exception would be lost in llama.cpp.
            try:
                if "error" in chunk:
                    failures.append(failure_of(chunk["error"]))
                    return True
                if not names and isinstance(name := chunk.get("id"), str):
                    names.append(name)
                for delta in _pieces(chunk, index, counts):
                    tell(delta)
            except BaseException as error:  # noqa: BLE001
                failures.append(error)
                return True
            return is_over()

        ask({**body, "stream": True, "stream_options": {"include_usage": True}}, hear)
        if failures:
            raise failures[0]
    if is_over():
        return
    prompt = counts[0].get("prompt_tokens", 0) if counts else 0
    written = sum(one.get("completion_tokens", 0) for one in counts)
    usage = {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}
    tell(Delta(usage=usage, cost=0.0, model=model, id=names[0] if names else None))


def _pieces(chunk: Mapping[str, Any], index: int, counts: list[Mapping[str, Any]]) -> Iterator[Delta]:
    """The deltas of a chunk under the number of their answer; its usage goes to `counts`."""
    for delta in read_chunk(chunk):
        if delta.usage:
            counts.append(delta.usage)
        else:
            yield replaced(delta, index=index) if index else delta


def within(limit: Limit, write: Write, model: str, end: Callable[[], None]) -> Response:
    """The whole answer, if it comes in time.

    Args:
        limit: how long to wait for it.
        write: writes the answer, in a thread of its own.
        model: the model's name.
        end: called when llama.cpp has stopped, which may be after the time is over, or has not begun.

    Raises:
        LMTimeoutError: it does not come in time; llama.cpp then stops at the next token.
        Exception: what `write` raises.
    """
    collector, over = Collector(), threading.Event()
    done: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    def work() -> None:
        failure: BaseException | None = None
        try:
            write(collector.add, unless_ending(over.is_set))
        except BaseException as error:  # noqa: BLE001 whatever it is, who waits gets it
            failure = error
        end()
        done.put(failure)

    thread = threading.Thread(target=copy_context().run, args=(work,), name="dspyc-answer", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # the system gives no thread any more
        end()
        raise
    try:
        error = done.get(timeout=limit.left)
    except queue.Empty:
        raise limit.error(model) from None
    finally:
        # Whoever goes away, by Ctrl-C for one, leaves nobody who waits for the rest.
        over.set()
    if error is not None:
        raise error
    return collector.response


async def streamed(
    limit: Limit | None, write: Write, model: str, end: Callable[[], None]
) -> AsyncGenerator[Delta, None]:
    """The pieces of an answer as they come.

    Args:
        limit: how long to wait for the last piece; None waits for ever.
        write: writes the answer, in a thread of its own.
        model: the model's name.
        end: called when llama.cpp has stopped, which may be after the stream has ended.

    Raises:
        LMTimeoutError: the last piece does not come in time.
        Exception: what `write` raises.
    """
    loop, over = asyncio.get_running_loop(), threading.Event()
    pieces: asyncio.Queue[Delta | None] = asyncio.Queue()

    def tell(delta: Delta) -> None:
        loop.call_soon_threadsafe(pieces.put_nowait, delta)

    def ended(done: asyncio.Future[Any]) -> None:
        end()
        pieces.put_nowait(None)
        if not done.cancelled():
            done.exception()

    work = asyncio.ensure_future(run_in_thread(write, tell, unless_ending(over.is_set)))
    work.add_done_callback(ended)
    try:
        while True:
            delta = await in_time(pieces.get(), limit, model)
            if delta is None:
                break
            yield delta
        await work
    finally:
        over.set()


async def in_time(waiting: Coroutine[Any, Any, T], limit: Limit | None, model: str) -> T:
    """What comes of waiting.

    Raises:
        LMTimeoutError: it does not come in time.
    """
    if limit is None:
        return await waiting
    try:
        return await asyncio.wait_for(waiting, limit.left)
    except TimeoutError:
        raise limit.error(model) from None
