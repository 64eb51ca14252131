"""Runs of a program on examples, with each call traced back to the predictor that made it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from ..errors import OptimizerError
from ..evaluate.rows import describe_errors
from ..evaluate.scores import judge, succeeded
from ..example import Example
from ..execution import trace as tracing
from ..interface import Metric
from ..lm.reproducible import reproducible
from ..modules.base import Module
from ..modules.models import models_of
from ..prediction import Prediction, Score
from ..signature.inputs import as_demo, typed_example
from ..state.demos import typed_values
from ..values.rendering import to_json_types
from ..work.run import perform
from ..work.task import Codec, Outcome, Registry, Task

logger = logging.getLogger("dspyc")

_MARK = "_predictor_name"

Step: TypeAlias = "tuple[Any, dict[str, Any], Prediction]"


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a predictor: the predictor's name in the program, and what went in and came out."""

    predictor: str
    inputs: dict[str, Any]
    outputs: Prediction


@dataclass(frozen=True, slots=True)
class Rollout:
    """What came of running a program on an example, several times if the first were not accepted.

    Attributes:
        prediction: what the last run predicted; None where all runs raised.
        trace: its steps, in the order of the text.
        score: what the metric returned; None without a metric.
        accepted: whether the last run is good enough to learn from.
        errors: what runs raised.
        failed: the steps of the last run that raised, as far as it came.
    """

    prediction: Any = None
    trace: Sequence[Step] = ()
    score: Any = None
    accepted: bool = False
    errors: tuple[Exception, ...] = ()
    failed: Sequence[Step] = ()

    @property
    def error(self) -> Exception | None:
        """The last error, where no run was accepted because of errors."""
        return self.errors[-1] if self.errors and not self.accepted else None

    @property
    def calls(self) -> list[Call]:
        """The steps that the program's own predictors made."""
        return calls_of(self.trace)


@dataclass(frozen=True)
class Acceptance:
    """Which runs are good enough to learn from, and how often to try.

    Attributes:
        metric: judges predictions; without one all are accepted.
        threshold: the score from which on a run is accepted; without one, any that is true or not 0.
        rounds: how often to run on an example until one is accepted; from the second time on models answer
            anew.
        hides_example: show the program no demo that is the example itself.
        is_measuring: let the metric judge as in an evaluation, where it gets no trace.
    """

    _is_saved: ClassVar[bool] = True
    """It goes to the workers of a cluster."""

    metric: Metric | None = None
    threshold: float | None = None
    rounds: int = 1
    hides_example: bool = False
    is_measuring: bool = False


def roll_out(
    program: Module,
    examples: Sequence[Example],
    numbers: Sequence[int],
    acceptance: Acceptance,
    num_threads: int,
    on_outcome: Callable[[int, Outcome[Rollout]], None] | None = None,
) -> list[Rollout | None]:
    """Run a program that `marked_copy` made on some of the examples.

    Args:
        program: the program.
        examples: all examples of this stage.
        numbers: the numbers of those to run on.
        acceptance: what is accepted.
        num_threads: how many examples at a time.
        on_outcome: called with each outcome as it comes.

    Returns:
        what came of each, in their order; None for those that the budget left no room for.
    """
    with reproducible():
        outcomes = perform(
            "bootstrap",
            program,
            numbers,
            roll_out_one,
            {"examples": examples, "acceptance": acceptance},
            codec=rollout_codec(program),
            num_threads=num_threads,
            on_outcome=on_outcome,
        )
    return [None if outcome is None else outcome.get() for outcome in outcomes]


def roll_out_one(task: Task, registry: Registry) -> Rollout:
    """Run the task's program on its example until a run is accepted, or as often as allowed.

    Args:
        task: which program, which example.
        registry: the program, `examples`, and `acceptance`.
    """
    example: Example = registry["examples"][task.example]
    acceptance: Acceptance = registry["acceptance"]
    last = Rollout()
    errors: list[Exception] = []
    failed: list[Step] = []
    for attempt in range(acceptance.rounds):
        steps: list[Step] = []
        try:
            program = _for_attempt(registry[task.program], example, attempt, acceptance.hides_example)
            typed = typed_example(program.declared_signature(), example, task.example + 1)
            prediction, trace = run_traced(program, typed, steps)
            score, accepted = _judged(acceptance, typed, prediction, trace)
        except Exception as error:  # noqa: BLE001  a failed run is counted, and the next round may do better
            errors.append(error)
            failed = steps
            continue
        last = Rollout(prediction, trace, score, accepted, tuple(errors))
        if accepted:
            return last
    return Rollout(last.prediction, last.trace, last.score, False, tuple(errors), failed)


def _judged(acceptance: Acceptance, example: Example, prediction: Any, trace: list[Step]) -> tuple[Any, bool]:
    metric = acceptance.metric
    if metric is None:
        return None, True
    score = judge(metric, example, prediction, trace=None if acceptance.is_measuring else trace)
    return score, succeeded(metric, score, acceptance.threshold)


