"""The loop closed on the shipped models: llama.cpp answers, torch trains, nothing is scripted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import pytest

from dspyc.runtime import (
    LM,
    BootstrapFewShot,
    BootstrapFinetune,
    Dataset,
    Evaluate,
    InputField,
    OutputField,
    Predict,
    Program,
    Signature,
    apply_defaults,
    context,
)
from dspyc.runtime.execution.progress import Progress

BANKING = Path(__file__).parents[2] / "examples" / "banking"
TRAIN = Dataset("train.csv", inputs=["text"], base=str(BANKING))
DEV = Dataset("dev.csv", inputs=["text"], base=str(BANKING))
LABELS = tuple(sorted({row.label for row in TRAIN}))

Classify = Signature(
    {"text": (str, InputField()), "label": (Literal[LABELS], OutputField())},
    "Name the intent of a bank customer's message.",
)


def same_label(example: Any, pred: Any) -> bool:
    return bool(example.label == pred.label)


def test_demos_from_runs_of_the_shipped_model() -> None:
    student = Predict(Classify, temperature=0.0)
    optimizer = BootstrapFewShot(metric=same_label, max_bootstrapped_demos=3, max_labeled_demos=0)
    with context(lm=LM("embedded/banking", cache=False)):
        program = optimizer.compile(student, trainset=TRAIN[:40])
        again = optimizer.compile(student, trainset=TRAIN[:40])
    demos = program.predictors()[0].demos or []
    right = {row.text: row.label for row in TRAIN}
    assert len(demos) == 3
    assert all(demo.augmented and right[demo.text] == demo.label for demo in demos)
    assert demos == again.predictors()[0].demos


@pytest.mark.train
def test_a_weak_model_is_trained_and_scores_higher(tmp_path: Path) -> None:
    def made() -> Program:
        program = Program(
            BootstrapFinetune(metric=same_label, train_kwargs={"steps": 90, "output": tmp_path / "models"}),
            Predict(Classify),
            name="router",
            source=tmp_path / "distil.dspy",
            trainset=TRAIN,
            teacher=Predict(Classify, lm=LM("embedded/banking")),
        )
        apply_defaults({"lm": LM("embedded/banking-base")}, program)
        return program

    told: list[Progress] = []
    evaluate = Evaluate(devset=DEV, metric=same_label)
    result = made().optimize(on_progress=told.append, evaluation=evaluate)
    assert result.score_before is not None
    assert result.score_after is not None
    assert result.score_after > result.score_before + 5
    losses = [float(found[1]) for step in told if (found := re.search(r"loss (\d+\.\d+)", step.detail))]
    assert losses[-1] < losses[0]
    assert (tmp_path / "distil.router.gguf").read_bytes()[:4] == b"GGUF"

    # The next process has only the files beside the source.
    for path in (tmp_path / "models").glob("*.gguf"):
        path.unlink()
    later = made()
    assert evaluate(later).score == result.score_after
    lm = later.predictors()[0].lm
    assert lm is not None
    assert lm.model == f"gguf/{tmp_path / 'distil.router.gguf'}"
