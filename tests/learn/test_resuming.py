"""Runs that were killed and go on as if they had not been."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import (
    Evaluate,
    EvaluationError,
    Module,
    Predict,
    Prediction,
    Score,
    context,
)
from dspyc.runtime.errors import JournalError
from dspyc.runtime.work.run import journalled, perform, stage
from dspyc.runtime.work.sources import sources_digest
from dspyc.runtime.work.task import Codec, Registry, Task
from support.neighbour import Neighbour
from support.resumable import (
    ANSWERS,
    DEV,
    RUN,
    STUDENTS,
    Counting,
    Killed,
    optimise,
    same_label,
)

PLAIN: Codec[Any] = Codec(lambda value: value, lambda task, plain: plain)


@pytest.mark.parametrize("student", STUDENTS)
def test_a_killed_optimisation_goes_on_and_ends_with_the_same_state(student: str, tmp_path: Path) -> None:
    calm = Counting(ANSWERS)
    expected = optimise(tmp_path / "calm", student, calm)
    total = len(calm.asked)
    for kill_at in {2, 3, total // 3, total // 2, total - 1, total}:
        folder = tmp_path / str(kill_at)
        first, second = Counting(ANSWERS), Counting(ANSWERS)
        first.kill_at = kill_at
        with pytest.raises(Killed):
            optimise(folder, student, first)
        assert optimise(folder, student, second) == expected
        # What was under way at the end, one example, is asked again.
        assert total <= len(first.asked) + len(second.asked) < total + 2


def test_killed_again_and_again(tmp_path: Path) -> None:
    calm = Counting(ANSWERS)
    expected = optimise(tmp_path / "calm", "one", calm)
    asked = 0
    while True:
        lm = Counting(ANSWERS)
        lm.kill_at = 8
        try:
            found = optimise(tmp_path / "killed", "one", lm)
        except Killed:
            asked += len(lm.asked)
            continue
        break
    assert found == expected
    assert asked + len(lm.asked) == len(calm.asked)


def test_a_changed_run_is_not_mixed_with_the_old_one(tmp_path: Path) -> None:
    lm = Counting(ANSWERS)
    lm.kill_at = 20
    with pytest.raises(Killed):
        optimise(tmp_path, "one", lm)
    other = Counting({"label": "label 2"})
    other.model = "test/other"
    with pytest.raises(JournalError, match="`program` and `models` changed since"):
        optimise(tmp_path, "one", other)
    assert other.asked == []
    content = optimise(tmp_path, "one", other, fresh=True)
    assert content["score"]["examples"] == 9


def test_failures_are_tried_again(tmp_path: Path) -> None:
    evaluation = Evaluate(
        Predict("text -> label"), devset=DEV, metric=same_label, num_threads=1, max_errors=2
    )
    broken = Neighbour(ANSWERS, fails=lambda inputs: inputs["text"] in ("message 4", "message 6"))
    with context(lm=broken), pytest.raises(EvaluationError), journalled(tmp_path / "j", RUN):
        evaluation()
    well = Neighbour(ANSWERS)
    with context(lm=well), journalled(tmp_path / "j", RUN):
        result = evaluation()
    assert [inputs["text"] for inputs in well.asked] == [f"message {n}" for n in (4, 6, 7, 8)]
    assert result.errors == {}
    assert [row.prediction.label for row in result] == ["label 1"] * 9
    assert result.score == pytest.approx(33.33)


def then_killed(path: Path, work: Callable[[], Any]) -> Any:
    """Do all of some work, and be killed before its journal is removed."""
    with suppress(Killed), journalled(path, RUN):
        done = work()
        raise Killed
    return done


def test_rows_that_are_replayed_are_the_rows_that_were_made(tmp_path: Path) -> None:
    def graded(example: Any, pred: Any) -> Score:
        return Score(0.25, feedback=f"of {example.text}")

    program = Predict("text -> label, n: int, tags: list[str]")
    lm = Neighbour({"label": "a", "n": "3", "tags": '["x", "y"]'})
    evaluation = Evaluate(program, devset=DEV, metric=graded)
    with context(lm=lm):
        first = then_killed(tmp_path / "j", evaluation)
        with journalled(tmp_path / "j", RUN):
            second = evaluation()
    assert len(lm.asked) == 9
    assert second.records() == first.records()
    assert [row.prediction.n + 1 for row in second] == [4] * 9
    assert [(row.score.score, row.score.feedback) for row in second][:1] == [(0.25, "of message 0")]
    assert not (tmp_path / "j").exists()


def test_repeated_work_is_kept_apart(tmp_path: Path) -> None:
    """One program evaluated twice is asked twice, and answers as it did each time when it is resumed."""
    answers = iter(f"label {n}" for n in range(6))

    class Moody(Neighbour):
        def complete(self, request: Any) -> Any:
            self.otherwise = {"label": next(answers)}
            return super().complete(request)

    evaluation = Evaluate(Predict("text -> label"), devset=DEV[:3], metric=same_label, num_threads=1)

    def twice() -> list[list[str]]:
        return [[row.prediction.label for row in evaluation()] for _ in range(2)]

    with context(lm=Moody()):
        first = then_killed(tmp_path / "j", twice)
        with journalled(tmp_path / "j", RUN):
            assert twice() == first == [["label 0", "label 1", "label 2"], ["label 3", "label 4", "label 5"]]


class Kind(enum.Enum):
    GOOD = "good one"
    BAD = "bad one"


class Untyped(Module):
    """Does not declare what it predicts."""

    def forward(self, text: str) -> Prediction:
        return Prediction(kind=Kind.GOOD, day=datetime.date(2026, 1, 2), tags={"b", "a"})


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_files_of_rows_are_the_same_after_a_kill(ending: str, tmp_path: Path) -> None:
    evaluation = Evaluate(Untyped(), devset=DEV, metric=lambda e, p: 1)
    for name, work in (
        ("first", lambda: then_killed(tmp_path / "j", evaluation)),
        ("second", lambda: then_killed(tmp_path / "j", evaluation)),
    ):
        result = work()
        (result.save_csv if ending == "csv" else result.save_json)(tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    assert b"good one" in (tmp_path / "first").read_bytes()


def test_a_source_that_changes_makes_another_run(tmp_path: Path) -> None:
    source = tmp_path / "p.dspy"
    source.write_text("A", encoding="utf-8")
    before = sources_digest(source)
    assert sources_digest(source) == before
    source.write_text("B", encoding="utf-8")
    assert sources_digest(source) != before
    assert sources_digest(tmp_path / "nowhere") == sources_digest(tmp_path / "elsewhere")


def test_a_journal_without_an_answer_is_not_left_behind(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="early"), journalled(tmp_path / "j", RUN):
        raise ValueError("early")
    assert list(tmp_path.iterdir()) == []


def test_stages_tell_tasks_apart() -> None:
    seen: list[str] = []

    def do(one: Task, registry: Registry) -> int:
        seen.append(one.stage)
        return 1

    with stage("before"), stage("x"):
        perform("evaluate", Predict("q -> a"), [0], do, {}, codec=PLAIN, num_threads=1)
    perform("evaluate", Predict("q -> a"), [0], do, {}, codec=PLAIN, num_threads=1)
    assert seen == ["before/x/evaluate", "evaluate"]
