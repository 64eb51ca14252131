"""Two results on the same rows: figures, verdict, the rows that changed, and what cannot be compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import Evaluate, EvaluationError, EvaluationResult, Example, Prediction
from dspyc.runtime.evaluate import compare
from dspyc.runtime.evaluate.measured import EvaluatedRow
from dspyc.runtime.evaluate.saved import load_result, load_rows


def measured(scores: Sequence[float], **changes: Any) -> EvaluationResult:
    rows = [Example(n=number, **changes).with_inputs("n") for number in range(len(scores))]
    return Evaluate(devset=rows, metric=lambda e, p: scores[e.n])(lambda n: Prediction(m=n))


@pytest.mark.parametrize(
    ("before", "after", "verdict", "test"),
    [
        ([1.0] * 10 + [0.0] * 10, [1.0] * 19 + [0.0], "better", "McNemar's exact test"),
        ([1.0] * 19 + [0.0], [1.0] * 10 + [0.0] * 10, "worse", "McNemar's exact test"),
        ([1.0, 0.0] * 10, [0.0, 1.0] * 10, "indistinguishable", "McNemar's exact test"),
        ([1.0] * 5, [1.0] * 5, "indistinguishable", "McNemar's exact test"),
        ([0.2] * 30, [0.4] * 15 + [0.3] * 15, "better", "paired bootstrap"),
        ([0.5, 0.6] * 5, [0.6, 0.5] * 5, "indistinguishable", "paired bootstrap"),
        ([0.5] * 200, [0.50003] * 200, "better", "paired bootstrap"),
        ([0.50003] * 200, [0.5] * 200, "worse", "paired bootstrap"),
        ([0.5], [0.4], "indistinguishable", "paired bootstrap"),
        ([0.5, 0.5], [0.4, 0.45], "indistinguishable", "paired bootstrap"),
        ([0.3] * 20, [0.1 + 0.2] * 20, "indistinguishable", "paired bootstrap"),
        ([0.5] * 5 + [0.6] * 20, [0.4] * 5 + [0.6] * 20, "indistinguishable", "paired bootstrap"),
    ],
)
def test_the_verdict(before: list[float], after: list[float], verdict: str, test: str) -> None:
    found = compare(measured(before), measured(after))
    assert (found.verdict, found.test) == (verdict, test)
    assert found.describe().startswith(f"{verdict}: ")
    low, high = found.interval
    assert low <= found.difference <= high


def test_what_floats_make_of_equal_scores_is_no_change() -> None:
    found = compare(measured([0.3, 0.1 + 0.2, 0.5]), measured([0.1 + 0.2, 0.3, 0.25]))
    assert (found.discordant, found.better) == ((1, 0), [])
    assert [change.index for change in found.worse] == [2]


def test_the_figures() -> None:
    found = compare(measured([1.0, 0.0, 1.0, 0.0]), measured([0.0, 1.0, 1.0, 1.0]))
    assert found.difference == 25.0
    assert found.differences == (-1.0, 1.0, 0.0, 1.0)
    assert found.discordant == (1, 2)
    assert found.p_value == 1.0
    assert [change.index for change in found.worse] == [0]
    assert [change.index for change in found.better] == [1, 3]
    assert found.worse[0].before.value == 1.0
    assert found.describe() == (
        "indistinguishable: 50.0 % → 75.0 %, +25.0 points (95 % interval -50.0 to +100.0, p = 1.000 by "
        "McNemar's exact test); chance alone can explain a difference of this size"
    )


def test_what_lost_most_comes_first() -> None:
    found = compare(measured([0.5, 0.9, 0.5, 0.5]), measured([0.4, 0.2, 0.5, 0.9]))
    assert [(one.index, round(one.difference, 3)) for one in found.worse] == [(1, -0.7), (0, -0.1)]


def test_repeated_rows_are_compared_by_their_means() -> None:
    def repeated(flip: bool) -> EvaluationResult:
        counts: dict[int, int] = {}

        def metric(example: Any, pred: Any) -> bool:
            counts[example.n] = counts.get(example.n, 0) + 1
            return counts[example.n] % 2 == flip or example.n == 0

        rows = [Example(n=n).with_inputs("n") for n in range(4)]
        return Evaluate(devset=rows, metric=metric, repeats=3, num_threads=1)(lambda n: Prediction(m=n))

    found = compare(repeated(False), repeated(True))
    assert not found.is_binary
    assert found.differences == pytest.approx((0.0, 1 / 3, 1 / 3, 1 / 3))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (measured([1.0]), "one has 2 examples, the other 1"),
        (measured([1.0, 1.0], extra=1), None),
        (
            Evaluate(devset=[Example(n=n).with_inputs("n") for n in (0, 7)], metric=lambda e, p: 1)(
                lambda n: Prediction(m=n)
            ),
            "row 2 is a different example in each (`n` differs)",
        ),
    ],
)
def test_only_results_on_the_same_rows_can_be_compared(other: EvaluationResult, message: str | None) -> None:
    if message is None:
        assert compare(measured([1.0, 0.0]), other).difference == 50.0
        return
    with pytest.raises(EvaluationError) as raised:
        compare(measured([1.0, 0.0]), other)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("example", "predicted"),
    [
        ({"q": "1"}, {"a": "x"}),
        ({"q": "1", "a": "y"}, {"a": "x"}),
        ({"q": "1", "repeat": 3, "error": "old"}, {"a": "x"}),
        ({"q": "1", "score": 3}, {"score": 7, "feedback": "the program's", "error": "none"}),
        ({"q": float("nan")}, {"a": "x"}),
        ({"q": [1, float("nan")]}, {"a": "x"}),
        ({"q": {1: "a"}}, {"a": "x"}),
        ({"q": (1, 2)}, {"a": "x"}),
    ],
)
def test_rows_are_read_as_they_were_written(
    example: dict[str, Any], predicted: dict[str, Any], tmp_path: Path
) -> None:
    row = EvaluatedRow(
        Example(example).with_inputs("q"),
        Prediction(predicted),
        0.5,
        0.5,
        "the judge's",
        ValueError("failed"),
    )
    result = EvaluationResult([row], metric="score")
    result.save_json(tmp_path / "rows.json")
    (again,) = load_result(tmp_path / "rows.json", result).rows
    assert again.prediction.toDict() == predicted
    assert (again.value, again.feedback, str(again.error)) == (0.5, "the judge's", "ValueError: failed")


@pytest.mark.parametrize("repeat", [1, -1, "0", True, 1.0, None])
def test_a_count_of_runs_that_is_none(repeat: Any, tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([{"n": 0, "m": 0, "score": 1.0, "repeat": repeat}]), encoding="utf-8")
    with pytest.raises(EvaluationError, match="the `repeat` of row 1 counts no run"):
        load_rows(path, [Example(n=0).with_inputs("n")], "score")
