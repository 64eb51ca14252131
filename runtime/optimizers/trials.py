"""Trials of a search: candidates, what came of them, and what proposes them."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from ..modules.base import Module
from ..prediction import Prediction

Candidate: TypeAlias = Mapping[str, Any]
"""What a program is made of, in JSON's types: `{"seed": 3}`."""


@dataclass(frozen=True)
class Partly:
    """A candidate that is to be measured on some rows only; it cannot become the best.

    Attributes:
        candidate: what its program is made of.
        rows: the numbers of the rows, from 0.
    """

    candidate: Candidate
    rows: Sequence[int]


@dataclass(frozen=True)
class Trial:
    """A candidate that was tried.

    Attributes:
        number: which one, from 1 on.
        candidate: what its program was made of.
        program: the program; None where it could not be made.
        score: in percent; None where the program could not be made or measured.
        subscores: the score of each row.
        error: why there is no score.
        rows: the numbers of the rows that it was measured on; None for all.
        predictions: what was predicted for each row, in a study that keeps them.
    """

    number: int
    candidate: Candidate
    program: Module | None = None
    score: float | None = None
    subscores: tuple[float, ...] = ()
    error: Exception | None = None
    rows: tuple[int, ...] | None = None
    predictions: tuple[Prediction, ...] = ()


class Proposer(Protocol):
    """Proposes candidates and learns from what came of them."""

    def ask(self) -> Candidate | Partly | None:
        """The next candidate; None when there is none."""
        ...

    def tell(self, trial: Trial) -> None:
        """Take in what came of a candidate that was asked for; in the order in which they were."""
        ...


Steps: TypeAlias = Generator[Sequence[Candidate | Partly], list[Trial], None]
"""A search as a generator: it yields candidates that are tried at the same time, and is sent the trials. It
ends early, with `GeneratorExit`, where the goal is reached or the budget is used up.
"""


class Listed:
    """Proposes what is listed, and learns nothing."""

    def __init__(self, candidates: Iterator[Candidate | Partly]) -> None:
        self._candidates = candidates

    def ask(self) -> Candidate | Partly | None:
        """The next one."""
        return next(self._candidates, None)

    def tell(self, trial: Trial) -> None:
        """There is nothing to learn."""


class Stepwise:
    """Proposes what a generator yields."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._waiting: deque[Candidate | Partly] = deque()
        self._told: list[Trial] | None = None

    def room(self) -> int:
        """How many candidates the generator has yielded at once, and still waits for."""
        if not self._waiting:
            self._advance()
        return len(self._waiting)

    def ask(self) -> Candidate | Partly | None:
        """The next one that the generator waits for."""
        return self._waiting.popleft() if self._waiting else None

    def tell(self, trial: Trial) -> None:
        """Keep what the generator is sent when it has heard of all that it waits for."""
        assert self._told is not None
        self._told.append(trial)

    def _advance(self) -> None:
        try:
            while not self._waiting:
                told, self._told = self._told, []
                self._waiting.extend(next(self._steps) if told is None else self._steps.send(told))
        except StopIteration:
            return


def ask_for(proposer: Proposer, count: int) -> list[Candidate | Partly]:
    """The next candidates, at least one and at most so many; none where there are none."""
    found: list[Candidate | Partly] = []
    while len(found) < max(count, 1) and (candidate := proposer.ask()) is not None:
        found.append(candidate)
    return found


def begun(number: int, asked: Candidate | Partly) -> Trial:
    """The trial of a candidate before it is made and measured."""
    if isinstance(asked, Partly):
        return Trial(number, asked.candidate, rows=tuple(asked.rows))
    return Trial(number, asked)
