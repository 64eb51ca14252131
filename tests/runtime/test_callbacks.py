"""Callbacks hear of every call once, in order, with its id and that of the call around it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.execution.callbacks import ACTIVE_CALL_ID, with_callbacks


class Heard(dspy.BaseCallback):
    """Notes every event, by the names of the handlers."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, str | None, Any]] = []

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("on_"):
            return super().__getattribute__(name)

        def note(call_id: str, **facts: Any) -> None:
            self.events.append((name[3:], call_id, ACTIVE_CALL_ID.get(), facts))

        return note

    @property
    def names(self) -> list[str]:
        return [name for name, *_ in self.events]

    def of(self, name: str) -> list[dict[str, Any]]:
        return [facts for event, _, _, facts in self.events if event == name]

    def verify_pairs(self) -> None:
        """Each start has one end with its id, and calls are nested as their ids say."""
        open_: list[str] = []
        for name, call_id, active, _ in self.events:
            if name.endswith("_start"):
                assert active == (open_[-1] if open_ else None)
                open_.append(call_id)
            else:
                assert open_.pop() == call_id
        assert open_ == []


ONE_PARSE = ["adapter_parse_start", "adapter_parse_end"]
ASKED = ["adapter_format_start", "adapter_format_end", "lm_start", "lm_end"]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_callbacks_of_all_calls_hear_of_each_level(asynchronous: bool) -> None:
    heard = Heard()
    dspy.configure(
        lm=dspy.DummyLM([{"reasoning": "r", "answer": str(n)} for n in range(3)]), callbacks=[heard]
    )
    program = dspy.ChainOfThought("question -> answer", n=3)
    given = asyncio.run(program.acall(question="q")) if asynchronous else program(question="q")
    assert heard.names == ["module_start", "module_start", *ASKED, *ONE_PARSE * 3, "module_end", "module_end"]
    heard.verify_pairs()
    outer, inner = heard.of("module_start")
    assert outer["instance"] is program
    assert outer["inputs"] == {"args": (), "kwargs": {"question": "q"}}
    assert inner["instance"] is program.predict
    assert heard.of("module_end")[1]["outputs"] is given
    assert heard.of("lm_end")[0]["outputs"].response.texts[2].endswith("2")
    assert len({call_id for _, call_id, _, _ in heard.events}) == 7


def test_an_object_has_callbacks_of_its_own() -> None:
    class Plain(dspy.Module):
        def forward(self, x: int) -> int:
            return x + 1

    everywhere, own = Heard(), Heard()
    assert Plain(callbacks=[own])(1) == 2
    dspy.configure(callbacks=[everywhere])
    assert Plain(callbacks=[own])(x=2) == Plain()(2) == 3
    assert own.names == ["module_start", "module_end"] * 2
    assert everywhere.names == ["module_start", "module_end"] * 2
    assert own.of("module_start")[0]["inputs"] == {"args": (1,), "kwargs": {}}
    with dspy.context(callbacks=[]):
        Plain()(3)
    assert len(everywhere.events) == 4


@pytest.mark.parametrize(
    "make",
    [
        lambda heard: dspy.Predict("question -> answer", callbacks=[heard]),
        lambda heard: dspy.Predict("question -> answer", temperature=0.5, callbacks=[heard]),
        lambda heard: dspy.BestOfN(
            dspy.Predict("question -> answer"), 1, lambda i, p: 1.0, callbacks=[heard]
        ),
    ],
)
def test_every_module_takes_callbacks(make: Any) -> None:
    heard = Heard()
    module = make(heard)
    lm = dspy.DummyLM([{"answer": "a"}])
    assert module(question="q", lm=lm).answer == "a"
    assert heard.names == ["module_start", "module_end"]
    assert "callbacks" not in lm.history[0]["kwargs"]
    assert module.deepcopy().callbacks[0] is heard


def test_a_failed_call_ends_with_its_error() -> None:
    heard = Heard()
    dspy.configure(callbacks=[heard], lm=dspy.DummyLM([{"wrong": "x"}] * 3))
    with pytest.raises(dspy.AdapterParseError) as caught:
        dspy.Predict("question -> answer: int")(question="q")
    heard.verify_pairs()
    assert heard.of("module_end") == [{"outputs": None, "exception": caught.value}]
    assert [type(each["exception"]) for each in heard.of("adapter_parse_end")] == [dspy.AdapterParseError] * 3
    assert [each["exception"] for each in heard.of("lm_end")] == [None] * 3


def test_an_error_in_a_callback_breaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(dspy.BaseCallback):
        def on_module_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
            raise ValueError("of its own")

        def on_module_end(self, call_id: str) -> None:  # type: ignore[override]
            raise AssertionError("is never called: it takes other arguments")

    class Bare:
        """Not even a BaseCallback."""

    heard = Heard()
    dspy.configure(callbacks=[Broken(), Bare(), heard], lm=dspy.DummyLM([{"answer": "a"}]))
    with caplog.at_level(logging.ERROR, "dspyc"):
        assert dspy.Predict("question -> answer")(question="q").answer == "a"
    assert heard.names == ["module_start", *ASKED, *ONE_PARSE, "module_end"]
    assert [record.message for record in caplog.records] == ["a callback failed"] * 2
    assert "takes" not in caplog.records[0].message


