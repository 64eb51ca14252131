"""What an optimizer will ask of models, before it asks anything: at least, and at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..example import Example
from ..lm.base import BaseLM
from ..modules.base import Module
from .program_text import program_text, rows_text

Role: TypeAlias = Literal["evaluation", "program", "teacher", "prompt model", "reflection model"]


@dataclass(frozen=True)
class Span:
    """An amount.

    Attributes:
        least: at least so much.
        most: at most so much; None where there is no bound.
    """

    least: float
    most: float | None

    def __add__(self, other: Span) -> Span:
        most = None if self.most is None or other.most is None else self.most + other.most
        return Span(self.least + other.least, most)

    def __mul__(self, other: Span) -> Span:
        most = None if self.most is None or other.most is None else self.most * other.most
        return Span(self.least * other.least, most)


@dataclass(frozen=True)
class Planned:
    """Runs of a program, or calls of a model.

    Attributes:
        role: what they are for.
        count: how many.
        program: the program that runs; None where a model is called by itself.
        lm: the model that is called by itself, or that is the configured one in the runs; that of now when
            None.
        demos: how many demos the prompts of the program have at most, beside those that it has.
        prompt: how many characters the prompts of the model have.
        answers: how many answers the model is asked for in a call.
        in_calls: whether it is so much for each call of the program that was made, and nothing before.
    """

    role: Role
    count: Span
    program: Module | None = None
    lm: BaseLM | None = None
    demos: int = 0
    prompt: Span = Span(0, 0)
    answers: int = 1
    in_calls: bool = False


def writing_prompt(student: Module, rows: Sequence[Example]) -> Span:
    """How many characters the prompts have in which instructions are asked for.

    Args:
        student: the program.
        rows: the most rows that are shown in one of them.
    """
    shown = len(program_text(student)) + len(rows_text(rows))
    return Span(_SHORTEST, 2 * shown + _LONGEST)


_SHORTEST, _LONGEST = 400, 6_000
"""What stands around the program and the rows, in characters: the question; descriptions, demos, feedback."""
