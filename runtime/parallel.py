"""Many calls at the same time, in threads that see the settings of here."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import DspycError
from .example import Example
from .settings import lookup

if TYPE_CHECKING:
    from .module import Module

Item = TypeVar("Item")
Result = TypeVar("Result")

logger = logging.getLogger("dspyc")


def in_threads(
    function: Callable[[Item], Result], items: Sequence[Item], num_threads: int
) -> Iterator[tuple[int, Result | None, Exception | None]]:
    """Call the function on every item, so many at once, and give results as they come: index, result, error.

    Each call runs in a copy of the context of here. Closing the iterator, or Ctrl-C, starts no further calls. One
    thread means this thread.
    """
    if num_threads <= 1 or len(items) <= 1:
        for index, item in enumerate(items):
            yield (index, *_outcome(function, item))
        return
    stopped = threading.Event()

    def call(item: Item) -> tuple[Result | None, Exception | None]:
        if stopped.is_set():
            return None, DspycError("not started: the batch was stopped")
        return _outcome(function, item)

    pool = ThreadPoolExecutor(min(num_threads, len(items)), thread_name_prefix="dspyc-batch")
    try:
        waiting: dict[Future[tuple[Result | None, Exception | None]], int] = {
            pool.submit(copy_context().run, call, item): index for index, item in enumerate(items)
        }
        while waiting:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=lambda future: waiting[future]):
                yield (waiting.pop(future), *future.result())
    finally:
        stopped.set()
        pool.shutdown(wait=False, cancel_futures=True)


def run_batch(
    module: Module,
    examples: Sequence[Any],
    num_threads: int | None,
    max_errors: int | None,
    return_failed_examples: bool,
    provide_traceback: bool | None,
) -> Any:
    """What `Module.batch` does."""
    threads = num_threads if num_threads is not None else lookup("num_threads", module._defaults)
    allowed = max_errors if max_errors is not None else lookup("max_errors", module._defaults)
    traceback = lookup("provide_traceback") if provide_traceback is None else provide_traceback

    def call(example: Any) -> Any:
        return module(**(dict(example.inputs()) if isinstance(example, Example) else example))

    results: list[Any] = [None] * len(examples)
    failures: dict[int, Exception] = {}
    for index, result, error in in_threads(call, examples, threads):
        results[index] = result
        if error is not None:
            failures[index] = error
            logger.error("example %d failed: %s", index, error, exc_info=error if traceback else None)
            if len(failures) > allowed:
                raise DspycError(f"{len(failures)} of {len(examples)} examples failed; the batch was stopped") from error
    if not return_failed_examples:
        return results
    good = [result for index, result in enumerate(results) if index not in failures]
    order = sorted(failures)
    return good, [examples[index] for index in order], [failures[index] for index in order]


def _outcome(function: Callable[[Item], Result], item: Item) -> tuple[Result | None, Exception | None]:
    try:
        return function(item), None
    except Exception as error:  # noqa: BLE001 one item's failure is a value here, the caller decides
        return None, error
