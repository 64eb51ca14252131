"""ReActV2: calls of tools as text and in the provider's way, several at a time."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.lm.capabilities import Capabilities
from dspyc.runtime.lm.messages import Text, ToolCall
from dspyc.runtime.lm.request import Completion


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def calls(*wanted: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    written = {"tool_calls": [{"name": name, "args": args} for name, args in wanted]}
    return {"next_thought": "t", "tool_calls": json.dumps(written)}


class Native(dspy.BaseLM):
    """Calls tools in OpenAI's way, from a script of turns."""

    model = "native"
    capabilities = Capabilities(native_tools=True)

    def __init__(self, *turns: list[tuple[str, dict[str, Any]]]) -> None:
        super().__init__()
        self.turns = list(turns)
        self.requests: list[Any] = []

    def complete(self, request: Any) -> Any:
        self.requests.append(request)
        turn = self.turns.pop(0)
        parts: tuple[Any, ...] = tuple(
            ToolCall(f"c{len(self.requests)}{at}", name, json.dumps(args))
            for at, (name, args) in enumerate(turn)
        )
        return dspy.Response([Completion(parts or (Text("I do not know."),), "tool_calls")])


@pytest.mark.parametrize("is_async", [False, True])
def test_calls_as_text(is_async: bool) -> None:
    agent = dspy.ReActV2("question -> answer: int", tools=[add])
    lm = dspy.DummyLM(
        [
            calls(("add", {"a": 1, "b": "2"}), ("add", {"a": "x", "b": 2}), ("subtract", {})),
            calls(("submit", {"answer": "3"})),
        ]
    )
    found = asyncio.run(agent.acall(question="q", lm=lm)) if is_async else agent(question="q", lm=lm)
    assert (found.answer, found.termination_reason) == (3, "submit")
    first = found.history.messages[0]
    assert first["question"] == "q"
    results = first["tool_calls"].tool_call_results.tool_call_results
    assert [(each.value, each.is_error) for each in results[:1]] == [(3, False)]
    assert "contains no number" in results[1].value
    assert results[2].value == "Unknown tool: subtract. The tools are add, submit."
    second = [message["content"] for message in lm.history[1]["messages"]]
    assert second[1].startswith("[[ ## question ## ]]\nq")
    assert '"value": 3' in second[3]
    assert "question" not in second[4]
    assert [name for name, _ in agent.named_predictors()] == ["react"]


def test_calls_in_the_providers_way() -> None:
    agent = dspy.ReActV2("question -> answer: int", tools=[add])
    lm = Native([("add", {"a": 1, "b": 2}), ("add", {"a": 3, "b": 4})], [("submit", {"answer": 10})])
    with dspy.context(adapter=dspy.ChatAdapter(use_native_function_calling=True)):
        found = agent(question="q", lm=lm)
    assert found.answer == 10
    assert [tool.name for tool in lm.requests[0].tools] == ["add", "submit"]
    messages = lm.requests[1].messages
    called = next(each for each in messages if each["role"] == "assistant")
    assert [each["id"] for each in called["tool_calls"]] == ["c10", "c11"]
    assert [(each["tool_call_id"], each["content"]) for each in messages if each["role"] == "tool"] == [
        ("c10", "3"),
        ("c11", "7"),
    ]


def test_calls_of_a_turn_run_at_the_same_time() -> None:
    running = most = 0

    async def slow(n: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1
        return n

    def blocking(n: int) -> int:
        time.sleep(0.05)
        return n

    agent = dspy.ReActV2("question -> answer: int", tools=[slow, blocking])
    lm = dspy.DummyLM(
        [
            calls(*(("slow", {"n": n}) for n in range(4)), ("blocking", {"n": 9})),
            calls(("submit", {"answer": 1})),
        ]
    )
    first = agent(question="q", lm=lm).history.messages[0]
    assert [each.value for each in first["tool_calls"].tool_call_results.tool_call_results] == [0, 1, 2, 3, 9]
    assert most == 4


def test_a_conversation_goes_on() -> None:
    agent = dspy.ReActV2("question -> answer: int", tools=[add])
    lm = dspy.DummyLM([calls(("submit", {"answer": 1})), calls(("submit", {"answer": 2}))])
    first = agent(question="one", lm=lm)
    second = agent(question="two", history=first.history, lm=lm)
    assert second.answer == 2
    assert [turn.get("question") for turn in second.history.messages] == ["one", "two"]
    assert len(first.history.messages) == 1
    contents = [message["content"] for message in lm.history[1]["messages"]]
    assert any("one" in content for content in contents)


def test_the_outputs_are_checked_and_the_model_told() -> None:
    class Rate(dspy.Signature):
        text: str = dspy.InputField()
        score: float = dspy.OutputField(ge=0, le=1)
        why: str = dspy.OutputField()

    lm = dspy.DummyLM(
        [
            calls(("submit", {"score": 7, "why": "good"})),
            calls(("submit", {"score": 0.5})),
            calls(("submit", {"score": "0.5", "why": "so"})),
        ]
    )
    found = dspy.ReActV2(Rate, tools=[])(text="x", lm=lm)
    assert (found.score, found.why) == (0.5, "so")
    said = [
        turn["tool_calls"].tool_call_results.tool_call_results[0].value for turn in found.history.messages
    ]
    assert "`score` is 7" in said[0]
    assert "needs the argument why" in said[1]


@pytest.mark.parametrize("first", [[("add", {"a": 1, "b": 2})], []])
def test_the_model_is_told_to_submit_at_last(first: list[Any]) -> None:
    agent = dspy.ReActV2("question -> answer: int", tools=[add], max_iters=1)
    lm = Native(first, [("submit", {"answer": 3})])
    with dspy.context(adapter=dspy.ChatAdapter(use_native_function_calling=True)):
        found = agent(question="q", lm=lm)
    assert (found.answer, found.termination_reason) == (3, "forced_submit")
    assert lm.requests[1].settings["tool_choice"]["function"]["name"] == "submit"


def test_when_it_never_submits() -> None:
    agent = dspy.ReActV2("question -> answer: int", tools=[add], max_iters=1)
    lm = dspy.DummyLM([calls(("add", {"a": 1, "b": 2})), calls(("submit", {"answer": "many"}))])
    with pytest.raises(dspy.ToolError, match=r"did not give its outputs by a call of `submit`: .*number"):
        agent(question="q", lm=lm)


@pytest.mark.parametrize(
    "signature", ["history -> a", "tools -> a", "q -> history", "q -> termination_reason"]
)
def test_names_of_its_own(signature: str) -> None:
    with pytest.raises(dspy.ConfigurationError, match="it has its own"):
        dspy.ReActV2(signature, tools=[])
    with pytest.raises(dspy.ConfigurationError, match="`submit` conflicts with built-in"):
        dspy.ReActV2("q -> a", tools=[dspy.Tool(add, name="submit")])
