"""What a metric returns, read as a number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..errors import EvaluationError
from ..example import Example
from ..execution.callables import accepted, call, name_of


def judge(metric: Any, example: Example, prediction: Any, **offered: Any) -> Any:
    """Call a metric with an example, a prediction and those of `trace`, `pred_name`, … that it names.

    Raises:
        Exception: what the metric raises, with a note that says so: see `raised_by`.
    """
    try:
        return call(metric, example, prediction, **accepted(metric, offered))
    except Exception as error:
        error.add_note(f"{_BY_METRIC}`{name_of(metric)}`")
        raise


_BY_METRIC = "raised by the metric "


def raised_by(error: BaseException) -> str:
    """ ", raised by the metric `…`", where one raised an error, and not the program; else nothing."""
    notes = [note for note in getattr(error, "__notes__", ()) if note.startswith(_BY_METRIC)]
    return f", {notes[0]}" if notes else ""


def as_number(metric: Any, value: Any) -> float:
    """The number that a metric's result stands for: true is 1, a `Score` its score.

    Raises:
        EvaluationError: the metric returned something else, or no finite number.
    """
    if value is True or value is False:
        return 1.0 if value else 0.0
    found = value
    if isinstance(value, (Mapping, Example)):
        found = value.get("score")
    try:
        number = float(found)
    except (TypeError, ValueError):
        raise EvaluationError(
            f"the metric `{name_of(metric)}` returned {value!r}; it must return a bool, a number or a Score"
        ) from None
    if not math.isfinite(number):
        raise EvaluationError(f"the metric `{name_of(metric)}` returned {number}, which is not a score")
    return number


def feedback_of(value: Any) -> str | None:
    """The words that came with a score, where there are any."""
    if isinstance(value, (bool, int, float)):
        return None
    feedback = value.get("feedback") if isinstance(value, (Mapping, Example)) else None
    return None if feedback is None else str(feedback)


def succeeded(metric: Any, value: Any, threshold: float | None) -> bool:
    """Whether a result is good enough to learn from: at least the threshold, or true where there is none."""
    number = as_number(metric, value)
    return number != 0 if threshold is None else number >= threshold
