"""A program that sorts messages of a bank, and what its rows are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dspyc.runtime import BootstrapFewShot, ChainOfThought, Dataset, Module, Program

BANKING = Path(__file__).parents[2] / "examples" / "banking"
INTENTS = ("card_swallowed", "change_pin", "exchange_rate", "terminate_account")


def messages(name: str) -> Dataset:
    return Dataset(
        name, inputs=["text"], filter=lambda row: row.label in INTENTS, shuffle=0, base=str(BANKING)
    )


TRAIN, DEV = messages("train.csv"), messages("dev.csv")


def same_label(example: Any, pred: Any) -> bool:
    return bool(example.label == pred.label)


def demos(program: Module) -> dict[str, list[dict[str, Any]]]:
    return {name: [dict(demo) for demo in one.demos or ()] for name, one in program.named_predictors()}


def few_shot(folder: Path, student: Module | None = None, **more: Any) -> Program:
    optimizer = BootstrapFewShot(metric=same_label, max_bootstrapped_demos=3, max_labeled_demos=12)
    made = student or ChainOfThought("text -> label")
    return Program(optimizer, made, name="router", source=folder / "bank.dspy", trainset=TRAIN, **more)
