"""`Unbatchify`: single calls, collected into batches for a function that is quicker with many."""

from __future__ import annotations

import queue
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Generic, Self, TypeAlias, TypeVar

from ...base.forks import new_lock

Item = TypeVar("Item")
Result = TypeVar("Result")

_Waiting: TypeAlias = "queue.SimpleQueue[tuple[Any, Future[Any]] | None]"


class Unbatchify(Generic[Item, Result]):
    """Calls a function of many inputs for callers that have one each, from any number of threads.

    embed = Unbatchify(embedder, max_batch_size=64, max_wait_time=0.01)
    vector = embed("one text")
    """

    def __init__(
        self,
        batch_fn: Callable[[list[Item]], Any],
        max_batch_size: int = 32,
        max_wait_time: float = 0.1,
    ) -> None:
        """Make one; its thread starts with the first call.

        Args:
            batch_fn: takes a list of inputs and returns the list of their results.
            max_batch_size: how many inputs it gets at most.
            max_wait_time: seconds that the first input of a batch waits for others.
        """
        self.batch_fn = batch_fn
        self.max_batch_size = max_batch_size
        self.max_wait_time = max_wait_time
        self._lock = new_lock()
        self._queue: _Waiting | None = None
        self._closed = False

    def __call__(self, input_item: Item) -> Result:
        """The result for one input.

        Raises:
            RuntimeError: it was closed.
            Exception: what the function raised for the batch.
        """
        return self.submit(input_item).result()

    async def acall(self, input_item: Item) -> Result:
        """The result for one input, from asynchronous code."""
        import asyncio

        return await asyncio.wrap_future(self.submit(input_item))

    def submit(self, input_item: Item) -> Future[Result]:
        """Hand in one input; the future gets its result."""
        future: Future[Result] = Future()
        with self._lock:
            self._opened().put((input_item, future))
        return future

    @property
    def input_queue(self) -> _Waiting:
        """What waits for a batch: put `(input, future)` there to hand in an input with a future of your own.

        Raises:
            RuntimeError: it was closed.
        """
        with self._lock:
            return self._opened()

    def _opened(self) -> _Waiting:
        if self._closed:
            raise RuntimeError("this Unbatchify is closed")
        if self._queue is None:
            self._queue = _start(self)
        return self._queue

    def close(self) -> None:
        """End the thread, after what was handed in is done."""
        with self._lock:
            self._closed = True
            if self._queue is not None:
                self._queue.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _start(owner: Unbatchify[Any, Any]) -> _Waiting:
    """A thread that serves a queue; it holds the owner's function only, and ends when the owner is gone."""
    waiting: _Waiting = queue.SimpleQueue()
    options = (owner.batch_fn, owner.max_batch_size, owner.max_wait_time)
    threading.Thread(target=_serve, args=(waiting, *options), name="dspyc-unbatchify", daemon=True).start()
    weakref.finalize(owner, waiting.put, None)
    return waiting


def _serve(waiting: _Waiting, function: Callable[[list[Any]], Any], most: int, wait: float) -> None:
    ended = False
    while not ended:
        batch: list[tuple[Any, Future[Any]]] = []
        until = 0.0
        while len(batch) < most:
            try:
                # The first is waited for as long as it takes.
                entry = waiting.get(timeout=max(until - time.monotonic(), 0) if batch else None)
            except queue.Empty:
                break
            if entry is None:
                ended = True
                break
            until = until or time.monotonic() + wait
            if entry[1].set_running_or_notify_cancel():
                batch.append(entry)
        if batch:
            _answer(function, batch)


def _answer(function: Callable[[list[Any]], Any], batch: list[tuple[Any, Future[Any]]]) -> None:
    try:
        results = list(function([item for item, _ in batch]))
        if len(results) != len(batch):
            raise ValueError(f"the function returned {len(results)} results for {len(batch)} inputs")
    except Exception as error:  # noqa: BLE001  each caller of the batch gets it
        for _, future in batch:
            future.set_exception(error)
        return
    for (_, future), result in zip(batch, results, strict=True):
        future.set_result(result)
