"""The probabilities of choices beside what was right."""

from __future__ import annotations

import enum
from typing import Any

import pytest

from dspyc.runtime import Evaluate, EvaluationResult, Example, Prediction
from dspyc.runtime.evaluate import calibration
from dspyc.runtime.evaluate.report import Report, render_report


class Team(enum.Enum):
    BILLING = "billing"
    OTHER = "other"


def measured(rows: list[tuple[Any, Any, dict[Any, float] | None]]) -> EvaluationResult:
    def program(n: int) -> Prediction:
        prediction = Prediction(team=rows[n][1])
        if rows[n][2] is not None:
            object.__setattr__(prediction, "_probabilities", {"team": rows[n][2]})
        return prediction

    examples = [Example(n=n, team=label).with_inputs("n") for n, (label, _, _) in enumerate(rows)]
    return Evaluate(devset=examples, metric=lambda e, p: e.team == p.team)(program)


def test_a_program_that_is_as_sure_as_it_is_right() -> None:
    right = ("a", "a", {"a": 0.75, "b": 0.25})
    wrong = ("b", "a", {"a": 0.75, "b": 0.25})
    found = calibration(measured([right] * 3 + [wrong]), "team")
    assert found is not None
    assert (found.count, found.error, found.label_probability) == (4, 0.0, 0.625)
    assert found.brier == pytest.approx((3 * 0.125 + 1.125) / 4)
    assert [(one.low, one.count, one.confidence, one.accuracy) for one in found.bins] == [
        (0.7, 4, 0.75, 0.75)
    ]


def test_a_program_that_is_too_sure() -> None:
    sure = [(label, "a", {"a": 1.0, "b": 0.0}) for label in ("a", "b")]
    unsure = [("a", "b", {"a": 0.45, "b": 0.55})]
    found = calibration(measured(sure + unsure), "team")
    assert found is not None
    assert [one.low for one in found.bins] == [0.5, 0.9]
    assert found.error == pytest.approx((1 * 0.55 + 2 * 0.5) / 3)


@pytest.mark.parametrize("label", [Team.BILLING, "billing"])
def test_members_of_enumerations_and_their_values(label: Any) -> None:
    shares = {Team.BILLING: 0.9, Team.OTHER: 0.1}
    found = calibration(measured([(label, Team.BILLING, shares), ("lost", Team.OTHER, shares)]), "team")
    assert found is not None
    assert [one.accuracy for one in found.bins] == [0.0, 1.0]
    # A label that is no choice has the probability 0, and counts as missed.
    assert found.brier == pytest.approx((0.02 + 0.82 + 1.0) / 2)


def test_rows_without_probabilities() -> None:
    assert calibration(measured([("a", "a", None)]), "team") is None
    assert calibration(measured([("a", "a", {"a": 1.0})]), "label") is None


def test_the_report_shows_it() -> None:
    rows = [("a", "a", {"a": 0.8, "b": 0.2}), ("b", "b", {"a": 0.3, "b": 0.7})] * 3
    page = render_report(Report("t", (measured(rows),)))
    for text in ("How sure the program was", "calibration error", "Brier score", "70 to 80 %", "80 to 90 %"):
        assert text in page
    assert '"probabilities":{"team":[["a",0.8],["b",0.2]]}' in page
