"""A journal as far as it goes: what a run that is under way, or was interrupted, has done so far.

It is read without its lock, so whoever writes it does not notice. `runtime/work/journal.py` says what stands
in it.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ..base import json
from ..base.files import read_bytes
from .finding import Found

LARGEST = 2**30


class Stage(Struct):
    """What was done under one name: how many tasks, their scores in the order in which they came, errors,
    and what they took.
    """

    name: str
    scores: list[float]
    done: int = 0
    errors: int = 0
    calls: int = 0
    tokens: int = 0
    cost: float = 0.0
    last_error: str = ""

    def as_json(self) -> dict[str, Any]:
        """What the page shows of it."""
        count = len(self.scores)
        return {
            "name": self.name,
            "done": self.done,
            "score": round(100 * sum(self.scores) / count, 2) if count else None,
            "errors": self.errors,
            "lastError": self.last_error,
            "calls": self.calls,
            "tokens": self.tokens,
            "cost": self.cost,
        }


def read_journal(found: Found) -> dict[str, Any]:
    """What a journal says: its stages in their order, and how many answers of models are kept.

    Raises:
        UnreadableFile: it cannot be read.
    """
    stages: dict[str, Stage] = {}
    answers = 0
    for line in read_bytes(found.path, LARGEST).split(b"\n")[1:]:
        try:
            record = json.load(line)
            if "request" in record:
                answers += 1
                continue
            name = str(record["stage"])
            stage = stages.setdefault(name, Stage(name, []))
            _take(stage, record)
        except (ValueError, TypeError, KeyError, AttributeError):
            # Half a last line, which is being written.
            continue
    return {"answers": answers, "stages": [stage.as_json() for stage in stages.values()]}


def _take(stage: Stage, record: dict[str, Any]) -> None:
    if "error" in record:
        stage.errors += 1
        stage.last_error = str(record["error"])
        return
    calls, tokens, cost = record["usage"]
    stage.done += 1
    stage.calls, stage.tokens, stage.cost = stage.calls + calls, stage.tokens + tokens, stage.cost + cost
    value = record["value"]
    if isinstance(value, dict) and isinstance(value.get("value"), (int, float)):
        stage.scores.append(float(value["value"]))
