"""Each field of a row stands under one name in all exported rows, and no two fields under the same."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import EvaluationResult, Example, Prediction, Score
from dspyc.runtime.evaluate import compare
from dspyc.runtime.evaluate.exports import render_csv
from dspyc.runtime.evaluate.measured import EvaluatedRow
from dspyc.runtime.evaluate.report import Report
from dspyc.runtime.evaluate.report.charts import histogram
from dspyc.runtime.evaluate.report.page import render_report
from dspyc.runtime.evaluate.saved import load_result


def result(*rows: tuple[Mapping[str, Any], Mapping[str, Any]], metric: str = "m") -> EvaluationResult:
    return EvaluationResult(
        [
            EvaluatedRow(Example(given).with_inputs("q"), Prediction(predicted), 1, 1.0)
            for given, predicted in rows
        ],
        metric=metric,
    )


@pytest.mark.parametrize(
    ("given", "predicted", "metric", "record"),
    [
        (
            {"q": 1, "a": 2, "pred_a": 3},
            {"a": 4},
            "m",
            {"q": 1, "example_a": 2, "example_pred_a": 3, "pred_a": 4, "m": 1.0},
        ),
        (
            {"q": 1, "a": 2, "example_a": 3},
            {"a": 4},
            "m",
            {"q": 1, "example_a": 2, "example_example_a": 3, "pred_a": 4, "m": 1.0},
        ),
        (
            {"q": 1, "a": 2},
            {"a": 4, "example_a": 5, "pred_a": 6},
            "m",
            {"q": 1, "example_a": 2, "pred_a": 4, "pred_example_a": 5, "pred_pred_a": 6, "m": 1.0},
        ),
        (
            {"q": 1, "m": 2, "error": 3, "example_error": 4},
            {"a": 5},
            "m",
            {"q": 1, "example_m": 2, "example_error": 3, "example_example_error": 4, "a": 5, "m": 1.0},
        ),
        (
            {"q": 1, "a": 2},
            {"a": 3},
            "example_a",
            {"q": 1, "example_example_a": 2, "pred_a": 3, "example_a": 1.0},
        ),
        ({"q": 1, "a": 2}, {"a": 3}, "pred_a", {"q": 1, "example_a": 2, "pred_pred_a": 3, "pred_a": 1.0}),
    ],
)
def test_no_field_is_written_over_another(
    given: dict[str, Any], predicted: dict[str, Any], metric: str, record: dict[str, Any], tmp_path: Path
) -> None:
    found = result((given, predicted), metric=metric)
    assert found.records() == [record]
    found.save_json(tmp_path / "r.json")
    again = load_result(tmp_path / "r.json", found)
    assert dict(again.rows[0].example) == given
    assert compare(again, found).verdict == "indistinguishable"


def test_a_label_stands_in_one_column_where_some_rows_failed() -> None:
    found = result(({"q": 1, "a": 2}, {"a": 3}), ({"q": 4, "a": 5}, {}))
    assert found.records()[1] == {"q": 4, "example_a": 5, "m": 1.0}
    lines = list(csv.DictReader(io.StringIO(render_csv(found.records()))))
    assert [line["example_a"] for line in lines] == ["2", "5"]


def test_json_has_no_number_that_is_none(tmp_path: Path) -> None:
    found = result(({"q": float("nan"), "a": [float("inf")]}, {"b": {"c": float("nan")}}))
    found.save_json(tmp_path / "r.json")

    def refuse(name: str) -> None:
        raise AssertionError(name)

    (record,) = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"), parse_constant=refuse)
    assert record == {"q": None, "a": [None], "b": {"c": None}, "m": 1.0}
    assert load_result(tmp_path / "r.json", found).score == 100.0


def test_a_score_in_a_column_that_it_begins() -> None:
    page = histogram([number / 10 for number in range(10)] + [1.0])
    counts = [f"<title>{number / 10:.2g} to {(number + 1) / 10:.2g}: 1 rows" for number in range(9)]
    assert all(count in page for count in counts)
    assert "<title>0.9 to 1: 2 rows" in page


@pytest.mark.parametrize(("right", "wrong", "score"), [(30_000, 1, 99.99), (30_000, 0, 100.0), (2, 1, 66.67)])
def test_a_score_of_100_percent_has_no_wrong_row(right: int, wrong: int, score: float) -> None:
    row = EvaluatedRow(Example(q=1).with_inputs("q"), Prediction(), Score(1.0), 1.0)
    failed = EvaluatedRow(row.example, row.prediction, 0.0, 0.0)
    found = EvaluationResult([row] * right + [failed] * wrong, require=100)
    assert (found.score, found.passed) == (score, not wrong)


@pytest.mark.parametrize(("repeats", "unit"), [(1, "row"), (2, "run")])
def test_a_report_says_what_it_counts(repeats: int, unit: str) -> None:
    rows = [
        EvaluatedRow(
            Example(q=number, a="xy"[number % 2]).with_inputs("q"), Prediction(a="x"), 0.5, 0.5, repeat=repeat
        )
        for number in range(4)
        for repeat in range(repeats)
    ]
    page = render_report(Report("t", (EvaluationResult(rows),)))
    assert f"50.0 % of {4 * repeats} {unit}s have the right one of 2 choices." in page
    assert f"0.5 to 0.6: {4 * repeats} {unit}s" in page
    assert f">{unit}s</th>" in page
