"""Agents whose parts a test of DSPy's replaces, and the tools that they take."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.errors import (
    ConfigurationError,
)

# --- parts that a test has replaced ---------------------------------------------------------------------


class Scripted:
    """In a predictor's place: gives predictions one after another, or raises; counts how it was called."""

    def __init__(self, *steps: Any) -> None:
        self.steps = list(steps)
        self.ways: list[str] = []

    def _next(self) -> Any:
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            raise step
        return dspy.Prediction(**step)

    def __call__(self, **inputs: Any) -> Any:
        self.ways.append("called")
        return self._next()

    async def acall(self, **inputs: Any) -> Any:
        self.ways.append("awaited")
        return self._next()


def echo(text: str) -> str:
    """Say it again."""
    return f"again: {text}"


STEP = {"next_thought": "t", "next_tool_name": "echo", "next_tool_args": {"text": "x"}}
LAST = {"next_thought": "t", "next_tool_name": "finish", "next_tool_args": {}}


class Foreign(type("ContextWindowExceededError", (Exception,), {})):  # type: ignore[misc]
    """What another library raises for a prompt that is too long."""


@pytest.mark.parametrize("error", [Foreign("too long"), dspy.ContextWindowExceededError(model="m")])
@pytest.mark.parametrize("awaited", [False, True])
def test_agents_with_replaced_parts(error: Exception, awaited: bool) -> None:
    agent = dspy.ReAct("q -> a", tools=[echo])
    agent.react = Scripted(STEP, STEP, error, LAST)
    agent.extract = Scripted({"a": "done"})
    found = asyncio.run(agent.acall(q="x")) if awaited else agent(q="x")
    assert found.a == "done"
    assert found.trajectory["observation_1"] == "again: x"
    assert found.trajectory["tool_name_2"] == "finish"
    assert {*agent.react.ways, *agent.extract.ways} == {"awaited" if awaited else "called"}


def test_an_agent_that_is_always_told_too_much() -> None:
    agent = dspy.ReAct("q -> a", tools=[echo])

    def too_much(**inputs: Any) -> Any:
        raise Foreign("too long")

    agent.react = too_much
    agent.extract = lambda **inputs: dspy.Prediction(a="nothing was done")
    found = agent(q="x")
    assert (found.a, found.trajectory) == ("nothing was done", {})
    agent.react = Scripted(ValueError("another error"))
    with pytest.raises(ValueError, match="another error"):
        agent(q="x")


class Recorded:
    """An interpreter that gives what it was told to."""

    def __init__(self, *results: Any) -> None:
        self.results = list(results)
        self.tools: dict[str, Any] = {}
        self.code: list[str] = []

    def start(self) -> None:
        pass

    def execute(self, code: str, variables: Any = None) -> Any:
        self.code.append(code)
        return self.results.pop(0)

    def shutdown(self) -> None:
        self.code.append("shut down")


@pytest.mark.parametrize("awaited", [False, True])
def test_modules_that_run_code_with_replaced_parts(awaited: bool) -> None:
    def ask(module: Any) -> Any:
        return asyncio.run(module.acall(q="x")) if awaited else module(q="x")

    made: list[Recorded] = []

    def factory() -> Recorded:
        made.append(Recorded("seen", dspy.FinalOutput({"a": "7"})))
        return made[-1]

    options: Any = {"interpreter_factory": factory, "allow_code": True}
    session = dspy.RLM("q -> a", **options)
    session.generate_action = Scripted({"reasoning": "look", "code": "print(q)"})
    assert ask(session).a == "7"
    thinker = dspy.ProgramOfThought("q -> a", **options)
    thinker.code_generate = Scripted({"generated_code": "1"})
    thinker.generate_output = Scripted({"a": "8"})
    assert ask(thinker).a == "8"
    actor = dspy.CodeAct("q -> a", [echo], **options)
    actor.codeact = Scripted({"generated_code": "echo(q)", "finished": True})
    actor.extractor = Scripted({"a": "9"})
    assert ask(actor).a == "9"
    assert [one.code[0] for one in made] == ["print(q)", "1", "echo(q)"]
    assert all(one.code[-1] == "shut down" for one in made)


# --- tools of code --------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", [dspy.RLM, dspy.CodeAct])
@pytest.mark.parametrize("name", ["get-weather", "1st", "for", ""])
def test_code_calls_tools_by_identifiers(module: Any, name: str) -> None:
    tool = dspy.Tool(echo, name="x")
    tool.name = name
    with pytest.raises(ConfigurationError, match="must be a valid Python identifier"):
        module("q -> a", tools=[tool])


@pytest.mark.parametrize("agent", [dspy.ReAct, dspy.RLM, dspy.CodeAct, dspy.ReActV2])
def test_what_is_no_list_of_tools(agent: Any) -> None:
    with pytest.raises(TypeError, match="tools must be a list, not a dict") as caught:
        agent("q -> a", tools={"echo": echo})
    assert isinstance(caught.value, dspy.ToolError)
    with pytest.raises(TypeError, match="5 must be callable"):
        agent("q -> a", tools=[5])


@pytest.mark.parametrize("name", ["return_outputs", "return_all_scores"])
def test_parameters_of_older_versions_say_what_is_there_instead(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"no parameter `{name}`: the result has .*`results`"):
        dspy.Evaluate(devset=[dspy.Example(a=1)], metric=len, **{name: True})


def test_what_an_optimizer_refuses_is_a_value_error() -> None:
    for optimizer in (dspy.COPRO(metric=len), dspy.BootstrapFewShot(metric=len), dspy.BootstrapFinetune()):
        with pytest.raises(ValueError, match="cannot be empty"):
            optimizer.compile(dspy.Predict("q -> a"), trainset=[])