def test_modules_inside_know_the_call_around_them_in_threads_and_tasks_too() -> None:
    class Child(dspy.Module):
        async def aforward(self, n: int) -> int:
            await asyncio.sleep(0.001)
            return n

    class Parent(dspy.Module):
        def __init__(self) -> None:
            self.child = Child()

        async def aforward(self) -> list[int]:
            return list(await asyncio.gather(*(self.child.acall(n=n) for n in range(3))))

    heard = Heard()
    dspy.configure(callbacks=[heard])
    assert Parent()() == [0, 1, 2]
    (_, parent, outside, _), *children = [event for event in heard.events if event[0] == "module_start"]
    assert outside is None
    assert [active for _, _, active, _ in children] == [parent] * 3

    class Threads(dspy.Module):
        def __init__(self) -> None:
            self.child = Child()

        def forward(self) -> Any:
            rows = [dspy.Example(n=n).with_inputs("n") for n in range(3)]
            return self.child.batch(rows, num_threads=3)

    heard.events.clear()
    assert Threads()() == [0, 1, 2]
    (_, parent, _, _), *children = [event for event in heard.events if event[0] == "module_start"]
    assert [active for _, _, active, _ in children] == [parent] * 3


def test_tools_are_heard_of_alone_and_inside_an_agent() -> None:
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    async def later(a: int) -> int:
        """Wait."""
        return a

    heard = Heard()
    assert dspy.Tool(add, callbacks=[heard])(a=1, b="2") == 3
    assert dspy.Tool(later, callbacks=[heard])(a=1) == 1
    with pytest.raises(dspy.ToolError):
        dspy.Tool(add, callbacks=[heard])(a=1)
    assert heard.names == ["tool_start", "tool_end"] * 3
    assert heard.of("tool_start")[0]["inputs"] == {"kwargs": {"a": 1, "b": "2"}}
    assert [each["outputs"] for each in heard.of("tool_end")] == [3, 1, None]
    heard.events.clear()
    steps = [
        {"next_thought": "t", "next_tool_name": "add", "next_tool_args": {"a": 1, "b": 2}},
        {"next_thought": "t", "next_tool_name": "finish", "next_tool_args": {}},
        {"reasoning": "r", "answer": "3"},
    ]
    dspy.configure(callbacks=[heard], lm=dspy.DummyLM(steps))
    dspy.ReAct("question -> answer", tools=[add])(question="q")
    heard.verify_pairs()
    assert [facts["instance"].name for facts in heard.of("tool_start")] == ["add", "finish"]


def test_evaluations_and_optimizers_are_heard_of() -> None:
    heard = Heard()
    rows = [dspy.Example(question="q", answer="a").with_inputs("question")]
    dspy.configure(lm=dspy.DummyLM({"q": {"answer": "a"}}), callbacks=[heard])
    program = dspy.Predict("question -> answer")
    evaluate = dspy.Evaluate(devset=rows, metric=dspy.answer_exact_match)
    result = evaluate(program, callback_metadata={"round": 1})
    heard.verify_pairs()
    assert heard.names[0] == "evaluate_start"
    assert heard.names[-1] == "evaluate_end"
    assert heard.of("evaluate_start")[0]["inputs"]["callback_metadata"] == {"round": 1}
    assert heard.of("evaluate_start")[0]["inputs"]["program"] is program
    assert heard.of("evaluate_end")[0]["outputs"] is result
    heard.events.clear()

    class Twice(dspy.LabeledFewShot):
        def compile(self, student: Any, **kwargs: Any) -> Any:
            return super().compile(student, **kwargs)

    compiled = Twice(k=1).compile(program, trainset=rows)
    assert heard.names == ["compile_start", "compile_end"]
    assert heard.of("compile_start")[0]["inputs"]["student"] is program
    assert heard.of("compile_end")[0]["outputs"] is compiled
    own = Heard()
    dspy.LabeledFewShot(k=1, callbacks=[own]).compile(program, trainset=rows)
    assert own.names == ["compile_start", "compile_end"]


def test_methods_of_ones_own_can_be_heard_of() -> None:
    class Target(dspy.Module):
        @with_callbacks
        def forward(self, x: int, y: str = "2") -> int:
            return x + int(y)

    heard = Heard()
    target = Target(callbacks=[heard])
    assert target.forward(1) == 3
    assert heard.of("module_start")[0]["inputs"] == {"x": 1, "y": "2"}
    with pytest.raises(TypeError):
        target.forward()
    assert isinstance(heard.of("module_end")[1]["exception"], TypeError)


def test_answers_in_pieces_are_heard_of() -> None:
    heard = Heard()
    lm = dspy.DummyLM(["whole"])
    lm.callbacks = [heard]

    async def collect() -> list[str]:
        return [delta.text async for delta in lm.astream("q")]

    assert "".join(asyncio.run(collect())) == "whole"
    assert heard.names == ["lm_start", "lm_end"]
    assert heard.of("lm_end")[0]["outputs"] == ["whole"]
