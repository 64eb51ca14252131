"""`bootstrap_trace_data`: a program run on every example of a dataset, with the traces."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from ..errors import AdapterParseError, LMError
from ..example import Example
from ..execution.callbacks import Report, listening
from ..execution.progress import report
from ..execution.settings import lookup
from ..interface import Metric
from ..modules.base import Module
from ..work.task import Outcome
from .rollouts import Acceptance, Rollout, Step, marked_copy, report_failures, roll_out

logger = logging.getLogger("dspyc")


@dataclass
class FailedPrediction:
    """What stands for the prediction of a run that failed.

    Attributes:
        completion_text: the answer that could not be read, or the error in words.
        format_reward: the score of the run: better, the more of the outputs could be read; None after an
            error of another kind.
    """

    completion_text: str
    format_reward: float | None = None


class TraceData(TypedDict, total=False):
    """What `bootstrap_trace_data` gives for an example.

    Attributes:
        example_ind: the example's number in the dataset.
        example: the example.
        prediction: what the program predicted, or a `FailedPrediction`.
        trace: the steps: predictor, inputs, prediction.
        score: what the metric returned; None without one.
    """

    example_ind: int
    example: Example
    prediction: Any
    trace: list[Step]
    score: Any


@dataclass(frozen=True, slots=True)
class _Capture:
    """Which failures are kept, and what they score."""

    parses: bool
    crashes: bool
    score: float
    format_score: float
    is_logged: bool

    def kept(self, program: Module, example: Example, rollout: Rollout) -> Rollout | None:
        """A failed run as one with a `FailedPrediction`; None for one that is left out."""
        error = rollout.error
        steps: list[Any] = list(rollout.failed)
        if isinstance(error, AdapterParseError) and self.parses:
            if self.is_logged:
                logger.warning("an answer could not be read: %s", error)
            failed = FailedPrediction(error.lm_response or "", self._reward(error))
            predictor = next(
                (each for each in program.predictors() if each.signature == error.signature), None
            )
            if predictor is not None:
                steps.append((predictor, example.call_inputs(), failed))
            return Rollout(failed, steps, failed.format_reward)
        if error is None or isinstance(error, (LMError, AdapterParseError)) or not self.crashes:
            return None
        logger.warning("a run failed and is kept: %s: %s", type(error).__name__, error)
        return Rollout(FailedPrediction(f"{type(error).__name__}: {error}"), steps, self.format_score)

    def _reward(self, error: AdapterParseError) -> float:
        outputs = error.signature.output_fields
        share = len(error.parsed_result or ()) / len(outputs) if outputs else 0.0
        return self.format_score + (self.score - self.format_score) * share


def bootstrap_trace_data(
    program: Module,
    dataset: Sequence[Example],
    metric: Metric | None = None,
    num_threads: int | None = None,
    raise_on_error: bool = True,
    capture_failed_parses: bool = False,
    failure_score: float = 0,
    format_failure_score: float = -1,
    log_format_failures: bool = False,
    callback_metadata: Mapping[str, Any] | None = None,
    capture_crashes: bool = False,
) -> list[TraceData]:
    """Run a program on every example and keep the traces.

    Args:
        program: the program; it is not changed.
        dataset: the examples, with their inputs marked.
        metric: scores each prediction; a metric that names `trace` gets it.
        num_threads: how many examples to run at a time; `settings.num_threads` unless given.
        raise_on_error: raise when every single example failed.
        capture_failed_parses: keep runs that end with an answer that cannot be read, with a
            `FailedPrediction`, which is the last step of the trace, too.
        failure_score: what such a run scores if all of its outputs could be read but not used.
        format_failure_score: what it scores if none could be read; shares lie between.
        log_format_failures: log each answer that cannot be read.
        callback_metadata: what callbacks are told of the run (`on_evaluate_start`).
        capture_crashes: keep runs that end with an error of the program, too. Errors of models never count
            as a program's.

    Returns:
        one entry for each example that did not fail, or whose failure is kept, in their order.

    Raises:
        OptimizerError: all examples failed, and no failure is kept; the first failure is its cause.
    """
    examples = list(dataset)
    runs = _Capture(
        capture_failed_parses, capture_crashes, failure_score, format_failure_score, log_format_failures
    )
    callbacks = listening(None)
    if not callbacks:
        return _run(program, examples, metric, num_threads, raise_on_error, runs)
    told = {"dataset": examples, "metric": metric, "callback_metadata": callback_metadata}
    with Report(callbacks, "evaluate", program, told) as reported:
        reported.outputs = found = _run(program, examples, metric, num_threads, raise_on_error, runs)
        return found


def _run(
    program: Module,
    examples: Sequence[Example],
    metric: Metric | None,
    num_threads: int | None,
    raise_on_error: bool,
    capture: _Capture,
) -> list[TraceData]:
    threads = num_threads or lookup("num_threads", program._defaults)
    passed = failed = done = 0

    def count(index: int, outcome: Outcome[Rollout]) -> None:
        nonlocal passed, failed, done
        done += 1
        if outcome.error is not None:
            failed += 1
            logger.warning("example %d gave no trace: %s", index, outcome.error)
        else:
            passed += outcome.get().accepted
        errors = f", {failed} failed" if failed else ""
        report("bootstrap", done, len(examples), f"{passed} kept{errors}", 100 * passed / done)

    marked = marked_copy(program)
    rollouts = roll_out(marked, examples, range(len(examples)), Acceptance(metric), threads, count)
    kept: list[Rollout | None] = [
        one if one is None or one.error is None else capture.kept(marked, example, one)
        for example, one in zip(examples, rollouts, strict=True)
    ]
    if raise_on_error and not any(isinstance(one.prediction, FailedPrediction) for one in kept if one):
        report_failures("the program", rollouts)
    return [
        TraceData(
            example_ind=index,
            example=examples[index],
            prediction=one.prediction,
            trace=list(one.trace),
            score=one.score,
        )
        for index, one in enumerate(kept)
        if one is not None
    ]
