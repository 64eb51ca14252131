"""Runs of a program on examples, with each call traced back to the predictor that made it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from ..errors import OptimizerError
from ..evaluate.scores import as_number, judge
from ..example import Example
from ..execution import trace as tracing
from ..execution.pool import Outcome, run_all
from ..execution.progress import report
from ..execution.settings import lookup
from ..interface import Metric
from ..modules.base import Module
from ..modules.tree import settings_around
from ..prediction import Prediction
from ..signature.inputs import typed_example

logger = logging.getLogger("dspyc")

_MARK = "_predictor_name"


class TraceData(TypedDict):
    """What `bootstrap_trace_data` gives for an example.

    Attributes:
        example_ind: the example's number in the dataset.
        example: the example.
        prediction: what the program predicted.
        trace: the steps: predictor, inputs, prediction.
        score: what the metric returned; None without one.
    """

    example_ind: int
    example: Example
    prediction: Any
    trace: list[tuple[Any, dict[str, Any], Prediction]]
    score: Any


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a predictor: the predictor's name in the program, and what went in and came out."""

    predictor: str
    inputs: dict[str, Any]
    outputs: Prediction


def marked_copy(program: Module) -> Module:
    """A copy of a program whose predictors know their names.

    A module that runs copies of its parts (`Refine`, `BestOfN`) leaves those copies in the trace; the name
    goes with them, an identity would not.
    """
    twin = program.deepcopy()
    for name, predictor in twin.named_predictors():
        setattr(predictor, _MARK, name)
    return twin


def run_traced(program: Module, example: Example) -> tuple[Any, list[tuple[Any, dict[str, Any], Prediction]]]:
    """Run a program on an example's inputs; the prediction, and the steps in the order of the text."""
    trace: tracing.Trace = []
    token = tracing.start(trace)
    try:
        prediction = program(**example.inputs())
    finally:
        tracing.stop(token)
    return prediction, tracing.flatten(trace)


def calls_of(trace: Sequence[tuple[Any, dict[str, Any], Prediction]]) -> list[Call]:
    """The steps of a trace that a marked program's own predictors made."""
    named = ((getattr(predictor, _MARK, None), inputs, outputs) for predictor, inputs, outputs in trace)
    return [Call(name, inputs, outputs) for name, inputs, outputs in named if name is not None]


def models_of(program: Module) -> dict[str, Any]:
    """The language model that each predictor of a program uses here, or None, by the predictor's name."""
    around = settings_around(program)
    return {
        name: predictor.lm or around[id(predictor)].get("lm") or lookup("lm", predictor._defaults)
        for name, predictor in program.named_predictors()
    }


def bootstrap_trace_data(
    program: Module,
    dataset: Sequence[Example],
    metric: Metric | None = None,
    num_threads: int | None = None,
    raise_on_error: bool = True,
) -> list[TraceData]:
    """Run a program on every example and keep the traces.

    Args:
        program: the program; it stays as it is.
        dataset: the examples, with their inputs marked.
        metric: scores each prediction; a metric that names `trace` gets it.
        num_threads: how many examples at a time; `settings.num_threads` unless given.
        raise_on_error: raise when every single example failed.

    Returns:
        one entry for each example that the program and the metric managed, in their order.

    Raises:
        OptimizerError: all examples failed; the first failure is its cause.
    """
    examples = list(dataset)
    marked = marked_copy(program)
    threads = num_threads or lookup("num_threads", program._defaults)
    passed = failed = done = 0

    def attempt(numbered: tuple[int, Example]) -> TraceData:
        index, row = numbered
        example = typed_example(marked.declared_signature(), row, index + 1)
        prediction, trace = run_traced(marked, example)
        score = None if metric is None else judge(metric, example, prediction, trace=trace)
        if metric is not None:
            as_number(metric, score)
        return TraceData(example_ind=index, example=row, prediction=prediction, trace=trace, score=score)

    def count(index: int, outcome: Outcome[TraceData]) -> None:
        nonlocal passed, failed, done
        done += 1
        if outcome.error is not None:
            failed += 1
            logger.warning("example %d gave no trace: %s", index, outcome.error)
        elif metric is None or outcome.get()["score"]:
            passed += 1
        errors = f", {failed} failed" if failed else ""
        report("bootstrap", done, len(examples), f"{passed} kept{errors}", 100 * passed / done)

    outcomes = run_all(attempt, list(enumerate(examples)), num_threads=threads, on_done=count)
    found = [outcome.get() for outcome in outcomes if outcome is not None and outcome.error is None]
    if examples and not found and raise_on_error:
        first = next(outcome for outcome in outcomes if outcome is not None)
        raise OptimizerError(
            f"the program failed on all {len(examples)} examples, first with: {first.error}"
        ) from first.error
    return found
