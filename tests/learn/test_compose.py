"""Optimizers compose: one that is given the product of another keeps what that one learned."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import (
    BootstrapFewShot,
    BootstrapFinetune,
    BootstrapRS,
    Evaluate,
    Example,
    InputField,
    LabeledFewShot,
    Module,
    Optimizer,
    OutputField,
    Predict,
    Prediction,
    Program,
    Signature,
    context,
)
from support import banking
from support.banking import same_label
from support.neighbour import Neighbour

TRAIN, DEV = list(banking.TRAIN), list(banking.DEV)


def score(program: Module) -> float:
    return Evaluate(devset=DEV, metric=same_label)(program).score


MAKERS: dict[str, Callable[[], Optimizer]] = {
    "search": lambda: BootstrapRS(metric=same_label, num_candidate_programs=2, max_labeled_demos=6),
    "few shot": lambda: BootstrapFewShot(metric=same_label, max_bootstrapped_demos=2, max_labeled_demos=4),
    "labeled": lambda: LabeledFewShot(k=5),
    "finetune": lambda: BootstrapFinetune(metric=same_label),
}


def optimized(name: str, student: Module) -> Module:
    arguments = {"valset": DEV} if name == "search" else {}
    return MAKERS[name]().compile(student, trainset=TRAIN, **arguments)


def demos(program: Module) -> dict[str, list[Any]]:
    return {name: list(one.demos or ()) for name, one in program.named_predictors()}


class Two(Module):
    def __init__(self) -> None:
        self.topic = Predict("text -> topic")
        self.label = Predict("text, topic -> label")

    def forward(self, text: str) -> Prediction:
        return Prediction(label=self.label(text=text, topic=self.topic(text=text).topic).label)


STUDENTS: dict[str, Callable[[], Module]] = {"one": lambda: Predict("text -> label"), "two": Two}


@pytest.mark.parametrize("student", STUDENTS)
@pytest.mark.parametrize(("first", "second"), list(product(MAKERS, MAKERS)))
def test_an_optimizer_keeps_what_the_one_before_it_learned(first: str, second: str, student: str) -> None:
    lm = Neighbour({"label": "change_pin", "topic": "some topic"})
    with context(lm=lm):
        once = optimized(first, STUDENTS[student]())
        before = demos(once)
        again = optimized(second, once)
        assert demos(once) == before
        if second == "search":
            assert score(again) >= score(once)
        else:
            for name, kept in before.items():
                assert demos(again)[name][: len(kept)] == kept
        for one, other in zip(once.predictors(), again.predictors(), strict=True):
            if second != "finetune":
                assert other.lm is one.lm


@pytest.mark.parametrize("first", MAKERS)
def test_a_search_never_makes_a_program_worse(first: str) -> None:
    """The demos of the student are all that answers; whatever is added or dropped answers wrongly."""

    class Spoiled(Neighbour):
        def complete(self, request: Any) -> Any:
            pairs = (len(request.messages) - 2) // 2
            self.otherwise = {"label": "wrong"}
            response = super().complete(request)
            return response if pairs == wanted else type(response)(("[[ ## label ## ]]\nwrong",))

    with context(lm=Neighbour({"label": "change_pin"})):
        once = optimized(first, Predict("text -> label"))
    [kept] = demos(once).values()
    wanted = len(kept)
    good = Spoiled(known=[({"text": row.text}, {"label": row.label}) for row in DEV])
    once.set_lm(good)
    assert score(once) == 100.0
    again = BootstrapRS(metric=same_label, num_candidate_programs=2).compile(once, trainset=TRAIN, valset=DEV)
    assert score(again) == 100.0
    assert demos(again) == demos(once)


def test_the_student_as_it_is_competes_even_where_seeds_are_chosen() -> None:
    with context(lm=Neighbour({"label": "change_pin"})):
        once = optimized("few shot", Predict("text -> label"))
        again = BootstrapRS(metric=same_label).compile(once, trainset=TRAIN, valset=DEV, restrict=[0])
        assert sorted(one["seed"] for one in again.candidate_programs) == [-4, 0]
        plain = BootstrapRS(metric=same_label).compile(
            Predict("text -> label"), trainset=TRAIN, valset=DEV, restrict=[0]
        )
        assert [one["seed"] for one in plain.candidate_programs] == [0]  # type: ignore[attr-defined]


def test_demos_of_the_signature_stay_too() -> None:
    signature = Signature({"text": (str, InputField()), "label": (str, OutputField())})
    student = Predict(signature, demos=[Example(text="as written", label="by hand")])
    with context(lm=Neighbour({"label": "change_pin"})):
        for name in ("labeled", "few shot"):
            first, *more = demos(optimized(name, student))["self"]
            assert dict(first) == {"text": "as written", "label": "by hand"}
            assert more


def test_examples_that_are_shown_are_not_run_again() -> None:
    lm = Neighbour({"label": "change_pin"})
    optimizer = BootstrapFewShot(metric=same_label, max_bootstrapped_demos=2, max_labeled_demos=0)
    with context(lm=lm):
        once = optimizer.compile(Predict("text -> label"), trainset=TRAIN)
        asked = len(lm.asked)
        twice = optimizer.compile(once, trainset=TRAIN)
    shown = [demo.text for demo in demos(once)["self"]]
    assert shown
    assert not {inputs["text"] for inputs in lm.asked[asked:]} & set(shown)
    texts = [demo.text for demo in demos(twice)["self"]]
    assert len(texts) == len(set(texts)) == 4


def test_programs_of_a_file_compose(tmp_path: Path) -> None:
    source = tmp_path / "bank.dspy"

    def program(name: str, maker: str, student: Module) -> Program:
        arguments = {"valset": DEV} if maker == "search" else {}
        return Program(MAKERS[maker](), student, name=name, source=source, trainset=TRAIN, **arguments)

    with context(lm=Neighbour({"label": "change_pin"})):
        first = program("first", "search", Predict("text -> label"))
        first.optimize()
        second = program("second", "finetune", first)
        second.optimize()
        third = program("third", "search", second)
        third.optimize()
        fresh = program(
            "third",
            "search",
            program("second", "finetune", program("first", "search", Predict("text -> label"))),
        )
        assert score(first) > 25.0
        assert score(third) >= score(second)
        assert score(fresh) == score(third)
        assert demos(fresh) == demos(third)
