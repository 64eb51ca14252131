"""Tokens and cost by model, counted over a stretch of code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from copy import deepcopy
from typing import Any, TypeAlias

from ...base.forks import new_lock
from ..execution.settings import lookup


class LMUsage(dict[str, dict[str, Any]]):
    """The tokens of some calls by model: `{model: {"prompt_tokens": …, "completion_tokens": …, …}}`.

    `cost` is what they cost in US dollars: None where no price is known.
    """

    cost: float | None = None


class UsageTracker:
    """Adds up the tokens of the calls made while it is active; answers from the cache count nothing.

    Attributes:
        usage_data: the counts of each call, by model, as they came.
    """

    def __init__(self) -> None:
        self.usage_data: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self._cost: float | None = None
        self._lock = new_lock()

    def __deepcopy__(self, memo: dict[int, Any]) -> UsageTracker:
        copied = UsageTracker()
        with self._lock:
            copied.usage_data.update(deepcopy(dict(self.usage_data), memo))
            copied._cost = self._cost
        return copied

    def add_usage(self, lm: str, usage_entry: Mapping[str, Any], cost: float | None = None) -> None:
        """Count a call's tokens.

        Args:
            lm: the model's name.
            usage_entry: the counts, under OpenAI's names.
            cost: what it cost in US dollars, where that is known.
        """
        if not usage_entry:
            return
        with self._lock:
            self.usage_data[lm].append({name: _plain(value) for name, value in usage_entry.items()})
            if cost is not None:
                self._cost = (self._cost or 0.0) + cost

    @property
    def cost(self) -> float | None:
        """What the calls cost so far in US dollars, those whose price is known; None where none is."""
        return self._cost

    def get_total_tokens(self) -> LMUsage:
        """The sums so far, by model."""
        totals = LMUsage()
        with self._lock:
            for model, entries in self.usage_data.items():
                sums = totals[model] = {}
                for entry in entries:
                    _merge(sums, entry)
            totals.cost = self._cost
        return totals


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


def count(model: str, usage: Mapping[str, Any], cost: float | None = None) -> None:
    """Tell all active trackers of a call's tokens, and of its cost where that is known."""
    trackers = _trackers.get()
    for tracker in trackers:
        tracker.add_usage(model, usage, cost)
    named = lookup("usage_tracker")
    if named is not None and named not in trackers:
        named.add_usage(model, usage)


Observer: TypeAlias = Callable[[Any, Any], None]
"""Called with a response and the request that it answers."""

_observers: ContextVar[tuple[Observer, ...]] = ContextVar("dspyc_response_observers", default=())


@contextmanager
def observing(observer: Observer) -> Iterator[None]:
    """Call a function with every response that models give inside the `with`, and the request that it
    answers, in the thread it came in.
    """
    token = start_observing(observer)
    try:
        yield
    finally:
        stop_observing(token)


def start_observing(observer: Observer) -> Token[tuple[Observer, ...]]:
    """The same without a `with`; give the token to `stop_observing`."""
    return _observers.set((*_observers.get(), observer))


def stop_observing(token: Token[tuple[Observer, ...]]) -> None:
    """Stop what `start_observing` began."""
    _observers.reset(token)


observers = _observers.get
"""Those who observe here."""


def _plain(value: Any) -> Any:
    return value.model_dump() if hasattr(value, "model_dump") else value


def _merge(totals: dict[str, Any], usage: Mapping[str, Any]) -> None:
    """Add counts; what is no count (a flag, a name) stays as it came first."""
    for name, value in usage.items():
        known = totals.get(name)
        if isinstance(value, Mapping):
            totals[name] = inner = dict(known) if isinstance(known, Mapping) else {}
            _merge(inner, value)
        elif known is None:
            if value is not None:
                totals[name] = value
        elif _is_count(known) and _is_count(value):
            totals[name] = known + value


def _is_count(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
