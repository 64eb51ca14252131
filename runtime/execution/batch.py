"""`Module.batch`: one module on many inputs at the same time."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ..errors import BatchError, InputError
from ..example import Example
from .loading import refuse_while_loading
from .pool import Outcome, run_all
from .settings import lookup

logger = logging.getLogger("dspyc")


class Callee(Protocol):
    """What a batch asks of a module."""

    _defaults: Mapping[str, Any] | None

    def __call__(self, /, *args: Any, **inputs: Any) -> Any:
        """Run it."""
        ...


def run_batch(
    module: Callee,
    examples: Sequence[Any],
    num_threads: int | None,
    max_errors: int | None,
    return_failed_examples: bool,
    provide_traceback: bool | None,
) -> Any:
    """What `Module.batch` does."""
    refuse_while_loading("a batch is run")
    threads = lookup("num_threads", module._defaults) if num_threads is None else num_threads
    allowed = lookup("max_errors", module._defaults) if max_errors is None else max_errors
    traceback = lookup("provide_traceback") if provide_traceback is None else provide_traceback
    errors: dict[int, Exception] = {}

    def call(numbered: tuple[int, Any]) -> Any:
        number, example = numbered
        try:
            return module(**(dict(example.inputs()) if isinstance(example, Example) else example))
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
        call,
        list(enumerate(examples, 1)),
        num_threads=threads,
        on_done=note,
        stop=lambda: len(errors) > allowed,
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
    good = [result for index, result in enumerate(results) if index not in errors]
    return good, [examples[index] for index in order], [errors[index] for index in order]