def _for_attempt(program: Module, example: Example, attempt: int, hides_example: bool) -> Module:
    """The program, without the example among its demos, and from the second attempt on with fresh samples."""
    hides = hides_example and any(
        _is_example(demo, one.signature, example) for one in program.predictors() for demo in one.demos or ()
    )
    if attempt == 0 and not hides:
        return program
    twin = sampling(program, attempt) if attempt > 0 else program.deepcopy()
    for predictor in twin.predictors() if hides else ():
        predictor.demos = [
            demo for demo in predictor.demos or () if not _is_example(demo, predictor.signature, example)
        ]
    return twin


def sampling(program: Module, rollout: int, lm: Any = None) -> Module:
    """A copy of a program whose models answer anew, at temperature 1.

    Args:
        program: the program.
        rollout: the number of the sample; equal ones give equal answers.
        lm: the model to use instead of its own.
    """
    twin = program.deepcopy()
    models = models_of(twin)
    for name, predictor in twin.named_predictors():
        if (own := lm if lm is not None else models[name]) is not None:
            predictor.lm = own.copy(rollout_id=rollout, temperature=1.0)
    return twin


def _is_example(demo: Any, signature: Any, example: Example) -> bool:
    """Whether a demo is an example, whose values may be plain where the demo's have the fields' types."""
    if demo == example:
        return True
    return isinstance(demo, Example) and as_demo(signature, demo) == as_demo(signature, example)


def marked_copy(program: Module) -> Module:
    """A copy of a program whose predictors know their names.

    A module that runs copies of its parts (`Refine`, `BestOfN`) leaves those copies in the trace; the name
    goes with them, an identity would not.
    """
    twin = program.deepcopy()
    for name, predictor in twin.named_predictors():
        setattr(predictor, _MARK, name)
    return twin


def run_traced(program: Module, example: Example, failed: list[Step]) -> tuple[Any, list[Step]]:
    """Run a program on an example's inputs; the prediction, and the steps in the order of the text.

    Args:
        program: the program.
        example: the example.
        failed: gets the steps of a run that raises, as far as it came.
    """
    trace: tracing.Trace = []
    token = tracing.start(trace)
    try:
        prediction = program(**example.call_inputs())
    except Exception:
        failed += tracing.flatten(trace)
        raise
    finally:
        tracing.stop(token)
    return prediction, tracing.flatten(trace)


def calls_of(trace: Sequence[Step]) -> list[Call]:
    """The steps of a trace that a marked program's own predictors made."""
    named = ((getattr(predictor, _MARK, None), inputs, outputs) for predictor, inputs, outputs in trace)
    return [Call(name, inputs, outputs) for name, inputs, outputs in named if name is not None]


def report_failures(what: str, rollouts: Sequence[Rollout | None]) -> None:
    """Say how many runs failed and how; raise it where all did.

    Raises:
        OptimizerError: there was at least one run, and every one failed.
    """
    begun = [one for one in rollouts if one is not None]
    errors = [one.error for one in begun if one.error is not None]
    if not errors:
        return
    if len(errors) == len(begun):
        raise OptimizerError(
            f"{what} failed on all {len(begun)} examples, {describe_errors(errors)}"
        ) from errors[0]
    logger.warning(
        "%s failed on %d of %d examples, %s", what, len(errors), len(begun), describe_errors(errors)
    )


def rollout_codec(program: Module) -> Codec[Rollout]:
    """How rollouts are written to a journal: the steps of the program's own predictors, by their names."""
    predictors = dict(program.named_predictors())
    declared = program.declared_signature()

    def read(task: Task, plain: Any) -> Rollout:
        trace: list[Step] = []
        for name, given, made in plain["calls"]:
            predictor = predictors[name]
            signature = predictor.signature
            outputs = Prediction(typed_values(signature, made))
            trace.append((predictor, typed_values(signature, given), outputs))
        score = plain["score"]
        return Rollout(
            Prediction(
                plain["prediction"] if declared is None else typed_values(declared, plain["prediction"])
            ),
            trace,
            Score(**score) if isinstance(score, dict) else score,
            plain["accepted"],
        )

    return Codec(_write, read, lambda task, error: Rollout(errors=(error,)))


def _write(rollout: Rollout) -> dict[str, Any]:
    prediction = rollout.prediction
    return {
        "prediction": to_json_types(dict(prediction.items()) if isinstance(prediction, Example) else {}),
        "calls": [
            [one.predictor, to_json_types(dict(one.inputs)), to_json_types(dict(one.outputs.items()))]
            for one in rollout.calls
        ],
        "score": to_json_types(dict(rollout.score.items()))
        if isinstance(rollout.score, Example)
        else to_json_types(rollout.score),
        "accepted": rollout.accepted,
    }
