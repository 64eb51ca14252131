"""Work as data: tasks, the engine, identities, budgets."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import pytest

from dspyc.base.frozen import replaced
from dspyc.runtime import (
    BootstrapFewShot,
    BootstrapRS,
    ConfigurationError,
    Evaluate,
    EvaluationError,
    Example,
    OptimizerError,
    Predict,
    context,
)
from dspyc.runtime.errors import LMAuthError
from dspyc.runtime.work.budget import Budget
from dspyc.runtime.work.engine import LocalEngine
from dspyc.runtime.work.identity import (
    examples_digest,
    ordered,
    program_digest,
    value_digest,
)
from dspyc.runtime.work.run import journalled, working
from dspyc.runtime.work.task import Outcome, Registry, Task
from support.neighbour import Neighbour
from support.resumable import (
    ANSWERS,
    DEV,
    RUN,
    TRAIN,
    Counting,
    Killed,
    optimise,
    rows,
    same_label,
    task,
)

# --- engine ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("num_threads", [1, 4])
def test_outcomes_are_in_the_order_of_the_tasks(num_threads: int) -> None:
    def do(one: Task, registry: Registry) -> int:
        if one.example == 3:
            raise ValueError("three")
        found: int = registry["numbers"][one.example]
        return found

    came: list[int] = []
    outcomes = LocalEngine().run(
        [task(number) for number in range(8)],
        do,
        {"numbers": range(100, 200)},
        num_threads=num_threads,
        on_outcome=lambda index, outcome: came.append(index),
    )
    assert [None if one is None else one.value for one in outcomes] == [
        100,
        101,
        102,
        None,
        104,
        105,
        106,
        107,
    ]
    assert sorted(came) == list(range(8))
    assert outcomes[3] is not None
    assert str(outcomes[3].error) == "three"
    with pytest.raises(ValueError, match="three"):
        outcomes[3].get()


@pytest.mark.parametrize("num_threads", [1, 4])
@pytest.mark.parametrize("error", [LMAuthError("no key"), KeyboardInterrupt(), SystemExit(3)])
def test_what_no_further_task_would_survive_ends_the_work(num_threads: int, error: BaseException) -> None:
    begun: list[int] = []

    def do(one: Task, registry: Registry) -> None:
        begun.append(one.example)
        raise error

    with pytest.raises(type(error)):
        LocalEngine().run([task(n) for n in range(500)], do, {}, num_threads=num_threads)
    assert len(begun) <= num_threads


def test_a_value_that_names_an_error_counts_as_failed() -> None:
    class Half:
        error = ValueError("half")

    [outcome] = LocalEngine().run([task(0)], lambda one, registry: Half(), {}, num_threads=1)
    assert outcome is not None
    assert isinstance(outcome.get(), Half)
    assert str(outcome.error) == "half"


# --- identity --------------------------------------------------------------------------------------------


def test_digests_tell_programs_data_and_functions_apart() -> None:
    one = Predict("text -> label")
    twin = one.deepcopy()
    assert program_digest(one) == program_digest(twin)
    twin.demos = [Example(text="a", label="b")]
    other = Predict("text -> label", temperature=0.5)
    further = Predict("text -> label, why")
    assert len({program_digest(each) for each in (one, twin, other, further)}) == 4
    assert examples_digest(rows(3)) == examples_digest(rows(3)) != examples_digest(rows(4))
    assert examples_digest(rows(2)) != examples_digest(rows(2)[::-1])
    assert value_digest(lambda a: a + 1) != value_digest(lambda a: a + 2)
    assert value_digest({"b": 1, "a": [1, 2.0, None, "x"]}) == value_digest(
        {"b": 1, "a": [1, 2.0, None, "x"]}
    )
    assert value_digest(same_label) == value_digest(same_label)


def test_sets_and_objects_have_one_form_in_every_process() -> None:
    class Thing:
        pass

    assert ordered({"b", "a", "c"}) == ["a", "b", "c"]
    assert ordered({(2, "x"), (1, "y")}) == [[1, "y"], [2, "x"]]
    assert "0x" not in ordered(Thing())


# --- budgets ---------------------------------------------------------------------------------------------


def test_a_search_that_uses_up_its_budget_keeps_the_best(tmp_path: Path) -> None:
    lm = Neighbour(ANSWERS)
    optimizer = BootstrapRS(metric=same_label, num_candidate_programs=5, num_threads=1)
    with context(lm=lm, num_threads=1), working(budget=Budget(calls=30)):
        best = optimizer.compile(Predict("text -> label"), trainset=TRAIN, valset=DEV)
    assert 30 <= len(lm.asked) <= 31
    assert [one["seed"] for one in best.candidate_programs] == [-3, -2]  # type: ignore[attr-defined]


def test_a_budget_that_leaves_room_for_nothing_is_an_error() -> None:
    with context(lm=Neighbour(ANSWERS)), working(budget=Budget(calls=2)):
        with pytest.raises(
            EvaluationError, match=r"after \d of 9 examples: its budget of 2 calls is used up"
        ):
            Evaluate(Predict("text -> label"), devset=DEV, metric=same_label, num_threads=1)()
        with pytest.raises(OptimizerError, match="the budget of 2 calls is used up"):
            BootstrapRS(metric=same_label).compile(Predict("text -> label"), trainset=TRAIN)


@pytest.mark.parametrize(
    ("budget", "ending"),
    [
        (Budget(calls=1), "and a larger `--max-calls`, or `budget=`, continues from there"),
        (Budget(tokens=1), "and a larger `--max-tokens`, or `budget=`, continues from there"),
        (Budget(seconds=0.05), "and the next run continues from there"),
    ],
)
def test_what_a_used_up_budget_keeps_is_said(budget: Budget, ending: str, tmp_path: Path) -> None:
    class Slow(Neighbour):
        def complete(self, request: Any) -> Any:
            time.sleep(0.06)
            return replaced(super().complete(request), usage={"total_tokens": 5})

    search = BootstrapRS(metric=same_label, num_threads=1)
    with (
        context(lm=Slow(ANSWERS), num_threads=1),
        journalled(tmp_path / "j", RUN, budget=budget),
        pytest.raises(OptimizerError, match=f"is used up; 1 answer is kept, {ending}$"),
    ):
        search.compile(Predict("text -> label"), trainset=TRAIN)


def test_bootstrapping_within_a_budget_keeps_the_demos_that_it_has() -> None:
    lm = Neighbour({"label": "label 0"})
    with context(lm=lm, num_threads=1), working(budget=Budget(calls=5)):
        program = BootstrapFewShot(metric=same_label, max_labeled_demos=0).compile(
            Predict("text -> label"), trainset=TRAIN
        )
    assert len(lm.asked) == 5
    assert [demo.text for demo in program.predictors()[0].demos] == ["message 0", "message 3"]


def test_a_resumed_run_stops_at_the_same_budget(tmp_path: Path) -> None:
    calm = Counting(ANSWERS)
    expected = optimise(tmp_path / "calm", "one", calm, budget=Budget(calls=40))
    assert len(calm.asked) == 40
    lm = Counting(ANSWERS)
    lm.kill_at = 25
    with pytest.raises(Killed):
        optimise(tmp_path / "killed", "one", lm, budget=Budget(calls=40))
    again = Counting(ANSWERS)
    assert optimise(tmp_path / "killed", "one", again, budget=Budget(calls=40)) == expected
    assert len(lm.asked) + len(again.asked) == 40


@pytest.mark.parametrize("name", ["calls", "tokens", "cost", "seconds"])
def test_a_limit_is_more_than_nothing(name: str) -> None:
    for value in (0, -1, math.nan):
        with pytest.raises(ConfigurationError, match=f"`{name}` of a budget must be above 0"):
            Budget(**{name: value})


def test_outcomes_without_a_value_raise_their_error() -> None:
    with pytest.raises(ValueError, match="x"):
        Outcome(None, ValueError("x")).get()
    assert Outcome(None).get() is None
