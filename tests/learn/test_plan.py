"""What a run will take, said beforehand, against what it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import (
    COPRO,
    GEPA,
    BootstrapFewShot,
    BootstrapRS,
    Evaluate,
    LabeledFewShot,
    MIPROv2,
    Predict,
    Program,
    context,
)
from dspyc.runtime.optimizers.base import Optimizer
from support.obedient import Obedient, rows, same_label

TRAIN, VAL = rows(24), rows(20, 100)
OPTIMIZERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "labeled": (lambda lm: LabeledFewShot(k=3), {"trainset": TRAIN}),
    "bootstrap": (
        lambda lm: BootstrapFewShot(metric=same_label, max_bootstrapped_demos=3),
        {"trainset": TRAIN},
    ),
    "labels": (
        lambda lm: BootstrapFewShot(metric=same_label, max_bootstrapped_demos=3),
        {"trainset": TRAIN, "teacher": "labels"},
    ),
    "search": (
        lambda lm: BootstrapRS(metric=same_label, num_candidate_programs=3, max_rounds=2),
        {"trainset": TRAIN, "valset": VAL},
    ),
    "copro": (lambda lm: COPRO(metric=same_label, breadth=4, depth=2, prompt_model=lm), {"trainset": TRAIN}),
    "mipro": (lambda lm: MIPROv2(metric=same_label, prompt_model=lm), {"trainset": TRAIN, "valset": VAL}),
    "instructions": (
        lambda lm: MIPROv2(
            metric=same_label,
            prompt_model=lm,
            auto=None,
            num_candidates=3,
            max_bootstrapped_demos=0,
            max_labeled_demos=0,
        ),
        {"trainset": TRAIN, "valset": VAL, "num_trials": 5, "minibatch_size": 7},
    ),
    "gepa": (
        lambda lm: GEPA(metric=same_label, max_metric_calls=120, reflection_lm=lm),
        {"trainset": TRAIN, "valset": VAL},
    ),
}


def made(optimizer: Optimizer, folder: Path, **arguments: Any) -> tuple[Program, Evaluate]:
    program = Program(optimizer, Predict("text -> label"), name="p", source=folder / "f.dspy", **arguments)
    return program, Evaluate(program, devset=VAL, metric=same_label)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_what_is_planned_holds(kind: str, tmp_path: Path) -> None:
    task, writer = Obedient(), Obedient()
    writer.model = "test/writer"
    make, arguments = OPTIMIZERS[kind]
    program, evaluation = made(make(writer), tmp_path, **arguments)
    with context(lm=task):
        plan = program.plan(evaluation)
        assert task.asked == writer.asked == []
        program.optimize(evaluation=evaluation)
    for model in (task, writer):
        lines = [line for line in plan.lines if line.model == model.model]
        least = sum(line.calls.least for line in lines)
        most = sum(line.calls.most or 0 for line in lines)
        assert least <= len(model.asked) <= most, (kind, model.model, plan.lines)
        characters = sum(len(str(message["content"])) for one in model.requests for message in one.messages)
        fewest, highest = (
            sum(each.tokens.least for each in lines),
            sum(each.tokens.most or 0 for each in lines),
        )
        assert fewest * 0.9 <= characters / 4 <= highest, (kind, model.model, plan.lines)
    assert plan.is_complete


def test_prices_are_counted_where_they_are_known(tmp_path: Path) -> None:
    lm = Obedient(input_cost_per_token=0.001, output_cost_per_token=0.01, max_tokens=100)
    program, evaluation = made(LabeledFewShot(k=3), tmp_path, trainset=TRAIN)
    with context(lm=lm):
        plan = program.plan(evaluation)
    (line,) = plan.lines
    assert line.dollars is not None
    assert line.dollars.most is not None
    assert 0 < line.dollars.least < line.dollars.most
    # 40 rows, each with up to two more tries, and each answer of at most 100 tokens.
    assert line.calls.most == 120
    assert line.dollars.most > 120 * 100 * 0.01
    with context(lm=Obedient()):
        assert program.plan(evaluation).dollars is None


def test_an_optimizer_that_cannot_say(tmp_path: Path) -> None:
    class Own(Optimizer):
        def compile(self, student: Any, **arguments: Any) -> Any:
            return student

    program, evaluation = made(Own(), tmp_path, trainset=TRAIN)
    with context(lm=Obedient()):
        plan = program.plan(evaluation)
    assert not plan.is_complete
    assert [line.role for line in plan.lines] == ["evaluation"]
