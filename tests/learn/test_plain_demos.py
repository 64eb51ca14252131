"""Rows of plain values, as files hold them, as demos: typed, once, and hidden from who answers them."""

from __future__ import annotations

from typing import Any

import pydantic

import dspyc.runtime as dspy


class Point(pydantic.BaseModel):
    x: int


class Placed(dspy.Signature):
    """Name the point."""

    point: Point = dspy.InputField()
    number: int = dspy.InputField()
    points: list[Point] = dspy.InputField()
    name: str = dspy.OutputField()


def plain_rows() -> list[dspy.Example]:
    """Rows as a file of JSON has them."""
    return [
        dspy.Example(point={"x": i}, number=str(i), points=[{"x": i}], name="b").with_inputs(
            "point", "number", "points"
        )
        for i in range(4)
    ]


class Shown(dspy.BaseLM):
    """Answers "b", and writes down what it is shown."""

    model = "shown"

    def __init__(self) -> None:
        self.prompts: list[str] = []

    def complete(self, request: dspy.Request) -> dspy.Response:
        self.prompts.append("\n".join(str(message["content"]) for message in request.messages))
        return dspy.Response(("[[ ## name ## ]]\nb\n\n[[ ## completed ## ]]",), finish_reason="stop")


def test_rows_of_plain_values_are_demos_once_and_typed() -> None:
    few = dspy.BootstrapFewShot(metric=always, max_bootstrapped_demos=2, max_labeled_demos=4)
    with dspy.context(lm=Shown()):
        first = few.compile(dspy.Predict(Placed), trainset=plain_rows())
        second = dspy.LabeledFewShot(k=8).compile(first, trainset=plain_rows())
    for program in (first, second):
        assert sorted(demo["number"] for demo in program.demos) == [0, 1, 2, 3]
        assert {type(demo["point"]) for demo in program.demos} == {Point}


def test_a_teacher_is_not_shown_the_row_that_it_answers() -> None:
    lm, row = Shown(), plain_rows()[:1]
    labelled = dspy.LabeledFewShot(k=1).compile(dspy.Predict(Placed), trainset=row)
    few = dspy.BootstrapFewShot(metric=always, max_bootstrapped_demos=1, max_labeled_demos=0)
    with dspy.context(lm=lm):
        few.compile(dspy.Predict(Placed), teacher=labelled, trainset=row)
    assert [prompt.count('{"x": 0}') for prompt in lm.prompts] == [2]


def always(example: Any, pred: Any, trace: Any = None) -> bool:
    return True
