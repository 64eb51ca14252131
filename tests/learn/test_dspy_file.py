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
