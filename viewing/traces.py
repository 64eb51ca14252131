"""A trace, read while it is written: its calls without what was said, which is read when it is asked for.

`runtime/programs/tracefile.py` says what a trace is made of.
"""

from __future__ import annotations

import os
import sys
from math import isfinite
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from ..base import json
from ..base.forks import new_lock
from .following import Follower

LARGEST = 4 * 2**30
"""The size in bytes up to which a trace is read."""
_LARGEST_NUMBER = 2**53
"""Larger numbers are none that a page can count with."""


class Call(Struct):
    """A call: which one, inside which, what, and when, in seconds from the beginning of the trace.

    `starts` and `ends` are where its lines stand in the file. `end` is None while it goes on.
    """

    number: int
    within: int | None
    what: str
    name: str
    start: float
    starts: tuple[int, int]
    ends: tuple[int, int] | None = None
    end: float | None = None
    error: str | None = None
    place: str | None = None
    tokens: list[int] | None = None
    cost: float | None = None
    cached: bool = False


class Measurement(Struct):
    """A result of an evaluation in a trace, and where its rows stand in the file."""

    call: int | None
    facts: dict[str, Any]
    rows: list[tuple[int, int]] = field(default_factory=list)
    points: float = 0.0
    errors: int = 0

    @property
    def score(self) -> float:
        """The mean score in percent."""
        return round(100 * self.points / max(len(self.rows), 1), 2)


class Trace:
    """A trace file, read as far as it goes; `update` reads what has come since.

    Attributes:
        head: its first line.
        calls: by their numbers, in the order of their starts.
        progress: the last progress of each stage.
        trials: of searches, in their order.
        results: of evaluations.
        finished: when all was done, in seconds from the beginning; None before that.
        error: what ended it, if something did.
        last: when the last line was written, in seconds from the beginning.
        lock: held while it is updated, and by whoever reads more than one of these.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = new_lock()
        self._follower = Follower(path, LARGEST)
        self._begin()

    def _begin(self) -> None:
        self.head: dict[str, Any] = {}
        self.calls: dict[int, Call] = {}
        self.progress: dict[str, dict[str, Any]] = {}
        self.trials: list[dict[str, Any]] = []
        self.results: list[Measurement] = []
        self.finished: float | None = None
        self.error: str | None = None
        self.last = 0.0

    def update(self) -> None:
        """Read what has been written since; all of it again where the file was begun anew.

        Raises:
            OSError: the file cannot be read.
        """
        for start, line in self._follower.lines(self._begin):
            self._take(start, line)

    def content(self, span: tuple[int, int]) -> dict[str, Any]:
        """The line that stands at a place.

        Raises:
            OSError, ValueError: the file cannot be read, or was begun anew.
        """
        with self.path.open("rb") as file:
            file.seek(span[0])
            record = json.load(file.read(span[1]))
        if not isinstance(record, dict):
            raise ValueError("no line of a trace")
        return record

    def said(self, number: int) -> dict[str, Any]:
        """What was said in a call: the content of both of its lines.

        Raises:
            KeyError: there is no such call.
            OSError, ValueError: as `content`.
        """
        call = self.calls[number]
        return self.content(call.starts) | ({} if call.ends is None else self.content(call.ends))

    @property
    def is_running(self) -> bool:
        """Whether its process is still at it."""
        return self.finished is None and _is_alive(self.head.get("process"))

    @property
    def state(self) -> str:
        """`running`, `finished`, `failed`, or `stopped` for one whose process is gone."""
        if self.finished is not None:
            return "finished" if self.error is None else "failed"
        return "running" if self.is_running else "stopped"

    def _take(self, start: int, line: bytes) -> None:
        try:
            record = json.load(line)
            if isinstance(record, dict):
                self._read(record, (start, len(line)))
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError):
            # A line that says nothing to us: of a later version, or damaged.
            return

    def _read(self, record: dict[str, Any], span: tuple[int, int]) -> None:
        if (at := record.get("at", record.get("finished"))) is not None:
            self.last = max(self.last, finite(at))
        if "dspyc_trace" in record:
            self.head = record
        elif "call" in record:
            self.calls[int(record["call"])] = Call(
                int(record["call"]),
                None if record["within"] is None else int(record["within"]),
                str(record["what"]),
                str(record["name"]),
                finite(record["at"]),
                span,
                place=_text(record.get("place")),
            )
        elif "end" in record:
            call = self.calls[record["end"]]
            call.end, call.ends, call.error = finite(record["at"]), span, _text(record.get("error"))
            call.tokens, call.cost = _counts(record.get("tokens")), number_of(record.get("cost"))
            call.cached = bool(record.get("cached"))
        elif "progress" in record:
            stage = str(record["progress"])
            self.progress[stage] = {
                name: number_of(record.get(name)) for name in ("done", "total", "score", "cost")
            }
        elif "trial" in record:
            self.trials.append({**record, "score": number_of(record.get("score"))})
        elif "result" in record:
            self.results.append(Measurement(record["result"], record))
        elif "row" in record:
            self._row(record, span)
        elif "finished" in record:
            self.finished, self.error = finite(record["finished"]), _text(record.get("error"))

    def _row(self, record: dict[str, Any], span: tuple[int, int]) -> None:
        """A row belongs to the result that it names: evaluations may run at the same time."""
        number, points = record.get("of"), finite(record["score"])
        result = next((each for each in reversed(self.results) if each.call == number), None)
        if result is not None:
            result.rows.append(span)
            result.points += points
            result.errors += "error" in record


def finite(value: Any) -> float:
    """A finite number.

    Raises:
        TypeError, ValueError, OverflowError: it is none.
    """
    number = float(value)
    if not isfinite(number):
        raise ValueError("not finite")
    return number


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def number_of(value: Any) -> float | None:
    """A number as it is; None for what is none, or no page can count with it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < _LARGEST_NUMBER:
        return None
    return value


def _counts(value: Any) -> list[int] | None:
    """Tokens that were read and written."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    return value if all(isinstance(one, int) and 0 <= one < _LARGEST_NUMBER for one in value) else None


def _is_alive(process: Any) -> bool:
    if not isinstance(process, int) or process <= 0 or sys.platform == "win32":
        return False
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
