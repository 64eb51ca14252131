"""Several programs measured at the same time, each on all rows or on some: what searches are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..errors import EvaluationError
from ..execution.callables import name_of
from ..execution.callbacks import Report, listening
from ..execution.settings import lookup
from ..modules.base import Module
from ..work.run import Job, perform_jobs
from ..work.task import Outcome
from .display import Standing
from .evaluate import Evaluate, _row_of, _Tally
from .measured import EvaluatedRow
from .result import EvaluationResult
from .rows import evaluate_row, row_codec

OnScore: TypeAlias = Callable[[int, int, float, float], None]
"""Called with how many rows are done, of how many, the mean score so far in percent, and the cost so far."""


@dataclass(frozen=True)
class Sample:
    """A program, and the rows of the devset to measure it on.

    Attributes:
        program: the program.
        rows: their numbers, from 0.
        stage: the name of its tasks in a journal.
        reference: the digest of the program.
    """

    program: Module
    rows: Sequence[int]
    stage: str
    reference: str


def evaluate_together(
    evaluate: Evaluate, samples: Sequence[Sample], on_score: OnScore | None = None
) -> list[EvaluationResult | EvaluationError]:
    """Measure several programs, the rows of all of them at the same time.

    Args:
        evaluate: the devset, the metric, and how many rows of all programs together at a time. Its tables and
            files are not made.
        samples: the programs.
        on_score: told of each row as it comes.

    Returns:
        the result of each program. Where too many of its rows failed, or the budget ended before they were
        done, the error that `evaluate` would raise, with the rows in its `result`.

    Raises:
        NotConfiguredError, LMConfigurationError, LMAuthError, LMUnknownModelError: the first of these raised
            by a row, because all others would raise it too.
    """
    if not samples:
        return []
    first = samples[0].program
    limits = [evaluate._most_errors(sample.program) for sample in samples]
    traceback = evaluate.provide_traceback
    if traceback is None:
        traceback = lookup("provide_traceback")
    tallies = [_Tally(_unheard, traceback) for _ in samples]
    done, points = 0, 0.0
    total = sum(len(sample.rows) for sample in samples)
    examples = list(evaluate.devset)

    def count(number: int, index: int, outcome: Outcome[EvaluatedRow]) -> None:
        nonlocal done, points
        tallies[number].add(index, outcome)
        done, points = done + 1, points + outcome.get().value
        if on_score is not None:
            on_score(done, total, 100 * points / done, sum(tally.cost for tally in tallies))

    jobs = [
        Job(
            each.program,
            each.rows,
            row_codec(each.program, examples, evaluate.failure_score),
            each.stage,
            reference=each.reference,
        )
        for each in samples
    ]
    with _told(evaluate, samples, examples) as reports:
        outcomes = perform_jobs(
            "evaluate",
            jobs,
            evaluate_row,
            {"examples": examples, "metric": evaluate.metric, "failure_score": evaluate.failure_score},
            num_threads=evaluate.num_threads or lookup("num_threads", first._defaults),
            on_outcome=count,
            stop=lambda: all(tally.errors >= limit for tally, limit in zip(tallies, limits, strict=True)),
        )
        results = [
            _result(evaluate, sample, found, limit)
            for sample, found, limit in zip(samples, outcomes, limits, strict=True)
        ]
        for report, result in zip(reports, results, strict=False):
            report.outputs = result if isinstance(result, EvaluationResult) else None
    return results


def _result(
    evaluate: Evaluate, sample: Sample, outcomes: Sequence[Outcome[EvaluatedRow] | None], limit: int
) -> EvaluationResult | EvaluationError:
    result = EvaluationResult(
        tuple(_row_of(outcome) for outcome in outcomes if outcome is not None),
        metric=name_of(evaluate.metric),
        program=name_of(sample.program),
        total=len(outcomes),
    )
    try:
        evaluate._verify(result, limit)
    except EvaluationError as error:
        return error
    return result


def _unheard(standing: Standing) -> None:
    """What a tally of one program tells, where all of them are told of together."""


@contextmanager
def _told(evaluate: Evaluate, samples: Sequence[Sample], examples: Sequence[Any]) -> Iterator[list[Report]]:
    """Tell callbacks of each program's evaluation; its result is to be put into its report."""
    callbacks = listening(evaluate.callbacks)
    if not callbacks:
        yield []
        return
    with ExitStack() as stack:
        reports = []
        for each in samples:
            kind = "eval_full" if len(each.rows) == len(examples) else "eval_minibatch"
            inputs = {
                "program": each.program,
                "metric": evaluate.metric,
                "devset": [examples[row] for row in each.rows],
                "callback_metadata": {"metric_key": kind},
            }
            reports.append(stack.enter_context(Report(callbacks, "evaluate", evaluate, inputs)))
        yield reports
