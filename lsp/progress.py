"""Progress of work that takes a while, under the token of the client that waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

FIRST = 0.5
"""Seconds of work before anything is shown of it."""
BETWEEN = 0.2
"""Seconds between two reports."""


class Progress:
    """Says how far some work is, once it has taken a moment; a context manager.

    Args:
        tell: sends a value for the client's token; None where nobody waits.
        title: what is being done.
        total: how many steps it has.
    """

    def __init__(self, tell: Callable[[dict[str, Any]], None] | None, title: str, total: int) -> None:
        self._tell = tell
        self._title = title
        self._total = max(total, 1)
        self._done = 0
        self._last = time.monotonic() + FIRST - BETWEEN
        self._is_shown = False

    def __enter__(self) -> Progress:
        return self

    def step(self) -> None:
        """One more step is done."""
        self._done += 1
        now = time.monotonic()
        if self._tell is None or now - self._last < BETWEEN:
            return
        self._last = now
        share = {"message": f"{self._done} of {self._total} files"}
        value: dict[str, Any] = {**share, "percentage": self._done * 100 // self._total}
        if self._is_shown:
            self._tell({"kind": "report", **value})
        else:
            self._is_shown = True
            self._tell({"kind": "begin", "title": self._title, "cancellable": True, **value})

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._tell is not None and self._is_shown:
            self._tell({"kind": "end"})
