"""COPRO, on a model that does what its instructions say."""

from __future__ import annotations

from typing import Any

import pytest

from dspyc.runtime import COPRO, Evaluate, Module, OptimizerError, Predict, Prediction, context
from dspyc.runtime.lm.request import Response
from support.neighbour import Neighbour
from support.obedient import HINTS, Obedient, rows, same_label

TRAIN, DEV = rows(30), rows(60, 100)


class Steps(Module):
    def __init__(self) -> None:
        self.topic = Predict("text -> topic")
        self.label = Predict("text, topic -> label")

    def forward(self, text: str) -> Prediction:
        return Prediction(label=self.label(text=text, topic=self.topic(text=text).topic).label)


def test_better_instructions_win_on_rows_not_seen() -> None:
    lm = Obedient()
    with context(lm=lm):
        student = Predict("text -> label")
        best: Any = COPRO(metric=same_label, breadth=6, depth=2).compile(student, trainset=TRAIN)
        evaluate = Evaluate(devset=DEV, metric=same_label)
        assert evaluate(best).score > evaluate(student).score + 20
    assert any(hint in best.signature.instructions for hint in HINTS)
    assert student.signature.instructions != best.signature.instructions
    scores = [each["score"] for each in best.candidate_programs]
    assert scores == sorted(scores, reverse=True)
    assert best.candidate_programs[0]["instruction"] == best.signature.instructions


def test_no_program_is_measured_twice() -> None:
    lm = Obedient(pool=["Answer in one word.", "Guess."])
    with context(lm=lm):
        best: Any = COPRO(metric=same_label, breadth=8, depth=3).compile(
            Predict("text -> label"), trainset=TRAIN
        )
    asked = [each["text"] for each in lm.asked if "text" in each]
    # Its own, and the two of the pool, on 30 rows each.
    assert len(asked) == 3 * len(TRAIN)
    assert len(best.candidate_programs) == 3


def test_several_predictors_and_a_model_of_its_own_for_proposals() -> None:
    task, writer = Obedient(), Obedient()
    with context(lm=task):
        best: Any = COPRO(
            prompt_model=writer, metric=same_label, breadth=4, depth=2, track_stats=True
        ).compile(Steps(), trainset=TRAIN, eval_kwargs={"num_threads": 4})
    assert all("text" in each for each in task.asked)
    assert not any("text" in each for each in writer.asked)
    assert len(writer.asked) == 4
    assert best.results_latest["topic"]["depth"] == [0, 1]
    assert best.results_best["label"]["max"][-1] == best.candidate_programs[0]["score"]
    assert best.total_calls >= len(best.candidate_programs)


def test_the_temperature_and_the_number_of_completions_are_asked_for() -> None:
    lm = Obedient()
    with context(lm=lm):
        COPRO(metric=same_label, breadth=5, depth=2, init_temperature=0.7).compile(
            Predict("text -> label"), trainset=TRAIN
        )
    proposals = [request for request in lm.requests if "proposed_instruction" in str(request.messages)]
    assert [request.kwargs["n"] for request in proposals] == [4, 5]
    assert {request.kwargs["temperature"] for request in proposals} == {0.7}
    assert "Score of instruction 1" in str(proposals[1].messages[-1]["content"])


def test_a_program_that_always_fails_is_an_error() -> None:
    class Broken(Obedient):
        def answer(self, request: Any, number: int) -> str:
            if "text" in self.asked[-1]:
                raise RuntimeError("out of order")
            return super().answer(request, number)

    with (
        context(lm=Broken(), num_threads=1),
        pytest.raises(OptimizerError, match=r"all . failed.*out of order"),
    ):
        COPRO(metric=same_label, breadth=6, depth=3).compile(Predict("text -> label"), trainset=TRAIN)


def test_a_writer_that_always_fails_is_an_error_and_one_that_fails_later_costs_nothing() -> None:
    class Tired(Obedient):
        def __init__(self, allowed: int) -> None:
            super().__init__()
            self.allowed = allowed

        def complete(self, request: Any) -> Response:
            if len(self.asked) >= self.allowed:
                raise RuntimeError("no more ideas")
            return super().complete(request)

    optimizer = COPRO(prompt_model=Tired(0), metric=same_label, breadth=4)
    with context(lm=Obedient()):
        with pytest.raises(OptimizerError, match=r"no instruction could be written.*no more ideas"):
            optimizer.compile(Predict("text -> label"), trainset=TRAIN)
        optimizer = COPRO(prompt_model=Tired(1), metric=same_label, breadth=6)
        best = optimizer.compile(Predict("text -> label"), trainset=TRAIN)
    assert any(hint in best.predictors()[0].signature.instructions for hint in HINTS)


@pytest.mark.parametrize("threads", [1, 3, 16])
def test_the_same_result_for_any_number_of_threads(threads: int) -> None:
    with context(lm=Obedient(), num_threads=threads):
        best: Any = COPRO(metric=same_label, breadth=5, depth=3).compile(Steps(), trainset=TRAIN)
    with context(lm=Obedient(), num_threads=2):
        other: Any = COPRO(metric=same_label, breadth=5, depth=3).compile(Steps(), trainset=TRAIN)
    assert best.dump_state() == other.dump_state()
    assert [each["score"] for each in best.candidate_programs] == [
        each["score"] for each in other.candidate_programs
    ]


def test_what_is_wrong_is_said_before_anything_is_asked() -> None:
    with pytest.raises(OptimizerError, match="COPRO needs a metric"):
        COPRO().verify(Predict("text -> label"), trainset=TRAIN)
    with pytest.raises(OptimizerError, match="`trainset` cannot be empty"):
        COPRO(metric=same_label).verify(Predict("text -> label"), trainset=[])
    with pytest.raises(Exception, match="`breadth` of `COPRO` must be more than 1"):
        COPRO(metric=same_label, breadth=1)


def test_labels_and_fences_around_a_proposal_are_taken_off() -> None:
    lm = Obedient(pool=["**Proposed instruction:** Answer in one word.", '```\n"Think step by step."\n```'])
    with context(lm=lm):
        best: Any = COPRO(metric=same_label, breadth=6, depth=1).compile(
            Predict("text -> label"), trainset=TRAIN
        )
    texts = {each["instruction"] for each in best.candidate_programs}
    assert "Answer in one word." in texts or "Think step by step." in texts
    assert not any(
        "Proposed" in text or "`" in text.replace("`text`", "").replace("`label`", "") for text in texts
    )


def test_demos_are_kept() -> None:
    student = Predict("text -> label")
    student.demos = [TRAIN[0]]
    with context(lm=Neighbour({"label": "red", "proposed_instruction": "Be brief."})):
        best = COPRO(metric=same_label, breadth=2, depth=1).compile(student, trainset=TRAIN)
    assert best.predictors()[0].demos == [TRAIN[0]]
