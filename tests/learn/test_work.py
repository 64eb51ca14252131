"""Work as data: tasks, the engine, the journal that a run is resumed from, budgets."""

from __future__ import annotations

import datetime
import enum
import json
import math
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dspyc.runtime import (
    BootstrapFewShot,
    BootstrapRS,
    ConfigurationError,
    Evaluate,
    EvaluationError,
    Example,
    Module,
    OptimizerError,
    Predict,
    Prediction,
    Program,
    Score,
    context,
)
from dspyc.runtime.errors import JournalError, LMAuthError
from dspyc.runtime.work.budget import Budget
from dspyc.runtime.work.engine import LocalEngine
from dspyc.runtime.work.identity import (
    examples_digest,
    ordered,
    program_digest,
    sources_digest,
    value_digest,
)
from dspyc.runtime.work.journal import Journal
from dspyc.runtime.work.run import journalled, perform, stage, working
from dspyc.runtime.work.task import Codec, Outcome, Registry, Task, Usage
from support.neighbour import Neighbour

RUN = {"program": "a", "data": "b"}
PLAIN: Codec[Any] = Codec(lambda value: value, lambda task, plain: plain)


def same_label(example: Any, pred: Any) -> bool:
    return bool(example.label == pred.label)


def rows(count: int) -> list[Example]:
    return [Example(text=f"message {n}", label=f"label {n % 3}").with_inputs("text") for n in range(count)]


def task(number: int) -> Task:
    return Task("evaluate", "digest", number)


# --- journal ---------------------------------------------------------------------------------------------


def written(path: Path, count: int) -> bytes:
    journal = Journal(path, RUN, fresh=True)
    for number in range(count):
        journal.record(
            task(number).key, "evaluate", {"n": number, "text": "é\u2028\n"}, Usage(1, 20, 0.5), 0.25
        )
    journal.close()
    return path.read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None)
@given(data=st.data())
def test_a_journal_that_is_cut_off_anywhere_keeps_every_whole_line(
    data: st.DataObject, tmp_path: Path
) -> None:
    path = tmp_path / "j.jsonl"
    whole = written(path, 5)
    size = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:size])
    journal = Journal(path, RUN)
    kept = max(0, whole[:size].count(b"\n") - 1)
    assert len(journal) == kept
    for number in range(5):
        entry = journal.recall(task(number).key)
        if number < kept:
            assert entry is not None
            assert (entry.value, entry.usage) == ({"n": number, "text": "é\u2028\n"}, Usage(1, 20, 0.5))
        else:
            assert entry is None
            journal.record(
                task(number).key, "evaluate", {"n": number, "text": "é\u2028\n"}, Usage(1, 20, 0.5), 0.25
            )
    journal.close()
    assert path.read_bytes() == whole


def test_a_journal_of_another_run_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    before = written(path, 2)
    with pytest.raises(JournalError, match="an unfinished run of something else: `data` changed since"):
        Journal(path, {**RUN, "data": "c"})
    with pytest.raises(JournalError, match="`sources` changed since"):
        Journal(path, {**RUN, "sources": "x"})
    assert path.read_bytes() == before
    fresh = Journal(path, {**RUN, "data": "c"}, fresh=True)
    assert len(fresh) == 0
    fresh.close()
    assert path.read_bytes().count(b"\n") == 1


