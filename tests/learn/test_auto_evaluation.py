"""`SemanticF1` and `CompleteAndGrounded`: scores, thresholds, what the judge is asked, use in evaluations."""

from __future__ import annotations

from typing import Any

import pytest

from dspyc.runtime import (
    CompleteAndGrounded,
    DummyLM,
    Evaluate,
    Example,
    Module,
    Prediction,
    Score,
    SemanticF1,
    context,
)
from dspyc.runtime.errors import ConditionError
from dspyc.runtime.evaluate.auto_evaluation import f1_score
from dspyc.runtime.evaluate.scores import judge

EXAMPLE = Example(question="Why?", response="Because of A and B.").with_inputs("question")
PRED = Prediction(response="Because of A.", context=["A is so.", "B is not."])


@pytest.mark.parametrize(
    ("precision", "recall", "score"),
    [(1.0, 1.0, 1.0), (0.5, 1.0, 2 / 3), (0.0, 0.0, 0.0), (7.0, 1.0, 1.0), (-1.0, 0.5, 0.0), (1, 0, 0.0)],
)
def test_f1_of_shares(precision: float, recall: float, score: float) -> None:
    assert f1_score(precision, recall) == pytest.approx(score)


@pytest.mark.parametrize("decompositional", [False, True])
def test_semantic_f1(decompositional: bool) -> None:
    answer = {
        "reasoning": "one idea of two",
        "ground_truth_key_ideas": "A, B",
        "system_response_key_ideas": "A",
        "discussion": "A is shared",
        "recall": 0.5,
        "precision": 1.0,
    }
    lm = DummyLM([answer] * 3)
    metric = SemanticF1(decompositional=decompositional)
    with context(lm=lm):
        result = metric(EXAMPLE, PRED)
        assert isinstance(result, Score)
        assert result.score == pytest.approx(2 / 3)
        assert result.feedback.splitlines()[0] == "recall 0.5, precision 1"
        assert metric(EXAMPLE, PRED, trace=[]).score is True
        assert SemanticF1(threshold=0.7, decompositional=decompositional)(EXAMPLE, PRED, []).score is False
    asked = lm.history[0]["messages"][-1]["content"]
    for text in ("Why?", "Because of A and B.", "Because of A."):
        assert text in asked
    assert ("discussion" in lm.history[0]["messages"][0]["content"]) is decompositional


@pytest.mark.parametrize("share", ["85%", "85", "nan", "inf", "-0.5"])
def test_a_judge_that_gives_no_share_is_asked_again(share: str) -> None:
    first = {"reasoning": "r", "recall": share, "precision": "1.0"}
    with context(lm=DummyLM([first, {**first, "recall": "0.5"}])):
        found = SemanticF1()(EXAMPLE, PRED)
    assert found.score == pytest.approx(2 / 3)
    with context(lm=DummyLM([first] * 6)):
        result = Evaluate(
            devset=[EXAMPLE, EXAMPLE.copy(question="Why not?")],
            metric=lambda example, pred: example.question == "Why not?" or SemanticF1()(example, pred),
        )(lambda question: PRED)
    assert isinstance(result.rows[0].error, ConditionError)
    assert [row.value for row in result] == [0.0, 1.0]


def test_complete_and_grounded() -> None:
    ideas = {"ground_truth_key_ideas": "A", "system_response_key_ideas": "A", "discussion": "d"}
    complete = {"reasoning": "r", **ideas, "completeness": 0.5}
    grounded = {"reasoning": "r", "system_response_claims": "A", "discussion": "e", "groundedness": 1.0}
    lm = DummyLM([complete, grounded] * 2)
    metric = CompleteAndGrounded()
    with context(lm=lm):
        found = metric(EXAMPLE, PRED)
        assert (found.score, found.feedback) == (
            pytest.approx(2 / 3),
            "completeness 0.5, groundedness 1\nd\ne",
        )
        assert metric(EXAMPLE, PRED, trace=[]).score is True
    first, second = (entry["messages"][-1]["content"] for entry in lm.history[:2])
    assert "A is so.\n\nB is not." in second
    assert "A is so." not in first


def test_a_module_as_a_metric_gets_the_trace_that_its_forward_names() -> None:
    class Strict(Module):
        def forward(self, example: Any, pred: Any, trace: Any = None) -> float:
            return 1.0 if trace is None else 0.0

    class Plain(Module):
        async def aforward(self, example: Any, pred: Any) -> float:
            return 0.5

    assert judge(Strict(), EXAMPLE, PRED, trace=None) == 1.0
    assert judge(Strict(), EXAMPLE, PRED, trace=[]) == 0.0
    assert judge(Plain(), EXAMPLE, PRED, trace=[], pred_name="x") == 0.5


def test_an_evaluation_with_a_judge() -> None:
    lm = DummyLM([{"reasoning": "r", "recall": 1.0, "precision": 1.0}] * 2)
    with context(lm=lm):
        result = Evaluate(devset=[EXAMPLE] * 2, metric=SemanticF1(), num_threads=1)(lambda question: PRED)
    assert result.score == 100.0
    assert result.rows[0].feedback == "recall 1, precision 1\nr"
