"""`TwoStepAdapter`: DSPy's messages, and a second model that extracts the fields."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.execution.replacing import replacing
from support.chat_cases import messages
from support.openai_server import OpenAIServer, Reply

GOLDEN = json.loads(
    (Path(__file__).parent / "goldens" / "two_step_messages.json").read_text(encoding="utf-8")
)
BETTER = {"history", "training data"}
"""What DSPy lacks: earlier turns as turns, and training data."""


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return messages(dspy, dspy.TwoStepAdapter(dspy.DummyLM([])))


@pytest.mark.parametrize("name", sorted(GOLDEN.keys() - BETTER))
def test_messages_are_dspys(made: dict[str, Any], name: str) -> None:
    assert made[name] == GOLDEN[name]


def test_earlier_turns_are_turns(made: dict[str, Any]) -> None:
    roles = [message["role"] for message in made["history"]]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user", "user"]
    assert made["history"][-1]["content"] == "question: q"


TWO = dspy.Signature("question -> answer: str, score: int")


def run(main: Any, extractor: Any, signature: Any = TWO, **more: Any) -> Any:
    with dspy.context(lm=main, adapter=dspy.TwoStepAdapter(extractor)):
        return dspy.Predict(signature, **more)(question="Peru?")


def test_the_second_model_reads_what_the_first_one_wrote() -> None:
    main, extractor = (
        dspy.DummyLM(["It is Lima. I am rather sure: 9."]),
        dspy.DummyLM([{"answer": "Lima", "score": 9}]),
    )
    found = run(main, extractor)
    assert (found.answer, found.score) == ("Lima", 9)
    assert main.history[-1]["messages"][-1]["content"] == "question: Peru?"
    asked = extractor.history[-1]["messages"]
    assert "It is Lima. I am rather sure: 9." in asked[-1]["content"]
    assert "[[ ## score ## ]]" in asked[0]["content"]


def test_it_works_on_an_event_loop_with_several_answers() -> None:
    main = dspy.DummyLM(["one", "two"])
    extractor = dspy.DummyLM([{"answer": "1", "score": 1}, {"answer": "2", "score": 2}])

    async def go() -> Any:
        with dspy.context(lm=main, adapter=dspy.TwoStepAdapter(extractor)):
            return await dspy.Predict(TWO).acall(question="x", config={"n": 2, "temperature": 1.0})

    found = asyncio.run(go())
    assert found.completions.answer == ["1", "2"]


def test_an_extraction_that_fails_is_tried_again_and_then_asked_anew() -> None:
    main = dspy.DummyLM(["no score", "score 3"])
    extractor = dspy.DummyLM(
        [{"answer": "x"}, {"answer": "x"}, {"answer": "x", "score": "none"}, {"answer": "x", "score": "3"}]
    )
    assert run(main, extractor).score == 3
    again = main.history[-1]["messages"][-1]["content"]
    assert "the extraction model found no fields" in again
    assert len(extractor.history) == 4


def test_conditions_are_checked_with_the_inputs_and_go_back_to_the_first_model() -> None:
    def short(values: dict[str, Any]) -> bool:
        return len(values["answer"]) < len(values["question"])

    signature = dspy.Signature(
        {
            "question": dspy.InputField(),
            "answer": dspy.OutputField(where=(("len(answer) < len(question)", short),)),
        }
    )
    main = dspy.DummyLM(["very long", "short"])
    extractor = dspy.DummyLM([{"answer": "very long indeed"}, {"answer": "ok"}])
    assert run(main, extractor, signature).answer == "ok"
    assert "len(answer) < len(question)" in main.history[-1]["messages"][-1]["content"]


def test_errors_name_the_adapter_and_keep_the_cause() -> None:
    with pytest.raises(dspy.AdapterParseError, match="extraction model") as caught:
        run(dspy.DummyLM(["a"]), dspy.DummyLM([{"wrong": "b"}] * 9), max_retries=0)
    assert caught.value.adapter_name == "TwoStepAdapter"
    assert isinstance(caught.value.__cause__, dspy.AdapterParseError)


def test_parse_alone_asks_the_model() -> None:
    adapter = dspy.TwoStepAdapter(dspy.DummyLM([{"answer": "Lima", "score": 1}]))
    assert adapter.parse(TWO, "Lima, 1") == {"answer": "Lima", "score": 1}


@pytest.mark.parametrize("wrong", ["openai/gpt-4o-mini", None])
def test_something_else_than_a_model_is_refused(wrong: Any) -> None:
    with pytest.raises(dspy.ConfigurationError, match="extraction_model"):
        dspy.TwoStepAdapter(wrong)


def test_models_are_replaced_on_the_command_lines_word() -> None:
    main, other = dspy.DummyLM([]), dspy.DummyLM(["text", {"answer": "a", "score": 1}])
    with replacing(other):
        assert run(main, dspy.DummyLM([])).answer == "a"
    assert len(other.history) == 2


def test_both_models_may_be_servers() -> None:
    with OpenAIServer() as server:
        server.script(Reply("Lima, 7"), Reply("[[ ## answer ## ]]\nLima\n\n[[ ## score ## ]]\n7"))
        strong, small = (
            dspy.LM(f"openai/{name}", api_base=server.api_base, api_key="k", cache=False)
            for name in ("strong", "small")
        )
        assert run(strong, small).score == 7
        assert [each.body["model"] for each in server.requests] == ["strong", "small"]
