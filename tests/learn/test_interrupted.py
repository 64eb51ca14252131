"""What a run leaves in the state when it is interrupted."""

from __future__ import annotations

import errno
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import Evaluate, Module, OptimizerError, Predict, Program, StateError
from dspyc.runtime.optimizers.base import Optimizer
from dspyc.runtime.optimizers.best import publishing
from dspyc.runtime.optimizers.instructions import with_instructions
from dspyc.runtime.programs import making
from dspyc.runtime.work.budget import Budget
from support.banking import DEV, TRAIN, same_label
from support.neighbour import Neighbour

FINISHED = "a state that was finished"
UNFINISHED = "a state that was not finished"
CASES: dict[str, tuple[str | None, float | None, str, str]] = {
    "nothing before": (None, 50.0, "new", "the best program so far, with a score of 50.0 %, is in "),
    "no score": (None, None, "new", "the best program so far is in "),
    "worth nothing": (None, 0.0, "", ""),
    "finished": (FINISHED, 50.0, FINISHED, "stays as it was before this run"),
    "unfinished": (UNFINISHED, 50.0, "new", "the best program so far, with a score of 50.0 %, is in "),
}


class Interrupted(Optimizer):
    """Finds a program of a score, and is interrupted where there is one."""

    def __init__(self, text: str, score: float | None, ends: bool = False) -> None:
        self.text, self.score, self.ends = text, score, ends

    def compile(self, student: Module, **arguments: Any) -> Module:
        found = with_instructions(student, {"self": self.text})
        with publishing() as publish:
            publish(found, self.score)
            if not self.ends:
                raise KeyboardInterrupt
        return found


def program(folder: Path, text: str, score: float | None, ends: bool = False) -> Program:
    optimizer = Interrupted(text, score, ends)
    return Program(optimizer, Predict("text -> label"), name="p", source=folder / "f.dspy", trainset=TRAIN)


def instructions(folder: Path) -> str:
    path = folder / "f.p.state.json"
    content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return str(content["predictors"]["self"]["instructions"]) if content else ""


@pytest.mark.parametrize("case", CASES)
def test_a_finished_state_outlives_an_interrupt(
    case: str, tmp_path: Path, lm: Neighbour, caplog: pytest.LogCaptureFixture
) -> None:
    earlier, score, kept, told = CASES[case]
    if earlier is not None:
        ends = earlier == FINISHED
        try:
            program(tmp_path, earlier, 10.0, ends).optimize()
        except KeyboardInterrupt:
            assert not ends
    caplog.clear()
    with pytest.raises(KeyboardInterrupt):
        program(tmp_path, "new", score).optimize()
    assert instructions(tmp_path) == kept
    assert told in "\n".join(caplog.messages)
    assert bool(told) == bool(caplog.messages)


def test_a_measured_state_is_not_replaced_by_one_that_the_budget_left_unmeasured(
    tmp_path: Path, lm: Neighbour
) -> None:
    first = program(tmp_path, "first", 50.0, ends=True)
    dev = list(DEV)[:6]

    def run(made: Program, calls: int | None) -> Any:
        evaluation = Evaluate(made, devset=dev, metric=same_label, num_threads=1)
        budget = None if calls is None else Budget(calls=calls)
        return made.optimize(evaluation=evaluation, journal=True, budget=budget)

    # Without a state there is nothing to lose: what was found is kept.
    assert run(first, 8).score_after is None
    assert instructions(tmp_path) == "first"
    run(first, None)
    path = tmp_path / "f.p.state.json"
    before = path.read_bytes()
    assert b"score" in before
    second = program(tmp_path, "second", 50.0, ends=True)
    said = (
        r"the budget of 8 calls is used up before .*; f\.p\.state\.json stays as it was; 8 answers are kept"
    )
    with pytest.raises(OptimizerError, match=said):
        run(second, 8)
    assert path.read_bytes() == before
    # With more room the run goes on, and asks for nothing twice.
    asked = len(lm.asked)
    assert run(second, 12).score_after is not None
    assert len(lm.asked) == asked + 4
    assert instructions(tmp_path) == "second"


@pytest.mark.parametrize("error", [StateError("no"), OSError("full")])
def test_a_state_that_cannot_be_written_does_not_hide_the_interrupt(
    error: Exception,
    tmp_path: Path,
    lm: Neighbour,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*arguments: Any) -> None:
        raise error

    monkeypatch.setattr(making, "write", refuse)
    with pytest.raises(KeyboardInterrupt):
        program(tmp_path, "new", 50.0).optimize()
    assert f"the best program so far could not be kept: {error}" in caplog.messages


def test_a_model_that_does_not_fit_beside_the_state_is_told(
    tmp_path: Path, lm: Neighbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(making, "with_models_beside", refuse)
    said = "the trained model cannot be copied to .*: No space left on device; the next run takes it from"
    with pytest.raises(StateError, match=said):
        program(tmp_path, "new", 50.0, ends=True).optimize()
    assert list(tmp_path.iterdir()) == []


def test_a_program_says_once_that_its_state_is_unfinished(
    tmp_path: Path, lm: Neighbour, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(KeyboardInterrupt):
        program(tmp_path, "new", 50.0).optimize()
    caplog.clear()
    caplog.set_level(logging.WARNING)
    later = program(tmp_path, "new", 50.0)
    later(text="Goodbye")
    later(text="Goodbye")
    [message] = caplog.messages
    assert "is from a run that was interrupted; finish it with: dspyc optimize" in message
