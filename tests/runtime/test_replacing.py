"""Models that answer in the place of others, wherever those come from."""

from __future__ import annotations

import asyncio
from typing import Any

from dspyc.runtime import LM, BestOfN, ChainOfThought, DummyLM, Example, Module, Predict, Prediction, context
from dspyc.runtime.execution.replacing import in_place_of, replacing
from dspyc.runtime.lm.request import Request, Response
from dspyc.runtime.modules.models import models_of


def scripted(text: str) -> DummyLM:
    return DummyLM({"q": {"a": text}})


class Wrapped(LM):
    """A model with a call of its own, as wrappers have that count or log."""

    def __init__(self) -> None:
        super().__init__("test/wrapped", cache=False)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("this model was asked")


def test_a_model_for_everything_also_answers_for_parts_and_calls() -> None:
    own, given, other = scripted("own"), scripted("given"), scripted("other")
    program = Predict("q -> a", lm=own)
    with context(lm=given), replacing(other):
        assert program(q="q").a == "other"
        assert program(q="q", lm=given).a == "other"
        assert Predict("q -> a")(q="q").a == "other"
        assert own("q") == ["[[ ## a ## ]]\nother"]
        assert asyncio.run(own.acall("q")) == ["[[ ## a ## ]]\nother"]
        assert list(models_of(program).values()) == [other]
        assert Predict("q -> a", lm=Wrapped())(q="q").a == "other"
    assert program(q="q").a == "own"


def test_where_there_is_no_model_one_answers_for_it() -> None:
    with replacing(scripted("other")):
        assert Predict("q -> a")(q="q").a == "other"
    with replacing(otherwise=scripted("instead")):
        assert Predict("q -> a")(q="q").a == "instead"
        assert Predict("q -> a", lm=scripted("own"))(q="q").a == "own"


def test_a_single_model_is_replaced_and_its_copies_with_it() -> None:
    first, second, other = scripted("first"), scripted("second"), scripted("other")

    class Both(Module):
        def __init__(self) -> None:
            self.one = Predict("q -> a", lm=first)
            self.two = ChainOfThought("q -> a", lm=second)

        def forward(self, q: str) -> Prediction:
            return Prediction(found=[self.one(q=q).a, self.two(q=q).a])

    second.answers = {"q": {"reasoning": "so", "a": "second"}}
    with replacing(pairs=[(first, other)]):
        assert Both()(q="q").found == ["other", "second"]
        assert in_place_of(first.copy(temperature=1.0)) is other
        assert in_place_of(other.copy(temperature=1.0)) is not other, "a copy of what answers stays itself"
    assert Both()(q="q").found == ["first", "second"]


def test_single_models_come_before_the_one_for_everything() -> None:
    first, second = scripted("first"), scripted("second")
    with replacing(scripted("everything"), [(first, scripted("other"))]):
        assert Predict("q -> a", lm=first)(q="q").a == "other"
        assert Predict("q -> a", lm=second)(q="q").a == "everything"


def test_attempts_of_a_replaced_model_are_new_ones() -> None:
    asked: list[Any] = []

    class Keeping(DummyLM):
        def complete(self, request: Request) -> Response:
            asked.append(request.settings.get("rollout_id"))
            return super().complete(request)

    def reward(args: Any, pred: Any) -> float:
        return 0.0

    best = BestOfN(Predict("q -> a", lm=scripted("own")), N=3, reward_fn=reward, threshold=1.0)
    with replacing(Keeping({"q": {"a": "other"}})):
        assert best(q="q").a == "other"
    assert len(set(asked)) == 3


def test_threads_see_it() -> None:
    program = Predict("q -> a", lm=scripted("own"))
    rows = [Example(q=f"q{number}").with_inputs("q") for number in range(4)]
    with replacing(scripted("other")):
        found = program.batch(rows, num_threads=4)
    assert [each.a for each in found] == ["other"] * 4
