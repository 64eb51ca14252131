"""A journal as far as it goes: what a run that is under way, or was interrupted, has done so far.

It is read without its lock, so whoever writes it does not notice. What stands in it is said by the file
`journal.py` of the runtime.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from msgspec import Struct

from ..base import json
from ..base.forks import new_lock
from ..runtime.work.journal import LARGEST
from .following import Follower
from .traces import finite, number_of

_ANSWER = re.compile(rb'\{"task":"[^"\\]*","request":')
"""How an answer of a model begins: what it says, most of what stands in a journal, is not read."""


class Stage(Struct):
    """What was done under one name: how many tasks, the sum of their scores and of how many, errors, and what
    they took.
    """

    name: str
    points: float = 0.0
    scored: int = 0
    done: int = 0
    errors: int = 0
    calls: int = 0
    tokens: int = 0
    cost: float = 0.0
    last_error: str = ""

    def as_json(self) -> dict[str, Any]:
        """What the page shows of it."""
        return {
            "name": self.name,
            "done": self.done,
            "score": round(100 * self.points / self.scored, 2) if self.scored else None,
            "errors": self.errors,
            "lastError": self.last_error,
            "calls": self.calls,
            "tokens": self.tokens,
            "cost": self.cost,
        }


class Progress:
    """A journal file, read as far as it goes; `told` reads what has come since."""

    def __init__(self, path: Path) -> None:
        self._lock = new_lock()
        self._follower = Follower(path, LARGEST)
        self._begin()

    def _begin(self) -> None:
        self._stages: dict[str, Stage] = {}
        self._answers = 0

    def told(self) -> dict[str, Any]:
        """What the journal says: its stages in their order, and how many answers of models are kept.

        Raises:
            OSError: it cannot be read.
        """
        with self._lock:
            for _, line in self._follower.lines(self._begin):
                self._take(line)
            return {"answers": self._answers, "stages": [stage.as_json() for stage in self._stages.values()]}

    def _take(self, line: bytes) -> None:
        if _ANSWER.match(line):
            self._answers += 1
            return
        try:
            record = json.load(line)
            name = str(record["stage"])
            _take(self._stages.get(name) or self._stages.setdefault(name, Stage(name)), record)
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError):
            # The first line, and what is damaged.
            return


def _take(stage: Stage, record: dict[str, Any]) -> None:
    if "error" in record:
        stage.errors += 1
        stage.last_error = str(record["error"])
        return
    calls, tokens, cost = (finite(each) for each in record["usage"])
    stage.done += 1
    stage.calls += int(calls)
    stage.tokens += int(tokens)
    stage.cost += cost
    value = record["value"]
    score = number_of(value.get("value")) if isinstance(value, dict) else None
    if score is not None:
        stage.points += score
        stage.scored += 1
