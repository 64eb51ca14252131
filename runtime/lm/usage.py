"""Tokens by model, counted over a stretch of code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from ...base.forks import new_lock


class UsageTracker:
    """Adds up the tokens of the calls made while it is active; answers from the cache count nothing."""

    def __init__(self) -> None:
        self._totals: dict[str, dict[str, Any]] = {}
        self._lock = new_lock()

    def add(self, model: str, usage: Mapping[str, Any]) -> None:
        """Count a call's tokens."""
        with self._lock:
            _merge(self._totals.setdefault(model, {}), usage)

    def get_total_tokens(self) -> dict[str, dict[str, Any]]:
        """The sums so far: `{model: {"prompt_tokens": …, "completion_tokens": …, "total_tokens": …}}`."""
        with self._lock:
            return {model: dict(totals) for model, totals in self._totals.items()}


_trackers: ContextVar[tuple[UsageTracker, ...]] = ContextVar("dspyc_usage_trackers", default=())


@contextmanager
def track_usage() -> Iterator[UsageTracker]:
    """Count the tokens of all calls inside the `with`; trackers can be nested, and each one counts."""
    tracker = UsageTracker()
    token = _trackers.set((*_trackers.get(), tracker))
    try:
        yield tracker
    finally:
        _trackers.reset(token)


def tracked() -> bool:
    """Whether anyone counts here."""
    return bool(_trackers.get())


def count(model: str, usage: Mapping[str, Any]) -> None:
    """Tell all active trackers of a call's tokens."""
    for tracker in _trackers.get():
        tracker.add(model, usage)


_observers: ContextVar[tuple[Callable[[Any], None], ...]] = ContextVar("dspyc_response_observers", default=())


@contextmanager
def observing(observer: Callable[[Any], None]) -> Iterator[None]:
    """Call a function with every response that models give inside the `with`, in the thread it came in."""
    token = _observers.set((*_observers.get(), observer))
    try:
        yield
    finally:
        _observers.reset(token)


def observe(response: Any) -> None:
    """Show a response to those who observe here."""
    for observer in _observers.get():
        observer(response)


def _merge(totals: dict[str, Any], usage: Mapping[str, Any]) -> None:
    for name, value in usage.items():
        if isinstance(value, Mapping):
            _merge(totals.setdefault(name, {}), value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            totals[name] = totals.get(name, 0) + value
