"""Compiled modules and functions in the hands of the runtime: Refine, Evaluate, an optimizer."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from types import ModuleType

import pytest

import dspyc
from dspyc.runtime import Example, Prediction, context
from dspyc.runtime.compiled import source_text
from support.scripted import ScriptedLM


@pytest.fixture
def judge(tmp_path: Path) -> ModuleType:
    shutil.copytree(Path(__file__).parent / "together", tmp_path, dirs_exist_ok=True)
    return dspyc.load(tmp_path / "judge.dspy")


def model(good: str = "True") -> ScriptedLM:
    return ScriptedLM(lambda inputs: {"good": good} if "answer" in inputs else {"answer": "A"})


def test_a_reward_that_asks_a_model(judge: ModuleType) -> None:
    with context(lm=model()):
        assert judge.refined(text="q").answer == "AA"
        assert asyncio.run(judge.refined.acall(text="q")).answer == "AA"


def test_a_metric_that_asks_a_model(judge: ModuleType) -> None:
    with context(lm=model()):
        assert judge.good(Example(text="t"), Prediction(answer="a")) is True
        assert judge.quality().score == 100
    with context(lm=model("False")):
        assert judge.quality().score == 0


def test_a_program_is_optimized_and_its_state_used(judge: ModuleType) -> None:
    with context(lm=model()):
        result = judge.tuned.optimize()
        assert result.state == Path(judge.__file__).with_name("judge.tuned.state.json")
        again = dspyc.load(judge.__file__)
        assert [len(each.demos) for each in again.tuned.predictors()] == [2, 2]
        assert again.tuned(text="x").answer == "AA"


def test_the_source_of_a_module_and_a_function(judge: ModuleType) -> None:
    text = source_text(judge.Deep)
    assert text is not None
    assert text.startswith("module Deep:\n    input text: str\n")
    assert text.endswith("return answer=a.answer + b.answer")
    assert (source_text(judge.reward) or "").startswith("def reward(args: Deep, pred: Deep) -> float:")
    assert source_text(dspyc.Predict) is None
