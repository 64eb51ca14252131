"""Telling whoever watches how far a long piece of work is.

    with reporting_to(draw):
        optimizer.compile(student, trainset=train)

Optimizers and evaluations call `report`; without a watcher that does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage is.

    Attributes:
        stage: what is being done, in one or two words: "bootstrap", "evaluate", "train".
        done: how much of it.
        total: of how much, where that is known.
        detail: which one of several, or what happened last.
        score: the score so far in percent, or of the candidate before the next one, where there is one.
        cost: what it cost so far in US dollars, as far as that is known.
    """

    stage: str
    done: int
    total: int | None = None
    detail: str = ""
    score: float | None = None
    cost: float | None = None


OnProgress: TypeAlias = Callable[[Progress], None]
"""A function that is told of progress; it is called from worker threads too, one call at a time per stage."""

_watcher: ContextVar[OnProgress | None] = ContextVar("dspyc_progress", default=None)
_within: ContextVar[str] = ContextVar("dspyc_progress_within", default="")


@contextmanager
def reporting_to(watcher: OnProgress | None) -> Iterator[None]:
    """Tell this function of the progress of what runs inside; None leaves the one there is."""
    token = _watcher.set(watcher or _watcher.get())
    try:
        yield
    finally:
        _watcher.reset(token)


@contextmanager
def reporting_also_to(watcher: OnProgress) -> Iterator[None]:
    """Tell this function of the progress of what runs inside, beside the one there is."""
    outer = _watcher.get()

    def tell(progress: Progress) -> None:
        watcher(progress)
        if outer is not None:
            outer(progress)

    with reporting_to(tell):
        yield


@contextmanager
def within(label: str) -> Iterator[None]:
    """Put a label, such as "candidate 3 of 19", before the details that are reported inside; "" puts none."""
    token = _within.set(", ".join(part for part in (_within.get(), label) if part))
    try:
        yield
    finally:
        _within.reset(token)


@contextmanager
def unwatched() -> Iterator[None]:
    """Tell nobody of the progress of what runs inside."""
    token = _watcher.set(None)
    try:
        yield
    finally:
        _watcher.reset(token)


def watched() -> bool:
    """Whether someone is told of progress."""
    return _watcher.get() is not None


def report(
    stage: str,
    done: int,
    total: int | None = None,
    detail: str = "",
    score: float | None = None,
    cost: float | None = None,
) -> None:
    """Tell the watcher, if there is one; see `Progress`."""
    watcher = _watcher.get()
    if watcher is not None:
        label = _within.get()
        shown = f"{label}: {detail}" if label and detail else label or detail
        watcher(Progress(stage, done, total, shown, score, cost))
