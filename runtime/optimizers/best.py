"""What an optimizer has found and tried so far, for whoever ends it early or reports on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from ..modules.base import Module


@dataclass(frozen=True)
class Tried:
    """A candidate that was tried.

    Attributes:
        number: which one, from 1 on.
        score: in percent; None where there is none.
        label: what it was made of, in a few words.
        is_full: whether it was measured on all rows.
        program: the program; None where it could not be made.
        error: why there is no score.
    """

    number: int
    score: float | None
    label: str = ""
    is_full: bool = True
    program: Module | None = None
    error: Exception | None = None


@dataclass
class BestSoFar:
    """What the optimizer inside has found so far.

    Attributes:
        program: the best program; None as long as none was measured.
        score: its score in percent.
        trials: all that was tried.
    """

    program: Module | None = None
    score: float | None = None
    trials: list[Tried] = field(default_factory=list)


_best: ContextVar[BestSoFar | None] = ContextVar("dspyc_best_so_far", default=None)


@contextmanager
def keeping_best() -> Iterator[BestSoFar]:
    """Note the best program of the optimizer that runs inside, and what it tries."""
    best = BestSoFar()
    token = _best.set(best)
    try:
        yield best
    finally:
        _best.reset(token)


class Publisher:
    """Tells whoever keeps the best of a better program, and of what was tried."""

    def __init__(self, keeper: BestSoFar | None) -> None:
        self._keeper = keeper

    def __call__(self, program: Module | None, score: float | None) -> None:
        """Tell of the best program so far."""
        if self._keeper is not None:
            self._keeper.program, self._keeper.score = program, score

    def tried(self, trial: Tried) -> None:
        """Tell of a candidate."""
        if self._keeper is not None:
            self._keeper.trials.append(trial)


@contextmanager
def publishing() -> Iterator[Publisher]:
    """Gives what tells of a better program; optimizers that run inside, as parts of this one, tell nobody."""
    keeper = _best.get()
    token = _best.set(None)
    try:
        yield Publisher(keeper)
    finally:
        _best.reset(token)
