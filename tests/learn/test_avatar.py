"""Avatar agents, and the optimizer that rewrites how they choose their tools."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import (
    Avatar,
    AvatarOptimizer,
    BootstrapFewShot,
    Example,
    InputError,
    Module,
    OptimizerError,
    Predict,
    Prediction,
    Program,
    context,
    load,
)
from dspyc.runtime.lm.request import Request, Response
from dspyc.runtime.modules.avatar import ActionOutput
from dspyc.runtime.optimizers.plan import Span
from support.banking import demos
from support.neighbour import Neighbour, sections, written
from support.resumable import Killed

CAPITALS = {"France": "Paris", "Peru": "Lima", "Chad": "N'Djamena", "Laos": "Vientiane"}


def capital(country: str) -> str:
    """The capital of a country."""
    return CAPITALS[country]


def add(a: int, b: int) -> int:
    """The sum of two numbers."""
    return a + b


class Actor(Neighbour):
    """Looks countries up if its instructions say so, or for half of them; then answers with what it found.

    Asked for feedback and new instructions, it writes some that help.
    """

    kill_at = 10**9

    def complete(self, request: Request) -> Response:
        last = sections(str(request.messages[-1]["content"]))
        self.asked.append(last)
        if len(self.asked) >= self.kill_at:
            raise Killed
        system = str(request.messages[0]["content"])
        wanted = re.findall(
            r"`(\w+)`", system.partition("Your output fields are:")[2].partition("All inter")[0]
        )
        return Response((written({name: self.say(name, last, system) for name in wanted}),))

    def say(self, name: str, last: dict[str, str], system: str) -> str:
        """One field."""
        if name == "feedback":
            return "It should use its tool for every country."
        if name == "new_instruction":
            return "Always look the country up." if "every country" in last["feedback"] else "Do as you like."
        if name == "action":
            country = last["question"].split()[-1].rstrip("?")
            looked_up = "result_1" in last.get("trajectory", "") or "result_1" in last
            if looked_up or ("Always" not in system and len(country) > 4):
                return json.dumps({"tool_name": "Finish", "tool_input_query": {}})
            return json.dumps({"tool_name": "capital", "tool_input_query": country})
        return last.get("result_1") or "unknown"


ROWS = [
    Example(question=f"Capital of {land}?", answer=city).with_inputs("question")
    for land, city in CAPITALS.items()
]


def right(example: Any, pred: Any, trace: Any = None) -> bool:
    return bool(example.answer == pred.answer)


def agent(**more: Any) -> Avatar:
    return Avatar("question -> answer", tools=[capital, add], **more)


def test_it_acts_until_it_finishes_and_says_what_it_did() -> None:
    with context(lm=Actor()):
        found = agent()(question="Capital of Peru?")
    assert found.answer == "Lima"
    assert found.actions == [ActionOutput("capital", "Peru", "Lima")]
    with context(lm=Actor()):
        assert asyncio.run(agent().acall(question="Capital of Chad?")).answer == "N'Djamena"


def test_the_actor_sees_the_goal_the_tools_and_what_it_did() -> None:
    lm = Actor()
    with context(lm=lm):
        Avatar("question -> answer", tools=[capital])(question="Capital of Laos?")
    first, second, answer = lm.asked
    assert first["goal"] == "Given the fields `question`, produce the fields `answer`."
    assert "The capital of a country." in first["tools"]
    assert "Finish" in first["tools"]
    assert "Vientiane" in json.dumps(second)
    assert "goal" not in answer


@pytest.mark.parametrize(
    ("query", "tool", "output"),
    [
        ({"a": 2, "b": 3}, "add", 5),
        ("3", "add", "Execution error in add: "),
        ("France", "capital", "Paris"),
        ({"country": "France"}, "capital", "Paris"),
        ("Atlantis", "capital", "Execution error in capital: KeyError"),
        ("x", "fly", "There is no tool 'fly'. The tools are capital, add, Finish."),
    ],
)
def test_whatever_a_tool_does_is_shown(query: Any, tool: str, output: Any) -> None:
    class Once(Actor):
        def say(self, name: str, last: dict[str, str], system: str) -> str:
            if name != "action":
                return "done"
            done = "result_1" in json.dumps(last)
            chosen = {"tool_name": "Finish"} if done else {"tool_name": tool, "tool_input_query": query}
            return json.dumps(chosen)

    with context(lm=Once()):
        [action] = agent()(question="?").actions
    assert action.tool_output == output or str(action.tool_output).startswith(str(output))


def test_it_stops_after_so_many_actions(caplog: pytest.LogCaptureFixture) -> None:
    class Restless(Actor):
        def say(self, name: str, last: dict[str, str], system: str) -> str:
            return '{"tool_name": "capital", "tool_input_query": "Peru"}' if name == "action" else "Lima"

    caplog.set_level(logging.INFO, "dspyc")
    with context(lm=Restless()):
        assert len(agent(verbose=True)(question="?").actions) == 3
        assert len(agent(max_iters=5)(question="?").actions) == 5
        assert len(agent()(question="?", max_iters=1).actions) == 1
    assert "action 3: capital({'country': 'Peru'}) gave Lima" in caplog.messages
    with pytest.raises(InputError), context(lm=Restless()):
        agent()()


def test_it_is_saved_whole_and_learns_from_runs(tmp_path: Path) -> None:
    with context(lm=Actor()):
        few = BootstrapFewShot(metric=right, max_bootstrapped_demos=1, max_labeled_demos=0)
        program = few.compile(agent(), trainset=ROWS[1:])
        shown = demos(program)
        assert shown["actor"]
        assert shown["answer"][0]["answer"] == "Lima"
        program.save(tmp_path / "agent", save_program=True)
        whole = load(tmp_path / "agent", allow_code=True)
        program.save(tmp_path / "agent.json")
        other = agent()
        other.load(tmp_path / "agent.json")
        for each in (whole, other):
            assert each(question="Capital of Chad?").answer == "N'Djamena"
            assert demos(each) == shown


def test_instructions_are_written_from_what_went_well_and_what_did_not() -> None:
    lm = Actor()
    with context(lm=lm):
        student = agent()
        program: Any = AvatarOptimizer(right, max_iters=3).compile(student, trainset=ROWS)
    assert program.actor.signature.instructions == "Always look the country up."
    assert student.actor.signature.instructions.startswith("You reach a goal")
    assert [each["score"] for each in program.candidate_programs] == [100.0, 75.0]
    [compared] = [each for each in lm.asked if "pos_input_with_metrics" in each]
    [bad] = json.loads(compared["neg_input_with_metrics"])
    assert bad == {"example": {"question": "Capital of France?"}, "score": 0.0, "actions": []}
    good = json.loads(compared["pos_input_with_metrics"])
    assert [each["score"] for each in good] == [1.0] * 3
    assert good[0]["actions"][0]["tool_output"] == "Lima"
    assert "capital" in compared["actions"]


@pytest.mark.parametrize("failing", ["feedback", "new_instruction"])
def test_a_round_without_an_instruction_does_not_end_the_others(
    failing: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Cut(Actor):
        """What it writes in one field is cut off, so often."""

        def __init__(self, times: int) -> None:
            super().__init__({})
            self.times = times

        def complete(self, request: Request) -> Response:
            if f"`{failing}`" in str(request.messages[0]["content"]).partition("All inter")[0] and self.times:
                self.times -= 1
                return Response(("It shou",), finish_reason="length")
            return super().complete(request)

    def improved(times: int) -> Any:
        with context(lm=Cut(times)):
            return AvatarOptimizer(right, max_iters=3).compile(agent(), trainset=ROWS)

    assert improved(1).actor.signature.instructions == "Always look the country up."
    assert [each for each in caplog.messages if "failed" in each] == caplog.messages
    assert len(caplog.messages) == 1
    with pytest.raises(OptimizerError, match=r"no instruction could be written, with TruncatedAnswerError"):
        improved(3)


def test_agents_inside_a_program_are_improved() -> None:
    class Desk(Module):
        def __init__(self) -> None:
            self.agent = agent()

        def forward(self, question: str) -> Prediction:
            return Prediction(answer=self.agent(question=question).answer)

    with context(lm=Actor()):
        program: Any = AvatarOptimizer(right, max_iters=1).compile(Desk(), trainset=ROWS)
    assert program.agent.actor.signature.instructions == "Always look the country up."


def test_a_low_score_can_be_the_aim() -> None:
    def wrong(example: Any, pred: Any) -> float:
        return float(example.answer != pred.answer)

    lm = Actor()
    with context(lm=lm):
        program: Any = AvatarOptimizer(wrong, max_iters=2, optimize_for="min").compile(agent(), trainset=ROWS)
    assert [each["mean"] for each in program.candidate_programs] == [0, 0.25]
    assert [each["score"] for each in program.candidate_programs] == [100, 75]
    [compared] = [each for each in lm.asked if "pos_input_with_metrics" in each]
    assert [each["score"] for each in json.loads(compared["neg_input_with_metrics"])] == [1.0]


def test_a_run_that_fails_is_bad_where_a_low_score_is_the_aim() -> None:
    def mistakes(example: Any, pred: Any) -> float:
        if example.answer == "Vientiane":
            raise ValueError("no answer")
        return 5.0 * (example.answer != pred.answer)

    lm = Actor()
    optimizer = AvatarOptimizer(mistakes, max_iters=1, upper_bound=5, optimize_for="min")
    with context(lm=lm):
        program: Any = optimizer.compile(agent(), trainset=ROWS)
    assert program.actor.signature.instructions == "Always look the country up."
    assert [each["mean"] for each in program.candidate_programs] == [1.25, 2.5]
    [compared] = [each for each in lm.asked if "pos_input_with_metrics" in each]
    bad = json.loads(compared["neg_input_with_metrics"])
    assert [each["example"]["question"] for each in bad] == ["Capital of France?", "Capital of Laos?"]


def test_only_so_many_inputs_are_compared() -> None:
    lm = Actor()
    with context(lm=lm):
        optimizer = AvatarOptimizer(right, max_iters=1, max_positive_inputs=2, max_negative_inputs=1)
        optimizer.compile(agent(), trainset=ROWS * 3)
    [compared] = [each for each in lm.asked if "pos_input_with_metrics" in each]
    assert len(json.loads(compared["pos_input_with_metrics"])) == 2
    assert len(json.loads(compared["neg_input_with_metrics"])) == 1


def test_what_cannot_work_is_said() -> None:
    with pytest.raises(OptimizerError, match="agents that are made with `Avatar`; Predict has none"):
        AvatarOptimizer(right).verify(Predict("question -> answer"), trainset=ROWS)
    with context(lm=Actor()), pytest.raises(OptimizerError, match="change `upper_bound` or `lower_bound`"):
        AvatarOptimizer(lambda example, pred: 0.5).compile(agent(), trainset=ROWS)


def state(folder: Path, lm: Actor) -> Any:
    folder.mkdir(exist_ok=True)
    optimizer = AvatarOptimizer(right, max_iters=3)
    program = Program(optimizer, agent(), name="p", source=folder / "f.dspy", trainset=ROWS)
    with context(lm=lm, num_threads=1):
        program.optimize(journal=True)
    return json.loads(program.state_path.read_text(encoding="utf-8"))["predictors"]


def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    calm = Actor()
    expected = state(tmp_path / "calm", calm)
    for kill_at in range(3, len(calm.asked), 3):
        first, second = Actor(), Actor()
        first.kill_at = kill_at
        with pytest.raises(Killed):
            state(tmp_path / str(kill_at), first)
        assert state(tmp_path / str(kill_at), second) == expected
        assert len(first.asked) - 1 + len(second.asked) == len(calm.asked)


def test_what_a_search_for_instructions_asks_is_within_its_plan(tmp_path: Path) -> None:
    task, writer = Actor(), Actor()
    writer.model = "test/writer"
    optimizer = AvatarOptimizer(metric=right, max_iters=3, prompt_model=writer)
    program = Program(optimizer, agent(), name="p", source=tmp_path / "f.dspy", trainset=ROWS)
    with context(lm=task, max_retries=0):
        # An action in each step, then the answer.
        plan = program.plan(per_run=Span(1, 4))
        program.optimize()
    assert plan.is_complete
    lines = {line.role: line for line in plan.lines}
    assert lines["program"].calls == Span(len(ROWS), 4 * len(ROWS) * 4)
    assert lines["prompt model"].calls == Span(0, 6)
    assert len(ROWS) <= len(task.asked) <= 4 * len(ROWS) * 4
    assert 0 < len(writer.asked) <= 6
