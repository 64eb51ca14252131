"""The best program that an optimizer has found so far, for whoever ends it early."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from ..modules.base import Module


@dataclass
class BestSoFar:
    """What the optimizer inside has found so far.

    Attributes:
        program: the best program; None as long as none was measured.
        score: its score in percent.
    """

    program: Module | None = None
    score: float | None = None


_best: ContextVar[BestSoFar | None] = ContextVar("dspyc_best_so_far", default=None)


@contextmanager
def keeping_best() -> Iterator[BestSoFar]:
    """Note the best program of the optimizer that runs inside."""
    best = BestSoFar()
    token = _best.set(best)
    try:
        yield best
    finally:
        _best.reset(token)


class Publisher:
    """Tells whoever keeps the best of a better program."""

    def __init__(self, keeper: BestSoFar | None) -> None:
        self._keeper = keeper

    def __call__(self, program: Module | None, score: float | None) -> None:
        """Tell of the best program so far."""
        if self._keeper is not None:
            self._keeper.program, self._keeper.score = program, score


@contextmanager
def publishing() -> Iterator[Publisher]:
    """Gives what tells of a better program; optimizers that run inside, as parts of this one, tell nobody."""
    keeper = _best.get()
    token = _best.set(None)
    try:
        yield Publisher(keeper)
    finally:
        _best.reset(token)
