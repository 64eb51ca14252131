"""The best program that an optimizer has found so far, for whoever ends it early."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..modules.base import Module


class BestSoFar:
    """What the optimizer inside has found so far.

    Attributes:
        program: the program; None as long as none was measured.
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


@contextmanager
def publishing() -> Iterator[Callable[[Module | None, float | None], None]]:
    """Gives what tells of a better program; optimizers that run inside, as parts of this one, tell nobody."""
    keeper = _best.get()
    token = _best.set(None)

    def publish(program: Module | None, score: float | None) -> None:
        if keeper is not None:
            keeper.program, keeper.score = program, score

    try:
        yield publish
    finally:
        _best.reset(token)
