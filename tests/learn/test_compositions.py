"""Every optimizer works on what every other one has made, and what was learned is not lost."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from dspyc.runtime import (
    COPRO,
    SIMBA,
    BetterTogether,
    BootstrapFewShot,
    BootstrapFewShotWithOptuna,
    BootstrapRS,
    Embedder,
    Ensemble,
    Evaluate,
    InferRules,
    KNNFewShot,
    LabeledFewShot,
    MIPROv2,
    Module,
    Predict,
    context,
    majority,
)
from support.banking import demos
from support.obedient import rows, same_label
from support.wavering import Wavering

TRAIN, VAL = rows(12), rows(12, first=100)


def by_length(texts: list[str]) -> list[list[float]]:
    """A vector of how long a text is, and of its last figure."""
    return [[float(len(text)), float(int(text[-1]))] for text in texts]


def copro(student: Module) -> Any:
    return COPRO(metric=same_label, breadth=3, depth=1).compile(student, trainset=TRAIN)


def mipro(student: Module) -> Any:
    optimizer = MIPROv2(metric=same_label, auto=None, num_candidates=2, max_labeled_demos=1)
    return optimizer.compile(student, trainset=TRAIN, valset=VAL, num_trials=3, minibatch=False)


def simba(student: Module) -> Any:
    optimizer = SIMBA(metric=same_label, bsize=6, max_steps=1, num_candidates=2)
    return optimizer.compile(student, trainset=TRAIN)


def rules(student: Module) -> Any:
    optimizer = InferRules(num_candidates=2, metric=same_label, max_labeled_demos=1)
    return optimizer.compile(student, trainset=TRAIN, valset=VAL)


def optuna(student: Module) -> Any:
    optimizer = BootstrapFewShotWithOptuna(same_label, max_labeled_demos=2, num_candidate_programs=3)
    return optimizer.compile(student, trainset=TRAIN, valset=VAL)


def search(student: Module) -> Any:
    optimizer = BootstrapRS(metric=same_label, num_candidate_programs=1, max_labeled_demos=2)
    return optimizer.compile(student, trainset=TRAIN, valset=VAL)


def few(student: Module) -> Any:
    optimizer = BootstrapFewShot(metric=same_label, max_bootstrapped_demos=1, max_labeled_demos=2)
    return optimizer.compile(student, trainset=rows(6, first=200))


def labeled(student: Module) -> Any:
    return LabeledFewShot(k=3).compile(student, trainset=rows(9, first=300))


def ensemble(student: Module) -> Any:
    return Ensemble(reduce_fn=majority).compile([student, student.deepcopy(), Predict("text -> label")])


def nearest(student: Module) -> Any:
    optimizer = KNNFewShot(k=2, trainset=TRAIN, vectorizer=Embedder(by_length))
    return optimizer.compile(student, teacher="labels")


def together(student: Module) -> Any:
    optimizer = BetterTogether(
        metric=same_label,
        c=COPRO(metric=same_label, breadth=2, depth=1),
        f=BootstrapFewShot(metric=same_label, max_bootstrapped_demos=1, max_labeled_demos=0),
    )
    return optimizer.compile(student, trainset=TRAIN, valset=VAL, strategy="c -> f")


SEARCHES: dict[str, Callable[[Module], Any]] = {
    "copro": copro,
    "mipro": mipro,
    "simba": simba,
    "rules": rules,
    "optuna": optuna,
    "search": search,
    "together": together,
}
OTHERS: dict[str, Callable[[Module], Any]] = {
    "few": few,
    "labeled": labeled,
    "ensemble": ensemble,
    "nearest": nearest,
}
MAKERS = {**SEARCHES, **OTHERS}


def score(program: Module, name: str) -> float:
    """The score on the rows that a search has measured on."""
    devset = TRAIN if name in ("copro", "simba") else VAL
    return Evaluate(devset=devset, metric=same_label)(program).score


@pytest.mark.parametrize(("first", "second"), list(product(MAKERS, repeat=2)))
def test_in_any_order(first: str, second: str) -> None:
    with context(lm=Wavering(), num_threads=4):
        made = MAKERS[first](Predict("text -> label"))
        before = demos(made)
        program = MAKERS[second](made)
        assert demos(made) == before
        if second in SEARCHES:
            assert score(program, second) >= score(made, second)
        elif second != "ensemble":
            after = demos(program)
            assert all(after[name][: len(kept)] == kept for name, kept in before.items())
            assert [one.signature.instructions for one in program.predictors()] == [
                one.signature.instructions for one in made.predictors()
            ]
        else:
            kept = [demo for name, one in demos(program).items() for demo in one if "[2]" not in name]
            assert kept == [demo for one in before.values() for demo in one] * 2
        assert program(text="message 7").label
