"""Hearing of the trials of searches that run here, whichever optimizer makes them: for reports and traces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

OnTrial: TypeAlias = Callable[[Any], None]

_listeners: ContextVar[tuple[OnTrial, ...]] = ContextVar("dspyc_trials", default=())


@contextmanager
def telling_trials(listener: OnTrial) -> Iterator[None]:
    """Tell a function of each trial of the studies that run inside, as it comes."""
    token = _listeners.set((*_listeners.get(), listener))
    try:
        yield
    finally:
        _listeners.reset(token)


@contextmanager
def hearing_trials() -> Iterator[list[Any]]:
    """Collect the trials of the studies that run inside, in their order."""
    trials: list[Any] = []
    with telling_trials(trials.append):
        yield trials


def tell_trial(trial: Any) -> None:
    """Tell whoever hears of trials here of one more."""
    for listener in _listeners.get():
        listener(trial)
