"""One row of an evaluation: a program and a metric on one example."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...base.secrets import redact
from ..example import Example
from ..execution import trace as tracing
from ..lm.usage import start_observing, stop_observing
from ..prediction import Prediction, Score
from ..signature.inputs import typed_example
from ..state.demos import typed_values
from ..values.rendering import to_json_types
from ..work.task import Codec, Registry, Task
from .calls import ModelCall, Seen, call_anew, calls_of, usage_of
from .measured import EvaluatedRow
from .scores import as_number, feedback_of, judge, raised_by

LONGEST_REASON = 200


def evaluate_row(task: Task, registry: Registry) -> EvaluatedRow:
    """Run the task's program on its example and judge what it predicts.

    Args:
        task: which program, which example.
        registry: the program, `examples`, `metric`, `failure_score` and, where calls are to be kept,
            `keep_calls`.
    """
    example = registry["examples"][task.example]
    program, metric = registry[task.program], registry["metric"]
    prediction: Any = None
    began = time.perf_counter()
    # A trace that is being recorded around the evaluation must not get the steps of all these calls.
    token = tracing.start(None)
    seen: Seen = []
    observed = start_observing(lambda response, request: seen.append((response, request)))
    try:
        typed = typed_example(program.declared_signature(), example, task.example + 1)
        inputs = {name: _copied(value) for name, value in typed.call_inputs().items()}
        prediction = call_anew(program, inputs, task.rollout)
        score = judge(metric, typed, prediction, trace=None, pred_name=None, pred_trace=None)
        value, feedback, failure = as_number(metric, score), feedback_of(score), None
        prediction = _as_prediction(prediction)
    except Exception as error:  # noqa: BLE001  the failure belongs to its row
        score, feedback, failure = registry["failure_score"], None, error
        value, prediction = float(score), Prediction() if prediction is None else _as_prediction(prediction)
    finally:
        stop_observing(observed)
        tracing.stop(token)
    seconds = time.perf_counter() - began
    calls = calls_of(seen) if registry.get("keep_calls") else ()
    return EvaluatedRow(
        example, prediction, score, value, feedback, failure, seconds, task.rollout, usage_of(seen), calls
    )


def _copied(value: Any) -> Any:
    """A list or a dict anew, with those inside: a program that appends to its input would change what the
    metric, the next run of the example and the next program get.
    """
    kind = type(value)
    if kind is list:
        return [_copied(item) for item in value]
    if kind is dict:
        return {name: _copied(item) for name, item in value.items()}
    return set(value) if kind is set else value


def _as_prediction(given: Any) -> Any:
    """What a program gives, as a prediction; a list, as an ensemble without a reducing function gives it, is
    its field `predictions`.
    """
    if isinstance(given, Example):
        return given
    return Prediction(predictions=given) if isinstance(given, (list, tuple)) else Prediction(output=given)


def row_codec(program: Any, examples: Any, failure_score: float = 0.0) -> Codec[EvaluatedRow]:
    """How the rows of an evaluation are written to a journal; predictions get their types again where the
    program says which those are.

    Args:
        program: the program.
        examples: the examples.
        failure_score: the score of a row that failed elsewhere.
    """
    signature = program.declared_signature()

    def read(task: Task, plain: Any) -> EvaluatedRow:
        score, feedback = plain["score"], plain.get("feedback")
        prediction = Prediction(
            plain["prediction"] if signature is None else typed_values(signature, plain["prediction"])
        )
        if (chances := plain.get("probabilities")) is not None:
            object.__setattr__(prediction, "_probabilities", _chances(signature, chances))
        return EvaluatedRow(
            examples[task.example],
            prediction,
            score if feedback is None else Score(score, feedback=feedback),
            plain["value"],
            feedback,
            repeat=task.rollout,
            calls=tuple(map(ModelCall.from_json, plain.get("calls", ()))),
        )

    def failed(task: Task, error: Exception) -> EvaluatedRow:
        return EvaluatedRow(
            examples[task.example],
            Prediction(),
            failure_score,
            float(failure_score),
            error=error,
            repeat=task.rollout,
        )

    return Codec(_write, read, failed, lambda row, error: replace(row, error=error))


def describe_error(error: BaseException) -> str:
    """`ValueError: the message`, on one line and not too long."""
    lines = [line.strip() for line in redact(str(error)).splitlines() if line.strip()]
    # A line that does not say that it goes on is a sentence of its own.
    ended = [line if line.endswith((".", ":", ",", ";")) else f"{line};" for line in lines[:-1]]
    text = " ".join(" ".join([*ended, *lines[-1:]]).split())
    clipped = text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 1] + "…"
    return f"{type(error).__name__}: {clipped}{raised_by(error)}"


def describe_errors(errors: Sequence[Exception]) -> str:
    """The first of some errors, and how many different ones there are: "first with ValueError: …"."""
    kinds = list(dict.fromkeys(describe_error(error) for error in errors))
    shown = "; ".join(kinds[:_SHOWN])
    more = f"; and {len(kinds) - _SHOWN} other errors" if len(kinds) > _SHOWN else ""
    return f"{'with' if len(kinds) == 1 else 'first with'} {shown}{more}"


_SHOWN = 3


def _write(row: EvaluatedRow) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "prediction": to_json_types(dict(row.prediction.items(include_dspy=True))),
        "score": row.score if isinstance(row.score, (bool, int, float)) else row.value,
        "value": row.value,
    }
    # Those in a field of the program's own stand among the fields.
    if (chances := getattr(row.prediction, "_probabilities", None)) is not None:
        plain["probabilities"] = {
            name: [[to_json_types(choice), share] for choice, share in shares.items()]
            for name, shares in chances.items()
        }
    if row.feedback is not None:
        plain["feedback"] = row.feedback
    if row.calls:
        plain["calls"] = [call.as_json() for call in row.calls]
    return plain


def _chances(signature: Any, written: Mapping[str, list[list[Any]]]) -> dict[str, dict[Any, float]]:
    """How probable each choice was, with the choices in their types again."""

    def typed(name: str, choice: Any) -> Any:
        return choice if signature is None else typed_values(signature, {name: choice})[name]

    return {
        name: {typed(name, choice): share for choice, share in shares} for name, shares in written.items()
    }
