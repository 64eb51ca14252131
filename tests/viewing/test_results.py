"""The rows of a file are those that were written: counts, places, labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import EvaluationResult, Example, Prediction
from dspyc.runtime.evaluate.calls import ModelCall
from dspyc.runtime.evaluate.measured import EvaluatedRow
from dspyc.runtime.work.task import Usage
from dspyc.viewing.finding import Folder
from dspyc.viewing.results import of_file


def row(number: int, repeat: int = 0, error: Exception | None = None, **changes: Any) -> EvaluatedRow:
    example = Example(q=f"q{number}", a="x").with_inputs("q")
    object.__setattr__(example, "_origin", ("rows.csv", number + 2) if number else ("", 1))
    calls = tuple(
        ModelCall("m", (("user", "?"),), "x", cached, 10, None if cached else 0.5) for cached in (False, True)
    )
    prediction = Prediction() if error else Prediction(a="x")
    value = 0.0 if error else 1.0
    return EvaluatedRow(
        example, prediction, value, value, None, error, 0.5, repeat, Usage(1, 10, 0.5), calls, **changes
    )


ROWS = [
    row(number, repeat, ValueError("no") if number == 2 else None) for number in range(3) for repeat in (0, 1)
]


@pytest.mark.parametrize("name", ["r.html", "r.json"])
def test_what_was_written_is_what_is_read(name: str, tmp_path: Path) -> None:
    written = EvaluationResult(ROWS, metric="same", program="p")
    (written.save_html if name == "r.html" else written.save_json)(tmp_path / name)
    (found,) = of_file(Folder(tmp_path).look()[0])
    assert found.score == written.score
    assert found.interval() == written.interval()
    assert [len(each) for each in found.by_example()] == [2, 2, 2]
    assert [dict(each.example) for each in found] == [dict(each.example) for each in written]
    assert [str(each.error) for each in found] == [str(each.error) for each in written]
    if name == "r.html":
        assert [each.example.origin for each in found] == [each.example.origin for each in written]
        assert found.usage == written.usage
