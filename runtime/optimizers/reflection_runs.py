"""Runs with their steps, scores and failures: what instructions are improved by looking at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import AdapterParseError
from ..evaluate.scores import as_number, feedback_of, judge
from ..example import Example
from ..execution import trace as tracing
from ..interface import Metric
from ..modules.base import Module
from ..prediction import Prediction
from ..signature.inputs import typed_example
from ..state.demos import typed_values
from ..values.rendering import to_json_types
from ..work.run import Job, perform_jobs
from ..work.task import Codec, Registry, Task
from .rollouts import Call, Step, calls_of, marked_copy


@dataclass(frozen=True, slots=True)
class Trajectory:
    """A run of a program on an example.

    Attributes:
        prediction: what was predicted; None where the run failed.
        trace: its steps, in the order of the text.
        score: what the metric says, as a number; the failure score where the run failed.
        feedback: the words that came with the score.
        error: what the run raised.
        unread: the answer of a model that could not be read, where that is why it failed.
        unread_by: the name of the predictor that could not read it.
    """

    prediction: Any
    trace: Sequence[Step]
    score: float
    feedback: str | None = None
    error: Exception | None = None
    unread: str | None = None
    unread_by: str | None = None

    @property
    def calls(self) -> list[Call]:
        """The steps that the program's own predictors made."""
        return calls_of(self.trace)


def run_trajectories(
    programs: Sequence[tuple[Module, Sequence[int], str]],
    examples: Sequence[Example],
    metric: Metric,
    failure_score: float,
    num_threads: int,
) -> list[list[Trajectory] | None]:
    """Run several programs, each on some examples, all at the same time.

    Args:
        programs: each program, the numbers of its examples, and the name of its stage in a journal.
        examples: all examples.
        metric: scores the runs.
        failure_score: the score of a run that failed.
        num_threads: how many runs at a time.

    Returns:
        for each program its runs, in the order of its examples; None where the budget left no room for all of
        them.
    """
    marked = [(marked_copy(program), numbers, name) for program, numbers, name in programs]
    outcomes = perform_jobs(
        "reflect on",
        [Job(program, numbers, _codec(program, failure_score), name) for program, numbers, name in marked],
        run_one,
        {"examples": examples, "metric": metric, "failure_score": failure_score},
        num_threads=num_threads,
    )
    return [
        None if any(each is None for each in found) else [each.get() for each in found if each is not None]
        for found in outcomes
    ]


def run_one(task: Task, registry: Registry) -> Trajectory:
    """Run the task's program on its example, and score what it predicts.

    Args:
        task: which program, which example.
        registry: the program, `examples`, `metric` and `failure_score`.
    """
    program, metric = registry[task.program], registry["metric"]
    example = registry["examples"][task.example]
    trace: tracing.Trace = []
    token = tracing.start(trace)
    try:
        typed = typed_example(program.declared_signature(), example, task.example + 1)
        prediction = program(**typed.call_inputs())
    except Exception as error:  # noqa: BLE001  a failed run is looked at, too
        return _failed(program, tracing.flatten(trace), error, registry["failure_score"])
    finally:
        tracing.stop(token)
    steps = tracing.flatten(trace)
    try:
        score = judge(metric, typed, prediction, trace=None, pred_name=None, pred_trace=None)
        return Trajectory(prediction, steps, as_number(metric, score), feedback_of(score))
    except Exception as error:  # noqa: BLE001  as above
        return Trajectory(prediction, steps, registry["failure_score"], error=error)


def _failed(program: Module, steps: list[Step], error: Exception, score: float) -> Trajectory:
    if not isinstance(error, AdapterParseError):
        return Trajectory(None, steps, score, error=error)
    predictors = program.named_predictors()
    names = [name for name, one in predictors if one.signature is error.signature] or [
        name
        for name, one in predictors
        if set(one.signature.output_fields) <= set(error.signature.output_fields)
    ]
    return Trajectory(
        None, steps, score, error=error, unread=error.lm_response, unread_by=names[0] if names else None
    )


def _codec(program: Module, failure_score: float) -> Codec[Trajectory]:
    predictors = dict(program.named_predictors())
    declared = program.declared_signature()

    def write(found: Trajectory) -> Any:
        prediction = found.prediction
        return {
            "prediction": to_json_types(dict(prediction.items())) if isinstance(prediction, Example) else {},
            "calls": [
                [one.predictor, to_json_types(dict(one.inputs)), to_json_types(dict(one.outputs.items()))]
                for one in found.calls
            ],
            "score": found.score,
            "feedback": found.feedback,
        }

    def read(task: Task, plain: Any) -> Trajectory:
        trace: list[Step] = []
        for name, given, made in plain["calls"]:
            signature = predictors[name].signature
            outputs = Prediction(typed_values(signature, made))
            trace.append((predictors[name], typed_values(signature, given), outputs))
        values = plain["prediction"]
        prediction = Prediction(values if declared is None else typed_values(declared, values))
        return Trajectory(prediction, trace, plain["score"], plain["feedback"])

    def failed(task: Task, error: Exception) -> Trajectory:
        # Its steps stayed on the worker, and with them which of several predictors could not be read.
        if isinstance(error, AdapterParseError) and len(predictors) == 1:
            return Trajectory(
                None,
                [],
                failure_score,
                error=error,
                unread=error.lm_response,
                unread_by=next(iter(predictors)),
            )
        return Trajectory(None, [], failure_score, error=error)

    return Codec(write, read, failed)
