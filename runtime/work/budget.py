"""`Budget`: limits on what a piece of work may take, and the meter that is read against them.

Limits are read before each task, so that what is under way is finished and the work ends with the best that
it has.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from ...base.forks import new_lock
from ..errors import ConfigurationError
from .task import Usage


@dataclass(frozen=True)
class Budget:
    """Limits of a run; None sets no limit.

    Attributes:
        calls: requests that models answer; answers from the cache do not count.
        tokens: tokens of prompts and answers together.
        cost: US dollars, as far as the prices of the models are known.
        seconds: seconds of this process; those of an earlier process that is continued do not count.
    """

    calls: int | None = None
    tokens: int | None = None
    cost: float | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for name in ("calls", "tokens", "cost", "seconds"):
            limit = getattr(self, name)
            if limit is not None and not limit > 0:
                raise ConfigurationError(f"`{name}` of a budget must be above 0, not {limit!r}")


class Count:
    """What model calls have taken; any thread may add to it."""

    def __init__(self) -> None:
        self.usage = Usage()
        self._lock = new_lock()

    def add(self, response: Any, request: Any = None) -> None:
        """Count an answer; one from the cache counts nothing.

        Args:
            response: the answer.
            request: what it answers.
        """
        if not response.cache_hit:
            tokens = response.usage.get("total_tokens") or 0
            self.add_usage(Usage(1, int(tokens), float(response.cost or 0.0)))

    def add_usage(self, usage: Usage) -> None:
        """Count what was counted elsewhere, such as in an earlier process."""
        with self._lock:
            self.usage += usage


class Meter(Count):
    """What a piece of work has taken so far, read against its budget."""

    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self.budget = budget
        self._began = time.monotonic()

    def exhausted(self) -> str | None:
        """The limit that is reached, in words: "500 calls"; None while there is room."""
        limits, used = self.budget, self.usage
        if limits.calls is not None and used.calls >= limits.calls:
            return f"{limits.calls:,} calls"
        if limits.tokens is not None and used.tokens >= limits.tokens:
            return f"{limits.tokens:,} tokens"
        if limits.cost is not None and used.cost >= limits.cost:
            return f"{limits.cost:g} dollars"
        if limits.seconds is not None and time.monotonic() - self._began >= limits.seconds:
            return f"{limits.seconds:g} seconds"
        return None
