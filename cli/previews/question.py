"""What an editor asks of a prompt, and what is answered."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Question(Struct, frozen=True, kw_only=True):
    """A question about a place of a text.

    Attributes:
        id: comes back with the answer.
        path: the file, absolute.
        text: what stands in it, saved or not.
        offset: the place, in code points.
        test: the title of the test whose values are taken.
        dataset: the name of the dataset whose row is taken.
        row: the number of that row, from 0.
        values: values that were typed in, by the name of the input; they stand over the others.
        automatic: where none of these is given, the values of the test at the place, or of the first one, are
            taken.
    """

    id: int
    path: str
    text: str
    offset: int
    test: str = ""
    dataset: str = ""
    row: int = 0
    values: dict[str, str] = {}
    automatic: bool = False


class Piece(Struct, frozen=True):
    """A piece of a prompt with its size.

    Attributes:
        label: what it is, as people call it: "the task", "demo 2", "the inputs".
        message: the number of the message that it is in, from 0.
        start: where it begins in the text of that message, in code points.
        end: where it ends.
        tokens: about how many it is.
    """

    label: str
    message: int
    start: int
    end: int
    tokens: int


class Message(Struct, frozen=True):
    """A message, as text."""

    role: str
    text: str


class Prompt(Struct, frozen=True, kw_only=True):
    """What one predictor would send.

    Attributes:
        name: the predictor, as on the command line: `triage.classify`.
        module: its class and signature, in a line.
        model: the model that is asked; empty where none is set.
        messages: the exact messages.
        open: inputs without a value, which stand as `{name}`.
        pieces: what the messages are made of.
        tokens: about how many all of them are.
        cost: what reading them costs in US dollars; None where no price is known.
    """

    name: str
    module: str
    model: str
    messages: list[Message]
    open: list[str]
    pieces: list[Piece]
    tokens: int
    cost: float | None = None


class Field(Struct, frozen=True):
    """An input that can be given a value."""

    name: str
    type: str
    required: bool
    value: str | None = None
    """The value that is used, as it would be typed in."""


class Rows(Struct, frozen=True):
    """A dataset that has a column for each input."""

    name: str
    count: int


class Answer(Struct, frozen=True, kw_only=True):
    """The answer to a question.

    Attributes:
        id: of the question.
        subject: the program or predictor that the place is about; empty where it is about none.
        prompts: what its predictors would send.
        inputs: what it takes.
        tests: the titles of the tests that have values for it.
        datasets: the datasets that have rows for it.
        used: the title of the test whose values are taken, if they are.
        calls: how many calls a run makes at most, as a sentence.
        problem: why there is no prompt, as a sentence.
        python: whether the problem is that Python files are not run.
    """

    id: int
    subject: str = ""
    prompts: list[Prompt] = []
    inputs: list[Field] = []
    tests: list[str] = []
    datasets: list[Rows] = []
    used: str = ""
    calls: str = ""
    problem: str = ""
    python: bool = False


def as_typed(value: Any) -> str:
    """A value as it is typed in on the command line: text as it is, everything else as JSON."""
    if isinstance(value, str):
        return value
    from json import dumps

    from ...runtime.values.rendering import to_json_types

    return dumps(to_json_types(value), ensure_ascii=False)
