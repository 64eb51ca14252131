"""Measuring and improving as a `.dspy` file declares it: compiled metrics, data beside the file."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import dspyc
from dspyc.runtime import context
from support.neighbour import Neighbour

CASES = Path(__file__).parent / "cases"
BANKING = CASES.parents[2] / "examples" / "banking"


@pytest.fixture
def bank(tmp_path: Path) -> Any:
    shutil.copy(CASES / "bank.dspy", tmp_path)
    shutil.copy(BANKING / "train.csv", tmp_path)
    return dspyc.load(tmp_path / "bank.dspy")


def test_a_file_is_optimized_and_measured(bank: Any, tmp_path: Path) -> None:
    with context(lm=Neighbour({"label": "change_pin", "reasoning": "so it seems"})):
        result = bank.tuned.optimize(evaluation=bank.score)
        assert result.state == tmp_path / "bank.tuned.state.json"
        assert (result.score_before, result.score_after) == (30.0, 80.0)
        measured = bank.score()
        assert (measured.score, measured.passed, measured.require) == (80.0, True, 50)
        assert {row.feedback for row in measured.rows if row.value} == {"right"}
        assert [one.program for one in bank.both.compare()] == ["ChainOfThought", "tuned"]

        again = dspyc.load(tmp_path / "bank.dspy")
        assert again.score().score == 80.0


def test_loading_reads_no_data(bank: Any, tmp_path: Path) -> None:
    (tmp_path / "train.csv").unlink()
    dspyc.load(tmp_path / "bank.dspy")
    assert "not read yet" in repr(bank.rows)


def test_a_data_set_of_a_paper_is_read_when_a_row_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.dspy").write_text(
        "from dspyc.runtime.datasets import GSM8K\n\n"
        "def problems() -> list[Example]:\n    return GSM8K('sums').train\n\n"
        "dataset sums = Dataset(problems(), inputs=['question'])\n",
        encoding="utf-8",
    )
    sums = dspyc.load(tmp_path / "p.dspy").sums
    (tmp_path / "sums").mkdir()
    row = '{"question": "1 + 1?", "answer": "One and one. #### 2"}\n'
    for name in ("train", "test"):
        (tmp_path / "sums" / f"{name}.jsonl").write_text(row, encoding="utf-8")
    [one] = sums
    assert (one.question, one.answer, set(one.inputs().keys())) == ("1 + 1?", "2", {"question"})


def test_a_metric_made_inside_an_evaluation_asks_the_model_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(
        "from dspyc.runtime import DummyLM\n"
        "lm = DummyLM([{'response': 'b'}, {'reasoning': 'r', 'recall': '1.0', 'precision': '1.0'}])\n",
        encoding="utf-8",
    )
    (tmp_path / "q.dspy").write_text(
        "from model import lm\n\nconfigure(lm=lm)\n\n"
        'module ask = Predict("question -> response")\n\n'
        'dataset rows = Dataset([{"question": "a", "response": "b"}], inputs=["question"])\n'
        "evaluate inside = Evaluate(ask, devset=rows, metric=SemanticF1())\n",
        encoding="utf-8",
    )
    assert dspyc.load(tmp_path / "q.dspy").inside().score == 100.0
