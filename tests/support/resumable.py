"""Programs, rows and models for tests of runs that are killed and go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dspyc.runtime import BootstrapRS, Evaluate, Example, Module, Predict, Prediction, Program, context
from dspyc.runtime.work.task import Task
from support.neighbour import Neighbour

RUN = {"program": "a", "data": "b"}


def same_label(example: Any, pred: Any) -> bool:
    return bool(example.label == pred.label)


def rows(count: int) -> list[Example]:
    return [Example(text=f"message {n}", label=f"label {n % 3}").with_inputs("text") for n in range(count)]


def task(number: int) -> Task:
    return Task("evaluate", "digest", number)


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
