"""Hearing of the trials of searches that run here, whichever optimizer makes them: for reports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_heard: ContextVar[list[Any] | None] = ContextVar("dspyc_trials", default=None)


@contextmanager
def hearing_trials() -> Iterator[list[Any]]:
    """Collect the trials of the studies that run inside, in their order."""
    trials: list[Any] = []
    token = _heard.set(trials)
    try:
        yield trials
    finally:
        _heard.reset(token)


def tell_trial(trial: Any) -> None:
    """Tell whoever hears of trials here of one more."""
    trials = _heard.get()
    if trials is not None:
        trials.append(trial)
