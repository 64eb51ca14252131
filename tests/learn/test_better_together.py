"""BetterTogether: optimizers one after the other, the best program, and what ends a run early."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import (
    BetterTogether,
    BootstrapFewShot,
    BootstrapFewShotWithRandomSearch,
    BootstrapFinetune,
    BootstrapRS,
    ConfigurationError,
    LabeledFewShot,
    Module,
    Optimizer,
    OptimizerError,
    Predict,
    Program,
    context,
)
from dspyc.runtime.work.budget import Budget
from dspyc.runtime.work.run import working
from support.banking import DEV, TRAIN, demos, same_label
from support.neighbour import Neighbour


class Instructing(Optimizer):
    """Adds a word to the instructions of a program, and keeps with what it was called."""

    def __init__(self, word: str, fails: bool = False, kind: type[Exception] = OptimizerError) -> None:
        self.word = word
        self.fails = fails
        self.kind = kind
        self.called: list[dict[str, Any]] = []

    def compile(self, student: Module, *, trainset: Any, valset: Any = None, pace: int = 1) -> Module:
        """Add the word."""
        self.called.append({"trainset": list(trainset), "valset": valset, "pace": pace})
        if self.fails:
            raise self.kind("no luck")
        program = student.deepcopy()
        for predictor in program.predictors():
            text = f"{predictor.signature.instructions} {self.word}"
            predictor.signature = predictor.signature.with_instructions(text)
        return program


def few(count: int = 2) -> BootstrapFewShot:
    return BootstrapFewShot(metric=same_label, max_bootstrapped_demos=count, max_labeled_demos=4)


def instructions(program: Any) -> str:
    return str(program.predictors()[0].signature.instructions)


def strategies(program: Any) -> list[tuple[str, float | None]]:
    return [(each["strategy"], each["score"]) for each in program.candidate_programs]


def test_each_step_works_on_what_the_one_before_has_made(lm: Neighbour) -> None:
    both = BetterTogether(metric=same_label, p=few(), w=BootstrapFinetune(metric=same_label))
    student = Predict("text -> label", lm=Neighbour({"label": "change_pin"}))
    program: Any = both.compile(student, trainset=TRAIN, valset=DEV, strategy="p -> w")
    scores = dict(strategies(program))
    assert scores.keys() == {"", "p", "p -> w"}
    assert max(scores.values()) == program.candidate_programs[0]["score"]  # type: ignore[type-var]
    trained = next(each for each in program.candidate_programs if each["strategy"] == "p -> w")["program"]
    assert trained.predictors()[0].lm.model.startswith("test/neighbour-trained-")
    assert demos(trained)["self"]
    assert demos(student) == {"self": []}
    assert not program.flag_compilation_error_occurred


def test_the_best_is_kept_and_of_equals_the_earliest(lm: Neighbour) -> None:
    def by_word(example: Any, pred: Any, trace: Any = None) -> float:
        return len(pred.label)

    class Echo(Neighbour):
        def complete(self, request: Any) -> Any:
            words = request.messages[0]["content"]
            self.otherwise = {"label": "long" if "longer" in words and "shorter" not in words else "no"}
            return super().complete(request)

    longer, shorter, idle = Instructing("longer"), Instructing("shorter"), Instructing("")
    both = BetterTogether(metric=by_word, longer=longer, shorter=shorter, idle=idle)
    with context(lm=Echo()):
        program: Any = both.compile(
            Predict("text -> label"), trainset=TRAIN, valset=DEV, strategy="longer -> idle->shorter"
        )
    assert instructions(program).endswith(" longer")
    assert [name for name, _ in strategies(program)][:2] == ["longer", "longer -> idle"]


def test_rows_are_held_back_shuffled_and_handed_on(lm: Neighbour) -> None:
    step = Instructing("more")
    both = BetterTogether(metric=same_label, a=step)

    def rows(**arguments: Any) -> list[dict[str, Any]]:
        step.called.clear()
        both.compile(Predict("text -> label"), trainset=TRAIN, strategy="a -> a", **arguments)
        return list(step.called)

    count = len(TRAIN) // 10
    first, second = rows()
    assert first["valset"] == list(TRAIN[:count])
    assert sorted(map(repr, first["trainset"])) == sorted(map(repr, TRAIN[count:]))
    assert first["trainset"] != second["trainset"]
    assert rows() == [first, second]
    assert rows(seed=0) == [first, second]
    assert rows(seed=1) != [first, second]
    plain = rows(shuffle_trainset_between_steps=False, valset=DEV)
    assert [each["trainset"] for each in plain] == [list(TRAIN)] * 2
    assert [each["valset"] for each in plain] == [list(DEV)] * 2
    given = rows(optimizer_compile_args={"a": {"pace": 3, "trainset": TRAIN[:5]}})
    assert [(each["pace"], len(each["trainset"])) for each in given] == [(3, 5), (3, 5)]


def test_without_a_valset_the_last_program_is_returned(lm: Neighbour) -> None:
    both = BetterTogether(metric=same_label, a=Instructing("one"), b=Instructing("two"))
    program: Any = both.compile(Predict("text -> label"), trainset=TRAIN, valset_ratio=0, strategy="a -> b")
    assert instructions(program).endswith("one two")
    assert {score for _, score in strategies(program)} == {None}
    assert lm.asked == []


@pytest.mark.parametrize("kind", [OptimizerError, RuntimeError, KeyError])
def test_a_step_that_fails_ends_with_the_best_so_far(
    lm: Neighbour, caplog: pytest.LogCaptureFixture, kind: type[Exception]
) -> None:
    caplog.set_level(logging.WARNING)
    both = BetterTogether(metric=same_label, p=few(), bad=Instructing("x", fails=True, kind=kind))
    program: Any = both.compile(Predict("text -> label"), trainset=TRAIN, strategy="p -> bad -> p")
    assert program.flag_compilation_error_occurred
    assert {name for name, _ in strategies(program)} == {"p", ""}
    told = f"the step `bad` failed, and the best program so far is kept: {kind.__name__}: {kind('no luck')}"
    [record] = [each for each in caplog.records if each.getMessage() == told]
    assert bool(record.exc_info) == (kind is not OptimizerError)
    with pytest.raises(kind, match="no luck"):
        both.compile(Predict("text -> label"), trainset=TRAIN, strategy="bad -> p")


def test_a_metric_that_never_works_is_no_result(lm: Neighbour) -> None:
    def broken(example: Any, pred: Any) -> float:
        raise ValueError("no such column")

    both = BetterTogether(metric=broken, few=LabeledFewShot(k=2))
    with pytest.raises(OptimizerError, match=r"none of the programs could be measured: .*no such column"):
        both.compile(Predict("text -> label"), trainset=TRAIN, valset=DEV, strategy="few")


def test_a_budget_that_is_used_up_ends_with_the_best_so_far(lm: Neighbour) -> None:
    both = BetterTogether(metric=same_label, p=few(), q=few())
    with working(budget=Budget(calls=len(DEV) + 3)):
        program: Any = both.compile(
            Predict("text -> label"), trainset=TRAIN, valset=DEV, strategy="p -> q -> p -> q"
        )
    assert len(lm.asked) < 2 * len(DEV)
    assert strategies(program)[0][1] is not None


def test_a_step_that_has_measured_its_program_is_believed_where_the_budget_ends(lm: Neighbour) -> None:
    search = BootstrapRS(metric=same_label, num_candidate_programs=1, num_threads=1)
    both = BetterTogether(metric=same_label, p=search, q=Instructing("never"))
    # Room for the student, for one candidate without demos and for one with.
    with context(num_threads=1), working(budget=Budget(calls=3 * len(DEV))):
        program: Any = both.compile(Predict("text -> label"), trainset=TRAIN, valset=DEV, strategy="p -> q")
    assert len(lm.asked) == 3 * len(DEV)
    assert program.demos
    assert "never" not in instructions(program)
    # A step that measures nothing is not: its program is left.
    both = BetterTogether(metric=same_label, p=few(), q=few())
    with context(num_threads=1), working(budget=Budget(calls=len(DEV) + 1)):
        program = both.compile(Predict("text -> label"), trainset=TRAIN, valset=DEV, strategy="p -> q")
    assert not program.demos


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"strategy": "p -> x"}, r"names `x`; the optimizers are `p` and `w`"),
        ({"strategy": " "}, "cannot be empty"),
        ({"valset_ratio": 1.0}, r"`valset_ratio` must be in range \[0, 1\), so less than 1, not 1.0"),
        ({"optimizer_compile_args": {"z": {}}}, "`optimizer_compile_args` names `z`"),
        (
            {"optimizer_compile_args": {"p": {"restric": [1]}}},
            "gives `p` `restric`, which the `compile` of BootstrapFewShotWithRandomSearch does not take",
        ),
        ({"optimizer_compile_args": {"p": {"student": None}}}, "gives `p` `student`"),
        ({"strategy": "w"}, "the step `w` cannot run: "),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_asked(
    lm: Neighbour, arguments: dict[str, Any], message: str
) -> None:
    class Untrainable(Neighbour):
        finetune = None  # type: ignore[assignment]

    both = BetterTogether(metric=same_label)
    student = Predict("text -> label", lm=Untrainable())
    for work in (both.compile, both.verify):
        with pytest.raises(OptimizerError, match=message):
            work(student, trainset=TRAIN, **arguments)
    assert lm.asked == []


def test_its_optimizers_are_checked_and_have_defaults() -> None:
    both = BetterTogether(same_label)
    assert {name: type(one) for name, one in both.optimizers.items()} == {
        "p": BootstrapFewShotWithRandomSearch,
        "w": BootstrapFinetune,
    }
    with pytest.raises(
        OptimizerError,
        match=r"`w` of `BetterTogether` must be a Teleprompter \(an optimizer\), not 'finetune'",
    ):
        BetterTogether(metric=same_label, w="finetune")
    with pytest.raises(ConfigurationError, match="needs the parameter `metric`"):
        BetterTogether(p=few())  # type: ignore[call-arg]


def test_labels_reach_every_optimizer_that_takes_a_teacher(lm: Neighbour) -> None:
    both = BetterTogether(metric=same_label, p=few(), l=LabeledFewShot(k=3))
    program: Any = both.compile(
        Predict("text -> label"), trainset=TRAIN, teacher="labels", valset_ratio=0, strategy="p -> l"
    )
    assert lm.asked == []
    assert len(demos(program)["self"]) == 4


def test_a_program_of_it_has_a_state_with_its_candidates(tmp_path: Path, lm: Neighbour) -> None:
    both = BetterTogether(
        metric=same_label, p=BootstrapRS(metric=same_label, num_candidate_programs=1, max_labeled_demos=4)
    )

    def program() -> Program:
        return Program(
            both,
            Predict("text -> label"),
            name="both",
            source=tmp_path / "bank.dspy",
            trainset=TRAIN[:20],
            valset=DEV,
            strategy="p -> p",
        )

    result = program().optimize(journal=True)
    assert len(result.candidates) == 3
    state = program().state
    assert state is not None
    assert state.facts["optimizer"]["parameters"]["p"]["name"].startswith("BootstrapFewShotWithRandom")
    assert demos(program()) == demos(result.program)


def test_a_server_that_was_there_before_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    from dspyc.runtime.lm.training import served

    class Served(Neighbour):
        def __init__(self, address: str) -> None:
            super().__init__()
            self.kwargs = {"api_base": address}
            self.launched = 0

        def launch(self) -> None:
            self.launched += 1

    mine, theirs = Served("http://127.0.0.1:1/v1"), Served("http://127.0.0.1:2/v1")
    monkeypatch.setitem(served._running, "http://127.0.0.1:2/v1", None)
    for lm in (mine, theirs):
        optimizer = BetterTogether(metric=same_label, p=few())
        optimizer.compile(Predict("text -> label", lm=lm), trainset=TRAIN, strategy="p")
    assert (mine.launched, mine.killed) == (1, 1)
    assert (theirs.launched, theirs.killed) == (0, 0)
