"""`Parallel`: pairs of a module and its inputs, run at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from ..errors import InputError
from ..example import Example
from ..execution.batch import BatchOptions, run_each
from ..interface import Interface
from ..limits import Ge
from ..parameters import parameters
from .base import Module
from .function import as_module


@parameters
class Parallel(Module):
    """Runs pairs of a module and its inputs at the same time, and returns the results in their order.

        parallel = Parallel(num_threads=8)
        drafts = parallel([(summarize, article), (translate, {"text": "Bonjour", "into": "English"})])

    The inputs of a pair are an example with marked inputs, a dict, or a tuple of positional arguments; for
    another `Parallel`, a list of pairs. The result of a pair that failed is None.
    """

    interface: ClassVar[Interface | None] = None
    concurrent: ClassVar[bool] = False

    num_threads: Annotated[int, Ge(1)] | None = None
    """How many pairs to run at a time; `settings.num_threads` unless given."""
    max_errors: Annotated[int, Ge(0)] | None = None
    """Give up after this many failures; `settings.max_errors` unless given."""
    access_examples: bool = True
    """Call modules with the inputs of an example; without, with the example itself."""
    return_failed_examples: bool = False
    """Also return the examples that failed and their errors."""
    provide_traceback: bool | None = None
    """Log failures with their traceback; `settings.provide_traceback` unless given."""
    disable_progress_bar: bool = False
    """Accepted for compatibility with DSPy; no progress bar is drawn."""
    timeout: float = 120
    """Seconds after which one of the last pairs is started once more, because its call may hang; 0 for never.
    """
    straggler_limit: int = 3
    """How many pairs "the last" are."""

    def __post_init__(self) -> None:
        """Start without failures."""
        self.failed_examples: list[Any] = []
        self.exceptions: list[Exception] = []

    def _refuse_positional(self) -> None:
        """The pairs are given by position."""

    def forward(self, exec_pairs: Sequence[tuple[Any, Any]], num_threads: int | None = None) -> Any:
        """Run the pairs.

        Args:
            exec_pairs: pairs of a module, or a function, and its inputs.
            num_threads: how many to run at a time, instead of the parameter.

        Returns:
            the results; with `return_failed_examples` these, the examples that failed, and their errors.

        Raises:
            BatchError: more than `max_errors` failed; the first failure is its cause.
            InputError: the second of a pair is nothing that a module can be called with.
        """
        pairs = [(as_module(program), _arguments(program, given, self)) for program, given in exec_pairs]

        def call(pair: tuple[Any, tuple[tuple[Any, ...], dict[str, Any]]]) -> Any:
            module, (args, inputs) = pair
            return module(*args, **inputs)

        options = BatchOptions(
            num_threads or self.num_threads,
            self.max_errors,
            self.return_failed_examples,
            self.provide_traceback,
            self.timeout,
            self.straggler_limit,
        )
        found = run_each(call, pairs, [given for _, given in exec_pairs], options, self._defaults)
        if self.return_failed_examples:
            _, self.failed_examples, self.exceptions = found
        return found


def _arguments(program: Any, given: Any, parallel: Parallel) -> tuple[tuple[Any, ...], dict[str, Any]]:
    match given:
        case Example() if parallel.access_examples:
            return (), given.call_inputs()
        case Example():
            return (given,), {}
        case dict():
            return (), given
        case tuple():
            return given, {}
        case list() if isinstance(program, Parallel):
            return (given,), {}
    raise InputError(
        f"the inputs of a pair must be an Example, a dict or a tuple, not {type(given).__name__}; "
        "a list of pairs goes with a Parallel"
    )
