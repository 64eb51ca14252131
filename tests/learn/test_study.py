"""What becomes of programs that the budget left no room to measure on all rows."""

from __future__ import annotations

import random
from typing import Any

import pytest

from dspyc.runtime import Evaluate, Example, Module, Predict, Prediction
from dspyc.runtime.optimizers.study import Study
from dspyc.runtime.optimizers.trials import Partly

ROWS = 200


class Fixed(Module):
    """Gets some rows right and others not, always the same."""

    def __init__(self, seed: int, share: float) -> None:
        super().__init__()
        # What tells programs apart.
        self.shown = Predict(f"number -> answer{seed}")
        chance = random.Random(seed)
        self.right = [chance.random() < share for _ in range(ROWS)]

    def forward(self, number: int) -> Prediction:
        return Prediction(right=self.right[number])


def right(example: Any, pred: Any, trace: Any = None) -> bool:
    return bool(pred.right)


def searched(shares: list[float], seed: int) -> Study:
    devset = [Example(number=number).with_inputs("number") for number in range(ROWS)]
    study = Study(
        lambda candidate: Fixed(candidate["seed"], candidate["share"]),
        Evaluate(devset=devset, metric=right, num_threads=1),
    )
    chance = random.Random(seed)
    study.run(
        [
            {"seed": seed, "share": 0.7},
            *(
                Partly({"seed": seed + number, "share": share}, chance.sample(range(ROWS), 35))
                for number, share in enumerate(shares, 1)
            ),
        ]
    )
    return study


def test_of_many_programs_that_are_no_better_none_is_kept() -> None:
    for seed in range(0, 250, 50):
        study = searched([0.65] * 20, seed)
        study._is_cut_off = True
        assert study.promising() is None


@pytest.mark.parametrize("cut_off", [True, False])
def test_a_program_that_is_much_better_is_kept_where_the_search_was_cut_off(cut_off: bool) -> None:
    study = searched([0.65, 1.0, 0.65], 7)
    study._is_cut_off = cut_off
    found = study.promising()
    assert (None if found is None else found.number) == (3 if cut_off else None)
    if found is not None:
        # Comparable with what was measured on all rows.
        assert study.best.score < study.score_of(found) < 100
