"""What a search does where the model that proposes fails: at times, and always."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import (
    COPRO,
    GEPA,
    SIMBA,
    InferRules,
    LMAuthError,
    LMProviderError,
    MIPROv2,
    Module,
    OptimizerError,
    Predict,
    Program,
    context,
)
from dspyc.runtime.lm.request import Request, Response
from support.obedient import HINTS, Obedient, rows, same_label
from support.wavering import Wavering

TRAIN, VAL = rows(12), rows(12, 50)
BEST = "Think step by step and answer in one word: red, green or blue."
CUT = "[[ ## proposed_instruction ## ]]\nThink st"


class Proposer(Obedient):
    """Writes the best instruction, except in the requests of these numbers."""

    def __init__(self, how: str, failing: Callable[[int], bool]) -> None:
        super().__init__(pool=[BEST])
        self.how = how
        self.failing = failing
        self.numbers: list[int] = []

    def complete(self, request: Request) -> Response:
        with self._lock:
            self.numbers.append(len(self.numbers) + 1)
            fails = self.failing(len(self.numbers))
        if not fails:
            return super().complete(request)
        if self.how == "refused":
            raise LMProviderError("the content policy forbids this", model="test/proposer", status=400)
        if self.how == "cut off":
            return Response((CUT,), finish_reason="length")
        return Response(("[[ ## other ## ]]\nno",))

    def answer(self, request: Request, number: int) -> str:
        """One completion; advice is the best instruction for the one predictor."""
        return (
            super()
            .answer(request, number)
            .replace("some words about the module_advice", f'{{"self": "{BEST}"}}')
        )


def gepa(lm: Any, **more: Any) -> Any:
    return GEPA(
        metric=same_label,
        reflection_lm=lm,
        max_metric_calls=120,
        proposals_at_once=1,
        perfect_score=2,
        **more,
    )


def simba(lm: Any) -> Any:
    return SIMBA(metric=same_label, prompt_model=lm, max_demos=0, num_candidates=4, max_steps=3, bsize=8)


def mipro(lm: Any) -> Any:
    return MIPROv2(
        metric=same_label, prompt_model=lm, auto=None, num_candidates=3, max_bootstrapped_demos=0,
        max_labeled_demos=0,
    )  # fmt: skip


MIPRO = {
    "num_trials": 2, "minibatch": False, "program_aware_proposer": False, "data_aware_proposer": False,
    "valset": VAL,
}  # fmt: skip
OPTIMIZERS: dict[str, tuple[Callable[[Any], Any], dict[str, Any]]] = {
    "GEPA": (gepa, {"valset": VAL}),
    "COPRO": (lambda lm: COPRO(metric=same_label, prompt_model=lm, breadth=3, depth=3), {}),
    "MIPROv2": (mipro, MIPRO),
    "SIMBA": (simba, {}),
}
HOW = pytest.mark.parametrize("how", ["cut off", "unreadable", "refused"])


def compiled(name: str, lm: Any) -> Any:
    make, arguments = OPTIMIZERS[name]
    with context(lm=Wavering(), num_threads=1):
        return make(lm).compile(Predict("text -> label"), trainset=TRAIN, **arguments)


@HOW
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_one_failed_proposal_is_told_of_and_the_search_goes_on(
    name: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    # For an answer that cannot be read, there are two more tries.
    first = 3 if how == "unreadable" else 1
    lm = Proposer(how, lambda number: number <= first)
    with caplog.at_level(logging.WARNING, logger="dspyc"):
        best = compiled(name, lm)
    assert len(lm.numbers) > first
    assert any(hint in best.signature.instructions for hint in HINTS)
    told = [each for each in caplog.messages if "failed" in each or "could not be written" in each]
    assert len(told) == 1


def test_one_predictor_without_an_instruction_does_not_lose_that_of_another(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Two(Module):
        def __init__(self) -> None:
            self.first = Predict("text -> topic")
            self.second = Predict("text, topic -> label")

        def forward(self, text: str) -> Any:
            return self.second(text=text, topic=self.first(text=text).topic)

    optimizer = gepa(Proposer("refused", lambda number: number == 1), component_selector="all")
    with context(lm=Obedient(), num_threads=1):
        best = optimizer.compile(Two(), trainset=TRAIN, valset=VAL)
    assert best.second.signature.instructions == BEST
    assert "no instruction of first could be written" in caplog.messages[0]
    assert len(best.candidate_programs) >= 2
    assert len(caplog.messages) == 1


@HOW
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_proposals_that_all_fail_end_the_search_with_their_error(name: str, how: str) -> None:
    lm = Proposer(how, lambda number: True)
    with pytest.raises(OptimizerError, match="could be written, "):
        compiled(name, lm)
    # SIMBA asks for up to 5 at once.
    assert len(lm.numbers) <= (15 if how == "unreadable" else 5)


def test_what_was_learned_before_all_rules_failed_is_kept(tmp_path: Path) -> None:
    class Ruleless(Obedient):
        def complete(self, request: Request) -> Response:
            if "examples_text" in str(request.messages[-1]["content"]):
                return Response(("1. Al",), finish_reason="length")
            return super().complete(request)

    optimizer = InferRules(metric=same_label, num_candidates=3, max_labeled_demos=0)
    program = Program(optimizer, Predict("text -> label"), name="p", source=tmp_path / "f.dspy",
                      trainset=TRAIN, valset=VAL)  # fmt: skip
    with context(lm=Ruleless()), pytest.raises(OptimizerError, match="no rules could be written, with Trunc"):
        program.optimize()
    state = json.loads(program.state_path.read_text(encoding="utf-8"))
    assert state["predictors"]["self"]["demos"]
    assert state["unfinished"]


def test_what_was_learned_before_a_key_was_withdrawn_is_kept(tmp_path: Path) -> None:
    class Withdrawn(Proposer):
        def complete(self, request: Request) -> Response:
            if len(self.numbers) == 1:
                raise LMAuthError("the key is not valid", model="test/proposer")
            return super().complete(request)

    program = Program(gepa(Withdrawn("", lambda number: False)), Predict("text -> label"), name="p",
                      source=tmp_path / "f.dspy", trainset=TRAIN, valset=VAL)  # fmt: skip
    with context(lm=Obedient(), num_threads=1), pytest.raises(LMAuthError):
        program.optimize()
    state = json.loads(program.state_path.read_text(encoding="utf-8"))
    assert state["predictors"]["self"]["instructions"] == BEST