BROKEN = {
    "not a journal": (b'{"a": 1}\n', "is not a journal"),
    "not JSON": (b"hello\n", "is damaged: line 1"),
    "another version": (b'{"dspyc_journal":99,"run":{}}\n', r"another version of dspyc \(format 99, not 1\)"),
    "a list": (b"[]\n", "is not a journal"),
    "brackets": (b"[" * 100_000 + b"\n", "is damaged: line 1"),
    "digits": (b"9" * 5_000 + b"\n", "is damaged: line 1"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_is_no_journal_is_not_touched(name: str, tmp_path: Path) -> None:
    content, message = BROKEN[name]
    path = tmp_path / "j.jsonl"
    path.write_bytes(content)
    with pytest.raises(JournalError, match=message):
        Journal(path, RUN)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b'{"task":"x","value":1}', b'{"task":"x","value":1,"usage":3}']
)
def test_a_damaged_line_in_the_middle_is_named(line: bytes, tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    header, first, *others = written(path, 3).splitlines(keepends=True)
    path.write_bytes(b"".join([header, first, line + b"\n", *others]))
    with pytest.raises(JournalError, match="line 3 is not a record"):
        Journal(path, RUN)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    first = Journal(path, RUN)
    for fresh in (False, True):
        with pytest.raises(JournalError, match="another process is at work on this run"):
            Journal(path, RUN, fresh=fresh)
    first.record("k", "s", 1, Usage(), 0)
    first.close()
    second = Journal(path, RUN)
    assert len(second) == 1
    second.discard()
    assert not path.exists()
    third = Journal(path, RUN)
    assert len(third) == 0
    third.discard()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(JournalError, match="is not a regular file"):
        Journal(tmp_path / "pipe", RUN)
    (tmp_path / "folder").mkdir()
    with pytest.raises(JournalError, match="cannot be written"):
        Journal(tmp_path / "folder", RUN)
    with pytest.raises(JournalError, match="cannot be written"):
        Journal(tmp_path / "nowhere" / "j.jsonl", RUN)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_ends_the_run_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    whole = written(path, 2)
    journal = Journal(path, RUN)
    full = os.open("/dev/full", os.O_WRONLY)
    descriptor = journal._file.fileno()
    kept = os.dup(descriptor)
    os.dup2(full, descriptor)
    for _ in range(2):
        with pytest.raises(JournalError, match="cannot be written: No space left on device"):
            journal.record("k", "s", 1, Usage(), 0)
    os.dup2(kept, descriptor)
    with pytest.raises(JournalError, match="No space left"):
        journal.record("k", "s", 1, Usage(), 0)
    journal.close()
    journal.record("k", "s", 1, Usage(), 0)
    for each in (full, kept):
        os.close(each)
    assert path.read_bytes() == whole


def test_answers_of_a_task_that_is_not_done_are_not_asked_for_again(tmp_path: Path) -> None:
    lm = Counting(ANSWERS)
    evaluation = Evaluate(Steps(), devset=DEV[:3], metric=same_label, num_threads=1)
    for kill_at in (2, 3, 4):
        lm.kill_at = kill_at
        with context(lm=lm), pytest.raises(Killed), journalled(tmp_path / "j", RUN):
            evaluation()
    lm.kill_at = 10**9
    with context(lm=lm), journalled(tmp_path / "j", RUN):
        result = evaluation()
    assert [sorted(inputs) for inputs in lm.asked] == [["text"], ["text", "topic"]] * 3
    assert [row.prediction.label for row in result] == ["label 1"] * 3


def test_lines_of_many_threads_stay_whole(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    journal = Journal(path, RUN)

    def write(worker: int) -> None:
        for number in range(50):
            journal.record(f"{worker}-{number}", "s", "x" * 5_000, Usage(), 0)

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    again = Journal(path, RUN)
    assert len(again) == 400
    again.close()


@pytest.mark.parametrize(
    "value",
    [
        math.inf, -0.0, 5e-324, 0.1 + 0.2, 2**70, "half \ud800 a pair", "</script>/", {"": None}, [[], {}],
        "\x00\x1f", True, [1, 1.0],
    ],
)  # fmt: skip
def test_values_come_back_as_json_has_them(value: Any, tmp_path: Path) -> None:
    """The fast library and Python's own agree on all that a journal may hold."""
    path = tmp_path / "j.jsonl"
    journal = Journal(path, RUN)
    journal.record("k", "s", value, Usage(), 0)
    journal.close()
    assert repr(json.loads(path.read_text(encoding="utf-8").splitlines()[1])["value"]) == repr(value)
    again = Journal(path, RUN)
    entry = again.recall("k")
    again.close()
    assert entry is not None
    assert repr(entry.value) == repr(value)


def test_no_key_stands_in_a_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "canary-of-the-environment")
    path = tmp_path / "j.jsonl"
    journal = Journal(path, RUN)
    journal.record_failure(
        "k", "s", ValueError("canary-of-the-environment and sk-abcdefghijklmnopqrstuvwxyz")
    )
    journal.close()
    text = path.read_text(encoding="utf-8")
    assert "canary" not in text
    assert "sk-abc" not in text
    assert "ValueError" in text


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


# --- resuming --------------------------------------------------------------------------------------------


class Killed(BaseException):
    """Ends the process, as far as this test is concerned."""


class Counting(Neighbour):
    """Ends everything at a certain call."""

    kill_at = 10**9

    def complete(self, request: Any) -> Any:
        if len(self.asked) + 1 >= self.kill_at:
            raise Killed
        return super().complete(request)


class Steps(Module):
    def __init__(self) -> None:
        self.topic = Predict("text -> topic")
        self.label = Predict("text, topic -> label")

    def forward(self, text: str) -> Prediction:
        return Prediction(label=self.label(text=text, topic=self.topic(text=text).topic).label)


TRAIN, DEV = rows(12), rows(9)
STUDENTS: dict[str, Callable[[], Module]] = {"one": lambda: Predict("text -> label"), "steps": Steps}


def made(folder: Path, student: str) -> tuple[Program, Evaluate]:
    program = Program(
        BootstrapRS(metric=same_label, num_candidate_programs=2, max_labeled_demos=4, num_threads=1),
        STUDENTS[student](),
        name="p",
        source=folder / "f.dspy",
        trainset=TRAIN,
        valset=DEV,
    )
    return program, Evaluate(program, devset=DEV, metric=same_label, num_threads=1)


def optimise(folder: Path, student: str, lm: Neighbour, **options: Any) -> Any:
    folder.mkdir(exist_ok=True)
    program, evaluation = made(folder, student)
    with context(lm=lm, num_threads=1):
        program.optimize(evaluation=evaluation, journal=True, **options)
    assert not program.journal_path.exists()
    content = json.loads(program.state_path.read_text(encoding="utf-8"))
    del content["created"], content["optimizer"]["seconds"]
    return content


ANSWERS = {"label": "label 1", "topic": "numbers"}


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
    with pytest.raises(JournalError, match="`program` changed since"):
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
    assert sources_digest(tmp_path / "nowhere") == sources_digest()


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
        with pytest.raises(EvaluationError, match=r"stopped after \d of 9 examples: its budget is 2 calls"):
            Evaluate(Predict("text -> label"), devset=DEV, metric=same_label, num_threads=1)()
        with pytest.raises(OptimizerError, match="the budget is 2 calls"):
            BootstrapRS(metric=same_label).compile(Predict("text -> label"), trainset=TRAIN)


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
        with pytest.raises(ConfigurationError, match=f"`{name}` of a budget must be more than 0"):
            Budget(**{name: value})


def test_outcomes_without_a_value_raise_their_error() -> None:
    with pytest.raises(ValueError, match="x"):
        Outcome(None, ValueError("x")).get()
    assert Outcome(None).get() is None
