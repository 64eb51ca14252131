"""Doing one thing to many items at once, in threads, losing nothing to errors."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextvars import Context, ContextVar, copy_context
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from ...base.forks import new_lock
from ...base.frozen import frozen_record
from . import drive

logger = logging.getLogger("dspyc")

started_again: ContextVar[bool] = ContextVar("dspyc_started_again", default=False)
"""Whether an item is being done a second time here, so that waiting for what the first does would be in vain.
"""

Item = TypeVar("Item")
Result = TypeVar("Result")


@frozen_record
class Outcome(Generic[Result]):
    """What became of one item: its result, or the error that it ended with."""

    result: Result | None
    error: Exception | None

    def get(self) -> Result:
        """The result; raises the error where there is one."""
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]


@frozen_record
class Stragglers:
    """Which items are begun a second time, because they may hang; the first outcome counts.

    Attributes:
        timeout: for how many seconds an item has been running by then.
        limit: how many items are still unfinished at most.
    """

    timeout: float
    limit: int


def run_all(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    num_threads: int,
    on_done: Callable[[int, Outcome[Result]], None] | None = None,
    stop: Callable[[], bool] | None = None,
    stragglers: Stragglers | None = None,
) -> list[Outcome[Result] | None]:
    """Call a function on each item, several at a time, and give the outcomes in the order of the items.

    Each call sees the settings that hold here. Ctrl-C stops at once and is raised.

    Args:
        function: what to do.
        items: what to do it to.
        num_threads: how many at a time; with one, all runs in this thread.
        on_done: told of each outcome as it comes, one call at a time.
        stop: asked after each outcome whether to begin no further item.
        stragglers: which of the last items to begin a second time.

    Returns:
        the outcomes; None for items that were not begun.
    """
    work = _Work(function, items, on_done, stop, stragglers)
    workers = min(num_threads, len(items))
    if workers <= 1:
        work.run()
    else:
        work.run_in_threads(workers)
    if work.fatal is not None:
        raise work.fatal
    return work.outcomes


class _Work(Generic[Item, Result]):
    """The items that the workers share."""

    def __init__(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        on_done: Callable[[int, Outcome[Result]], None] | None,
        stop: Callable[[], bool] | None,
        stragglers: Stragglers | None,
    ) -> None:
        self.outcomes: list[Outcome[Result] | None] = [None] * len(items)
        self.stopped = False
        self.abandoned = False
        self.fatal: BaseException | None = None
        self._function = function
        self._items = items
        self._on_done = on_done
        self._stop = stop
        self._stragglers = stragglers
        self._left = len(items)
        self._began: dict[int, float] = {}
        self._next = iter(range(len(items)))
        self._lock = new_lock()
        self._finished = threading.Event()
        self._unfinished = 0
        self._context: Context = copy_context()
        self._calls = self._context.run(drive.calls_of_here)
        # For the watcher, which is called by one thread at a time.
        self._watching: Context = copy_context()

    def run_in_threads(self, count: int) -> None:
        """Work in several threads and wait until all is done, or until the work is ended by an exit."""
        # Daemons, so that a call that hangs cannot keep the process from ending.
        self._unfinished = count
        try:
            for _ in range(count):
                _workers.start(self._run_one)
            self._wait()
        except BaseException:
            self.abandoned = True
            self._end()
            raise

    def _wait(self) -> None:
        """Wait for the end, and begin the last items again that take too long."""
        if self._stragglers is None or self._stragglers.timeout <= 0 or self._stragglers.limit <= 0:
            self._finished.wait()
            return
        again: set[int] = set()
        while not self._finished.wait(min(self._stragglers.timeout / 4, _LONGEST_LOOK)):
            for index in self._straggling(self._stragglers):
                if index not in again:
                    again.add(index)
                    logger.warning(
                        "item %d has been running for %g s; it is started once more",
                        index, self._stragglers.timeout,
                    )  # fmt: skip
                    threading.Thread(target=self._take, args=(index, True), daemon=True).start()
        if again:
            # What was begun twice may still wait for an answer that nobody needs any more.
            self._end()

    def _straggling(self, stragglers: Stragglers) -> list[int]:
        latest = time.monotonic() - stragglers.timeout
        with self._lock:
            if self.stopped or self._left > stragglers.limit:
                return []
            return [
                index
                for index, began in self._began.items()
                if self.outcomes[index] is None and began <= latest
            ]

    def _run_one(self) -> None:
        self.run()
        with self._lock:
            self._unfinished -= 1
            if not self._unfinished:
                self._finished.set()

    def _end(self) -> None:
        """Begin no further item, and cancel the calls that are on the event loop."""
        self.stopped = True
        for cancel in list(self._calls):
            cancel()

    def run(self) -> None:
        """Take items until there are none, or until the work is stopped."""
        while not self.stopped:
            with self._lock:
                index = next(self._next, None)
            if index is None or not self._take(index):
                return

    def _take(self, index: int, again: bool = False) -> bool:
        """Do one item; says whether to go on."""
        context = self._context.copy()
        if again:
            context.run(started_again.set, True)
        if self._stragglers is not None:
            self._began.setdefault(index, time.monotonic())
        try:
            self._finish(index, context.run(self._attempt, self._items[index]))
        except BaseException as error:  # noqa: BLE001  an interrupt, or a fault of the watcher: it ends the work
            self.fatal = error
            self.abandoned = True
            self._end()
            self._finished.set()
            return False
        return True

    def _attempt(self, item: Item) -> Outcome[Result]:
        try:
            return Outcome(self._function(item), None)
        except Exception as error:  # noqa: BLE001  the item's failure is a value; the caller decides
            return Outcome(None, error)

    def _finish(self, index: int, outcome: Outcome[Result]) -> None:
        with self._lock:
            if self.abandoned or self.outcomes[index] is not None:
                # The caller no longer waits for it, and the process may be ending; or the item was begun
                # twice, and this is the later outcome.
                return
            self.outcomes[index] = outcome
            self._left -= 1
            if self._on_done is not None:
                self._watching.run(self._on_done, index, outcome)
            if self._stop is not None and self._stop():
                self.stopped = True
            if not self._left:
                self._finished.set()


class _Workers:
    """Threads that wait a while for more work: an optimizer does a few items at a time, thousands of times,
    and a thread takes as long to begin as a call of the library.
    """

    def __init__(self) -> None:
        self._lock = new_lock()
        self._idle: list[SimpleQueue[Callable[[], None]]] = []

    def start(self, work: Callable[[], None]) -> None:
        """Let a thread do this; it must not raise."""
        with self._lock:
            tasks = self._idle.pop() if self._idle else None
        if tasks is None:
            tasks = SimpleQueue()
            threading.Thread(target=self._serve, args=(tasks,), name="dspyc-worker", daemon=True).start()
        tasks.put(work)

    def forget(self) -> None:
        """Take it that no thread waits, as in a forked process."""
        self._idle.clear()

    def _serve(self, tasks: SimpleQueue[Callable[[], None]]) -> None:
        while True:
            try:
                work = tasks.get(timeout=_IDLE_SECONDS)
            except Empty:
                with self._lock:
                    if tasks in self._idle:
                        self._idle.remove(tasks)
                        return
                # Somebody has just chosen this thread.
                work = tasks.get()
            work()
            # Or what was done would be kept until the next work comes.
            del work
            with self._lock:
                self._idle.append(tasks)


_workers = _Workers()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_workers.forget)
_IDLE_SECONDS = 5.0
"""How long a thread waits for more work."""
_LONGEST_LOOK = 1.0
"""Seconds between two looks at what takes too long."""
