"""Refine and BestOfN: attempts, rewards, advice, and what of them is seen outside."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.modules.refine import OfferFeedback, source_of
from support.agents import advice, search


def one_word(args: dict[str, Any], pred: Any) -> float:
    """1 for one word."""
    return 1.0 / len(pred.answer.split())


def test_refine_gives_advice_to_the_next_attempt() -> None:
    lm = dspy.DummyLM(
        [
            {"reasoning": "r", "answer": "one two three"},
            advice("Use one word."),
            {"reasoning": "r", "answer": "one two"},
            advice("Fewer."),
            {"reasoning": "r", "answer": "one"},
        ]
    )
    qa = dspy.ChainOfThought("question -> answer")
    refine = dspy.Refine(qa, N=3, reward_fn=one_word, threshold=1.0)
    with dspy.context(lm=lm, trace=[]):
        assert refine(question="q").answer == "one"
        steps = dspy.settings.trace
    prompts = [entry["messages"] for entry in lm.history]
    assert "hint_" not in str(prompts[0])
    assert "def one_word" in prompts[1][-1]["content"]
    assert "[[ ## hint_ ## ]]\nUse one word." in prompts[2][-1]["content"]
    assert "[[ ## hint_ ## ]]\nFewer." in prompts[4][-1]["content"]
    temperatures = [lm.history[index]["kwargs"]["temperature"] for index in (0, 2, 4)]
    assert temperatures == [0.0, 0.5, 0.5 + 0.5 / 3]
    assert [(predictor, list(inputs)) for predictor, inputs, _ in steps] == [(qa.predict, ["question"])]
    assert qa.predict.hint is None


def test_refine_keeps_the_best_and_survives_bad_advice(caplog: pytest.LogCaptureFixture) -> None:
    lm = dspy.DummyLM([{"answer": "a b"}, "no advice", "none", "none", {"answer": "a b c"}])
    refine = dspy.Refine(dspy.Predict("question -> answer"), N=2, reward_fn=one_word, threshold=1.0)
    with caplog.at_level(logging.WARNING, "dspyc"):
        assert refine(question="q", lm=lm).answer == "a b"
    assert "no advice" in caplog.text


class Failing(dspy.Module):
    """Fails as often as it is told, then answers."""

    def __init__(self, failures: int) -> None:
        self.left = [failures]
        self.predict = dspy.Predict("question -> answer")

    def deepcopy(self) -> Any:
        twin = super().deepcopy()
        twin.left = self.left
        return twin

    def forward(self, question: str) -> Any:
        self.left[0] -= 1
        if self.left[0] >= 0:
            raise ValueError("it failed")
        return self.predict(question=question)


@pytest.mark.parametrize("kind", [dspy.Refine, dspy.BestOfN])
def test_failures_are_counted_per_call(kind: Any) -> None:
    lm = dspy.DummyLM([{"answer": "a"}] * 9)
    dspy.configure(lm=lm)
    tried = kind(Failing(1), N=3, reward_fn=one_word, threshold=1.0, fail_count=1)
    for _ in range(3):
        tried.module.left[0] = 1
        assert tried(question="q").answer == "a"
    tried.module.left[0] = 2
    with pytest.raises(ValueError, match="it failed"):
        tried(question="q")
    always = kind(Failing(9), N=3, reward_fn=one_word, threshold=1.0)
    with pytest.raises(ValueError, match="it failed"):
        always(question="q")


def test_best_of_n_stops_at_the_threshold_and_asks_past_the_cache() -> None:
    lm = dspy.DummyLM([{"answer": "a b c"}, {"answer": "a b"}, {"answer": "a"}, {"answer": "never"}])
    predict = dspy.Predict("question -> answer")
    best = dspy.BestOfN(predict, N=4, reward_fn=one_word, threshold=1.0)
    with dspy.context(lm=lm, trace=[]):
        assert best(question="q").answer == "a"
        assert [one for one, _, _ in dspy.settings.trace] == [predict]
    assert [entry["kwargs"].get("rollout_id") for entry in lm.history] == [None, 1, 2]
    assert [entry["kwargs"]["temperature"] for entry in lm.history] == [0.0, 1.0, 1.0]
    assert asyncio.run(best.acall(question="q", lm=dspy.DummyLM([{"answer": "b"}]))).answer == "b"


def test_a_reward_may_be_async_or_a_module_and_must_be_a_number() -> None:
    async def slow(args: Any, pred: Any) -> float:
        await asyncio.sleep(0.001)
        return 1.0

    class Judge(dspy.Module):
        def __init__(self) -> None:
            self.predict = dspy.Predict("answer -> good: bool")

        def forward(self, args: Any, pred: Any) -> float:
            return float(self.predict(answer=pred.answer).good)

    predict = dspy.Predict("question -> answer")
    lm = dspy.DummyLM([{"answer": "a"}] * 2)
    assert dspy.BestOfN(predict, N=1, reward_fn=slow)(question="q", lm=lm).answer == "a"
    judged = dspy.BestOfN(predict, N=1, reward_fn=Judge())
    with dspy.context(lm=dspy.DummyLM([{"answer": "a"}, {"good": "True"}]), trace=[]):
        assert judged(question="q").answer == "a"
        assert len(dspy.settings.trace) == 1
    assert len(judged.named_predictors()) == 1
    wrong = dspy.BestOfN(predict, N=1, reward_fn=lambda args, pred: "good")
    with pytest.raises(dspy.ConfigurationError, match="a reward must be a number, not 'good'"):
        wrong(question="q", lm=lm)


def test_modules_take_settings_for_their_parts_and_refuse_what_is_misspelled() -> None:
    strong = dspy.DummyLM([{"answer": "word"}] * 8)
    refused = dspy.DummyLM(["no field"] * 8)
    for make in (dspy.Refine, dspy.BestOfN):
        part = dspy.Predict("question -> answer")
        module = make(part, N=1, reward_fn=one_word, lm=strong, temperature=0.7, max_tokens=50, top_p=0.5)
        assert module(question="q").answer == "word"
        assert strong.history[-1]["kwargs"] == {"temperature": 0.7, "max_tokens": 50, "top_p": 0.5}
        with pytest.raises(dspy.AdapterParseError):
            make(part, N=1, reward_fn=one_word, fail_count=0, lm=refused, max_retries=0)(question="q")
        for misspelled, meant in [
            ("treshold", "threshold"),
            ("temperatur", "temperature"),
            ("max_token", "max_tokens"),
        ]:
            with pytest.raises(dspy.ConfigurationError, match=f"`{misspelled}`; did you mean `{meant}`"):
                make(part, N=1, reward_fn=one_word, **{misspelled: 1})
    assert len(refused.history) == 2
    agent = dspy.ReAct("question -> answer", tools=[search], lm=strong, temperature=0.7)
    assert [(each.lm, each.config) for each in agent.predictors()] == [(strong, {"temperature": 0.7})] * 2
    with pytest.raises(dspy.ConfigurationError, match="`max_iter`; did you mean `max_iters`"):
        dspy.ReAct("question -> answer", tools=[search], max_iter=3)


def test_refine_takes_an_lm_for_its_parts() -> None:
    lm = dspy.DummyLM([{"answer": "a"}])
    refine = dspy.Refine(dspy.Predict("question -> answer"), N=1, reward_fn=one_word, lm=lm, temperature=0.3)
    assert refine(question="q").answer == "a"
    assert lm.history[0]["kwargs"]["temperature"] == 0.3


def test_sources_are_shown_where_there_are_any() -> None:
    assert "1 for one word" in source_of(one_word)
    scope: dict[str, Any] = {}
    exec("class Hidden:\n    'A class without source.'\n", scope)  # noqa: S102
    assert source_of(scope["Hidden"]) == "Hidden: A class without source."
    assert list(OfferFeedback.output_fields) == ["discussion", "advice"]
