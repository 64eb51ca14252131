"""`Module.batch`: one module on many inputs at the same time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from ..errors import BatchError, InputError
from ..example import Example
from .loading import refuse_while_loading
from .pool import Outcome, Stragglers, run_all
from .settings import context, lookup

logger = logging.getLogger("dspyc")


class Callee(Protocol):
    """What a batch asks of a module."""

    _defaults: Mapping[str, Any] | None

    def __call__(self, /, *args: Any, **inputs: Any) -> Any:
        """Run it."""
        ...


class BatchOptions(NamedTuple):
    """How a batch runs; `Module.batch` and `Parallel` say what each is."""

    num_threads: int | None = None
    max_errors: int | None = None
    return_failed_examples: bool = False
    provide_traceback: bool | None = None
    timeout: float = 120
    straggler_limit: int = 3


def run_batch(module: Callee, examples: Sequence[Any], options: BatchOptions) -> Any:
    """What `Module.batch` does: the results; with `return_failed_examples` also the examples that failed, and
    their errors.
    """

    def call(example: Any) -> Any:
        return module(**(dict(example.inputs()) if isinstance(example, Example) else example))

    return run_each(call, examples, examples, options, module._defaults)


def run_each(
    call: Callable[[Any], Any],
    items: Sequence[Any],
    examples: Sequence[Any],
    options: BatchOptions,
    defaults: Mapping[str, Any] | None = None,
) -> Any:
    """Call a function on each item; see `run_batch`.

    Args:
        call: the function.
        items: what it is called with.
        examples: what to return of an item that failed.
        options: how to run.
        defaults: those of the file whose module it is.
    """
    refuse_while_loading("a batch is run")
    num_threads, max_errors, return_failed_examples, provide_traceback, timeout, limit = options
    threads = lookup("num_threads", defaults) if num_threads is None else num_threads
    allowed = lookup("max_errors", defaults) if max_errors is None else max_errors
    traceback = lookup("provide_traceback") if provide_traceback is None else provide_traceback
    errors: dict[int, Exception] = {}

    def run(numbered: tuple[int, Any]) -> Any:
        number, item = numbered
        try:
            return call(item)
        except InputError as error:
            error.row = error.row or number
            raise

    def note(index: int, outcome: Outcome[Any]) -> None:
        if outcome.error is not None:
            errors[index] = outcome.error
            logger.error(
                "example %d failed: %s", index, outcome.error, exc_info=outcome.error if traceback else None
            )

    outcomes = run_all(
        run if lookup("usage_tracker") is None else _counting_alone(run),
        list(enumerate(items, 1)),
        num_threads=threads,
        on_done=note,
        stop=lambda: len(errors) > allowed,
        stragglers=Stragglers(timeout, limit),
    )
    if len(errors) > allowed:
        first = errors[min(errors)]
        raise BatchError(
            f"{len(errors)} of {len(examples)} examples failed; the batch was stopped"
        ) from first
    results = [None if outcome is None else outcome.result for outcome in outcomes]
    if not return_failed_examples:
        return results
    order = sorted(errors)
    return results, [examples[index] for index in order], [errors[index] for index in order]


def _counting_alone(run: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same with a copy of `settings.usage_tracker` for each item, so that it sees its own tokens."""

    def run_alone(item: Any) -> Any:
        from copy import deepcopy

        with context(usage_tracker=deepcopy(lookup("usage_tracker"))):
            return run(item)

    return run_alone
