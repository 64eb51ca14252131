"""`Evaluate`: run a program over labelled examples and score it with a metric."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

from .. import dspy_paths
from ..errors import ConfigurationError, EvaluationError
from ..example import Example, listed_examples
from ..execution.callables import name_of
from ..execution.callbacks import BaseCallback, with_callbacks
from ..execution.loading import refuse_while_loading
from ..execution.progress import report, watched
from ..execution.replacing import in_place_of
from ..execution.settings import calling, lookup
from ..interface import Examples, Metric
from ..limits import Ge, Le
from ..modules.base import Module
from ..modules.function import as_module
from ..parameters import KW_ONLY, parameters
from ..work.identity import digest, running_digest, value_digest
from ..work.run import exhausted, journalled, perform, stage
from ..work.task import Outcome, Usage
from .calls import warn_of_equal_runs
from .display import OnRow, print_table, progress_line
from .labels import warn_of_odd_labels
from .measured import EvaluatedRow
from .result import EvaluationResult
from .rows import describe_error, describe_errors, evaluate_row, row_codec

logger = logging.getLogger("dspyc")


@parameters
class Evaluate:
    """Measures a program on labelled examples.

        evaluate = Evaluate(devset=dev, metric=answer_exact_match, num_threads=16)
        result = evaluate(program)
        result.score      # percent, two decimals
        result.results    # (example, prediction, score) for every example, in their order

    An example on which the program or the metric raises an error gets `failure_score` and keeps the error.
    After `max_errors` errors the evaluation stops with an `EvaluationError`, whose `result` holds the
    finished rows; it also stops if every example fails, because that is not a score.
    """

    __former__: ClassVar[Mapping[str, str]] = {
        "return_outputs": "the result has `results`, with the example, the prediction and the score of each",
        "return_all_scores": "the result has the score of each example, as the last item in `results`",
    }
    """What programs of DSPy 2 pass, and where that is now."""

    program: Module | Sequence[Module] | None = None
    """The program to measure; several are compared. Can be passed to the call instead."""
    _: KW_ONLY
    devset: Examples
    """The examples, with their inputs marked."""
    metric: Metric | None = None
    """How good a prediction is: a function of the example and the prediction."""
    num_threads: Annotated[int, Ge(1)] | None = None
    """How many examples to run at a time; `settings.num_threads` unless given."""
    display_progress: bool = False
    """Show a progress bar, if the error output is a terminal."""
    display_table: bool | int = False
    """Print the rows at the end, or this many of them."""
    max_errors: Annotated[int, Ge(1)] | None = None
    """The number of errors after which to stop; `settings.max_errors` unless given."""
    provide_traceback: bool | None = None
    """Log errors with their traceback; `settings.provide_traceback` unless given."""
    failure_score: float = 0.0
    """The score of an example that ended with an error."""
    save_as_csv: str | None = None
    """A file for the rows, as CSV."""
    save_as_json: str | None = None
    """A file for the rows, as JSON."""
    require: Annotated[float, Ge(0), Le(100)] | None = None
    """The score, in percent, that the program must reach: a gate for `dspyc eval`."""
    repeats: Annotated[int, Ge(1)] = 1
    """How often to run each example; from the second run on models answer anew. The score is the mean."""
    keep_calls: bool = False
    """Keep the prompts and answers behind each row, for the report."""
    save_as_html: str | None = None
    """A file for the report that a browser shows; it includes prompts and answers (`keep_calls`)."""
    journal: str | None = None
    """A file that keeps what is done until the evaluation ends: after a crash or a kill, the same call goes
    on from there, and asks no model again for what was answered."""

    _reported_as: ClassVar[str] = "evaluate"
    callbacks: ClassVar[Sequence[BaseCallback]] = ()
    """Called for each evaluation; the constructor accepts them."""
    _defaults: ClassVar[Mapping[str, Any] | None] = None
    """Those of the file that declares it, which each such evaluation has for itself."""

    @with_callbacks
    def __call__(
        self,
        program: Module | None = None,
        metric: Metric | None = None,
        devset: Examples | None = None,
        num_threads: int | None = None,
        display_progress: bool | None = None,
        display_table: bool | int | None = None,
        callback_metadata: Mapping[str, Any] | None = None,
        save_as_csv: str | None = None,
        save_as_json: str | None = None,
        save_as_html: str | None = None,
    ) -> EvaluationResult:
        """Measure one program: the one given here, or the evaluation's own.

        The other arguments replace the parameters of the same names; `callback_metadata` is for callbacks.

        Returns:
            the score and every row.

        Raises:
            ConfigurationError: no program, no metric, no examples, or examples whose inputs are not marked.
            EvaluationError: `max_errors` examples failed, or all of them, or the budget is used up.
            NotConfiguredError, LMConfigurationError, LMAuthError, LMUnknownModelError: the first of these
                raised by an example, because all others would raise it too.
            JournalError: the journal belongs to another run, or another process is using it.
        """
        refuse_while_loading("an evaluation is run")
        chosen = as_module(program) if program is not None else self._only_program()
        _verify_program(chosen)
        judged_by = metric if metric is not None else self.metric
        examples = listed_examples("devset", self.devset if devset is None else devset, ConfigurationError)
        if judged_by is None:
            raise ConfigurationError("the evaluation has no metric; write Evaluate(…, metric=…)")
        _verify_examples(examples)
        warn_of_odd_labels(chosen, examples)
        show = self.display_progress if display_progress is None else display_progress
        began = time.perf_counter()
        report_path = save_as_html or self.save_as_html
        keeps = self.keep_calls or bool(report_path)
        with calling(self._defaults), self._journalled(chosen, judged_by, examples):
            if self.repeats > 1:
                warn_of_equal_runs(chosen)
            rows = self._rows(chosen, judged_by, examples, num_threads, show, keeps)
        result = EvaluationResult(
            tuple(row for row in rows if row is not None),
            metric=name_of(judged_by),
            program=name_of(chosen),
            require=self.require,
            seconds=time.perf_counter() - began,
            total=len(rows),
        )
        self._verify(result, self._most_errors(chosen))
        table = self.display_table if display_table is None else display_table
        if table is not False:
            print_table(result, None if table is True else table)
        if path := save_as_csv or self.save_as_csv:
            result.save_csv(os.fspath(path))
        if path := save_as_json or self.save_as_json:
            result.save_json(os.fspath(path))
        if report_path:
            result.save_html(os.fspath(report_path))
        return result

    async def acall(self, *args: Any, **kwargs: Any) -> EvaluationResult:
        """Measure a program from asynchronous code: takes what a call takes, and leaves the event loop free.

        Cancelling it does not stop the rows that have begun.
        """
        from asyncio import to_thread

        return await to_thread(self, *args, **kwargs)

    def compare(self, num_threads: int | None = None) -> list[EvaluationResult]:
        """Measure every program of the evaluation, in order; with only one, the same as a call.

        Args:
            num_threads: how many examples to run at a time, instead of the parameter.

        Raises:
            ConfigurationError: there is no program.
            EvaluationError: `max_errors` examples failed.
        """
        results = []
        for number, program in enumerate(self.programs, 1):
            with stage(f"program {number}"):
                results.append(self(program, num_threads=num_threads))
        return results

    def run_facts(self) -> dict[str, str]:
        """What identifies this evaluation, as digests by name; see `Journal`."""
        return self._facts(self.programs, self.metric, self.devset)

    def _facts(self, programs: Iterable[Module], metric: Metric | None, devset: Examples) -> dict[str, str]:
        return {
            "program": digest([running_digest(program) for program in programs]),
            "data": value_digest(devset),
            "settings": value_digest([metric, self.failure_score, *self._others]),
            # It may judge, also where the programs have models of their own.
            "models": value_digest(in_place_of(lookup("lm", self._defaults))),
        }

    def _journalled(
        self, program: Module, metric: Metric, examples: list[Example]
    ) -> AbstractContextManager[object]:
        if self.journal is None:
            return nullcontext()
        return journalled(Path(self.journal), self._facts([program], metric, examples))

    @property
    def _others(self) -> list[Any]:
        """Parameters that a run depends on only where they are set."""
        return [self.repeats, self.keep_calls] if self.repeats > 1 or self.keep_calls else []

    @property
    def programs(self) -> list[Module]:
        """The programs that the evaluation was made with."""
        if self.program is None:
            return []
        given = self.program
        several = isinstance(given, Iterable) and not isinstance(given, Module)
        programs = [as_module(each) for each in (given if several else [given])]  # type: ignore[union-attr]
        for each in programs:
            _verify_program(each)
        return programs

    def _only_program(self) -> Module:
        programs = self.programs
        if len(programs) != 1:
            raise ConfigurationError(
                f"the evaluation has {len(programs)} programs: use compare() to measure them all"
                if programs
                else "there is no program to evaluate; write Evaluate(program, …) or evaluate(program)"
            )
        return programs[0]

    def _rows(
        self,
        program: Module,
        metric: Metric,
        examples: list[Example],
        num_threads: int | None,
        show: bool,
        keep_calls: bool,
    ) -> list[EvaluatedRow | None]:
        defaults = program._defaults
        threads = num_threads or self.num_threads or lookup("num_threads", defaults)
        max_errors = self._most_errors(program)
        traceback = self.provide_traceback
        if traceback is None:
            traceback = lookup("provide_traceback")
        registry = {
            "examples": examples,
            "metric": metric,
            "failure_score": self.failure_score,
            "keep_calls": keep_calls,
        }
        total = len(examples) * self.repeats

        def run(advance: OnRow) -> list[EvaluatedRow | None]:
            tally = _Tally(advance, traceback)
            outcomes = perform(
                "evaluate",
                program,
                range(len(examples)),
                evaluate_row,
                registry,
                codec=row_codec(program, examples, self.failure_score),
                num_threads=threads,
                on_outcome=tally.add,
                stop=lambda: tally.errors >= max_errors,
                repeats=self.repeats,
            )
            return [None if outcome is None else _row_of(outcome) for outcome in outcomes]

        if show and not watched():
            with progress_line(total) as advance:
                return run(advance)
        return run(lambda row: report("evaluate", row.done, total, row.detail, row.score, row.cost))

    def _most_errors(self, program: Module) -> int:
        return self.max_errors or int(lookup("max_errors", program._defaults))

    def _verify(self, result: EvaluationResult, max_errors: int) -> None:
        """Raise what is wrong with an evaluation that broke off, or of which too many rows failed.

        Rows that end together while threads reach the limit are judged as if they had run one after another.
        """
        errors = list(result.errors.values())
        done, failed = len(result.rows), len(errors)
        reached = sorted(result.errors)[max_errors - 1 : max_errors]
        is_broken_off = done < result.total or any(index < result.total - 1 for index in reached)
        if done < result.total and (limit := exhausted()) is not None:
            reason = (
                f"the evaluation stopped after {done} of {result.total} examples: "
                f"its budget of {limit} is used up"
            )
        elif is_broken_off and (failed < done or done < result.total):
            reason = (
                f"the evaluation was stopped: {failed} of {done} examples failed, the last with "
                f"{describe_error(errors[-1])}; raise `max_errors` to allow more failures"
            )
        elif failed == done:
            reason = f"all {done} examples failed, {describe_errors(errors)}"
        else:
            return
        broken = EvaluationError(reason)
        broken.result = result
        raise broken from (errors[-1] if errors else None)


class _Tally:
    """The running count of rows, points, errors and cost.

    Attributes:
        done: the rows that are done.
        errors: those of them that failed.
        cost: what they cost in US dollars, as far as it is known.
    """

    def __init__(self, advance: OnRow, traceback: bool) -> None:
        self.done = 0
        self.errors = 0
        self.cost = 0.0
        self._points = 0.0
        self._advance = advance
        self._traceback = traceback

    @property
    def score(self) -> float:
        """The mean score so far, in percent."""
        return 100 * self._points / self.done

    @property
    def detail(self) -> str:
        """How many rows failed, in words, if any."""
        return f"{self.errors} failed" if self.errors else ""

    def add(self, index: int, outcome: Outcome[EvaluatedRow]) -> None:
        """Count a row and say so."""
        row = _row_of(outcome)
        self.done += 1
        self.cost += 0.0 if row.usage is None else row.usage.cost
        if row.error is not None:
            self.errors += 1
            logger.warning(
                "an example of the evaluation failed: %s",
                describe_error(row.error),
                exc_info=row.error if self._traceback else None,
            )
        self._points += row.value
        self._advance(self)


def _row_of(outcome: Outcome[EvaluatedRow]) -> EvaluatedRow:
    row = outcome.get()
    if not outcome.replayed:
        # What comes from another machine has no time of its own.
        return row if row.seconds else replace(row, seconds=outcome.seconds, usage=_used(outcome))
    return replace(row, seconds=outcome.seconds, usage=_used(outcome))


def _used(outcome: Outcome[EvaluatedRow]) -> Usage | None:
    used = outcome.usage
    return used if used is not None and used.calls else None


def _verify_program(program: object) -> None:
    if isinstance(program, Module):
        return
    name = getattr(program, "__name__", None) if isinstance(program, type) else None
    constructed = f"{name}(…)" if name and issubclass(program, Module) else "Predict(…)"  # type: ignore[arg-type]
    raise ConfigurationError(
        f"an evaluation measures modules, not {f'the class `{name}`' if name else repr(program)[:80]}: "
        f"construct one, `{constructed}`"
    )


def _verify_examples(examples: list[Example]) -> None:
    if not examples:
        raise ConfigurationError("there are no examples to evaluate on: `devset` is empty")
    try:
        examples[0].inputs()
    except ValueError as error:
        raise ConfigurationError(
            "the examples of `devset` do not say which of their fields are inputs: "
            "use Dataset(…, inputs=[…]) or example.with_inputs(…)"
        ) from error


dspy_paths.extend(__name__)
