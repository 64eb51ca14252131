"""What holds for every search over demos, rules and advice: it gets better, is the same for any number of
threads, goes on after a kill, keeps what was learned, and stops within its budget.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import (
    SIMBA,
    BetterTogether,
    BootstrapFewShot,
    BootstrapFewShotWithOptuna,
    Evaluate,
    InferRules,
    LabeledFewShot,
    Module,
    Optimizer,
    Predict,
    Prediction,
    Program,
    context,
)
from dspyc.runtime.work.budget import Budget
from dspyc.runtime.work.run import working
from support.banking import demos
from support.obedient import rows, same_label
from support.resumable import Killed
from support.wavering import Wavering

TRAIN, VAL = rows(40), rows(40, first=100)

MAKERS: dict[str, Callable[[], Optimizer]] = {
    "optuna": lambda: BootstrapFewShotWithOptuna(
        same_label, max_labeled_demos=3, num_candidate_programs=6, seed=3
    ),
    "rules": lambda: InferRules(num_candidates=4, metric=same_label, max_labeled_demos=2),
    "simba": lambda: SIMBA(metric=same_label, bsize=10, max_steps=3, num_candidates=4),
    "together": lambda: BetterTogether(
        metric=same_label,
        s=SIMBA(metric=same_label, bsize=8, max_steps=1, num_candidates=3),
        r=InferRules(num_candidates=2, metric=same_label),
    ),
}


class Two(Module):
    def __init__(self) -> None:
        self.topic = Predict("text -> topic")
        self.label = Predict("text, topic -> label")

    def forward(self, text: str) -> Prediction:
        return Prediction(label=self.label(text=text, topic=self.topic(text=text).topic).label)


STUDENTS: dict[str, Callable[[], Module]] = {"one": lambda: Predict("text -> label"), "two": Two}


def arguments(name: str) -> dict[str, Any]:
    if name == "simba":
        return {"trainset": TRAIN}
    more = {"strategy": "s -> r"} if name == "together" else {}
    return {"trainset": TRAIN, "valset": VAL, **more}


def compiled(name: str, student: Module) -> Any:
    return MAKERS[name]().compile(student, **arguments(name))


def score(program: Module) -> float:
    return Evaluate(devset=TRAIN if "x" in vars(program) else VAL, metric=same_label)(program).score


def facts(program: Module) -> list[Any]:
    return [
        [name, one.signature.instructions, [dict(demo) for demo in one.demos]]
        for name, one in program.named_predictors()
    ]


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("student", STUDENTS)
def test_it_beats_its_student_and_leaves_it_alone(name: str, student: str) -> None:
    given = STUDENTS[student]()
    before = facts(given)
    with context(lm=Wavering(), num_threads=4):
        program = compiled(name, given)
        assert facts(given) == before
        assert facts(program) != before
        assert score(program) > score(given) + 5
        scores = [each["score"] for each in program.candidate_programs]
        assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("name", MAKERS)
def test_the_number_of_threads_changes_nothing(name: str) -> None:
    found = []
    for threads in (1, 5, 16):
        lm = Wavering()
        with context(lm=lm, num_threads=threads):
            program = compiled(name, Two())
        asked = sorted(json.dumps(inputs, sort_keys=True) for inputs in lm.asked)
        found.append((facts(program), [each["score"] for each in program.candidate_programs], asked))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("name", MAKERS)
def test_what_was_learned_before_is_kept_or_the_program_stays_as_it_is(name: str) -> None:
    with context(lm=Wavering(), num_threads=4):
        taught = LabeledFewShot(k=2).compile(Two(), trainset=rows(4, first=300))
        for number, (_, one) in enumerate(taught.named_predictors()):
            one.signature = one.signature.with_instructions(f"Answer in one word, please, {number}.")
        program = compiled(name, taught)
        assert score(program) >= score(taught)
        had = demos(taught)
        for each, kept in demos(program).items():
            assert kept[: len(had[each])] == had[each]
        for (_, one), (_, other) in zip(taught.named_predictors(), program.named_predictors(), strict=True):
            assert other.signature.instructions.startswith(one.signature.instructions)
        # And another optimizer builds on it.
        more = BootstrapFewShot(metric=same_label, max_bootstrapped_demos=1, max_labeled_demos=0)
        better = more.compile(program, trainset=rows(9, first=500))
        for each, kept in demos(program).items():
            assert demos(better)[each][: len(kept)] == kept


def optimised(folder: Path, name: str, lm: Wavering) -> Any:
    folder.mkdir(exist_ok=True)
    program = Program(MAKERS[name](), Two(), name="p", source=folder / "f.dspy", **arguments(name))
    with context(lm=lm, num_threads=1):
        program.optimize(journal=True)
    content = json.loads(program.state_path.read_text(encoding="utf-8"))
    return content["predictors"], content["candidates"]


@pytest.mark.parametrize("name", MAKERS)
def test_a_killed_run_goes_on_and_ends_as_the_undisturbed_one(name: str, tmp_path: Path) -> None:
    calm = Wavering()
    expected = optimised(tmp_path / "calm", name, calm)
    total = len(calm.asked)
    for kill_at in {2, total // 3, total // 2, total - 1}:
        first, second = Wavering(), Wavering()
        first.kill_at = kill_at
        folder = tmp_path / str(kill_at)
        with pytest.raises(Killed):
            optimised(folder, name, first)
        assert optimised(folder, name, second) == expected
        # No answered call is repeated; the one at which it was killed is.
        assert len(first.asked) - 1 + len(second.asked) == total


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_budget_stops_it_with_the_best_so_far(name: str, share: float) -> None:
    calm, lm = Wavering(), Wavering()
    with context(lm=calm, num_threads=2):
        compiled(name, Two())
        limit = int(share * len(calm.asked))
    with context(lm=lm, num_threads=2), working(budget=Budget(calls=limit)):
        program = compiled(name, Two())
    # What is under way is finished: two rows of two calls.
    assert limit <= len(lm.asked) <= limit + 4
    with context(lm=Wavering()):
        assert score(program) >= score(Two()) - 5


def test_a_budget_that_ends_among_the_finalists_does_not_lose_the_better_ones() -> None:
    calm = Wavering()
    with context(lm=calm, num_threads=2):
        compiled("simba", Two())
        # In the end the student and the winners of three steps, without the rows of their batches: here the
        # student, which is measured first, and no winner as a whole.
        limit = len(calm.asked) - 2 * (len(TRAIN) + 3 * (len(TRAIN) - 10)) + 2 * (len(TRAIN) + 10)
    with context(lm=Wavering(), num_threads=2), working(budget=Budget(calls=limit)):
        program = compiled("simba", Two())
    with context(lm=Wavering()):
        assert len(program.candidate_programs) == 1
        assert score(program) > score(Two()) + 5


@pytest.mark.parametrize("name", ["optuna", "rules"])
def test_labels_are_a_teacher(name: str) -> None:
    lm = Wavering()
    with context(lm=lm):
        program = MAKERS[name]().compile(
            Predict("text -> label"), trainset=TRAIN, valset=VAL[:10], teacher="labels"
        )
        shown = demos(program)["self"]
    labels = {example.text: example.label for example in TRAIN}
    assert shown
    assert all(demo["label"] == labels[demo["text"]] for demo in shown)
