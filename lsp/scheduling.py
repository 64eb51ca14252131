"""What is to be done soon: one job a key, a new one in the old one's place; and what is done in a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from msgspec import Struct

LONGEST_DELAY = 0.25
"""Seconds after which a job runs, however often it was put off."""


class _Job(Struct, frozen=True):
    due: float
    added: float
    """When the first job under this key was added; those that replace it keep this."""
    run: Callable[[], None]


class Later:
    """Jobs that wait until nothing happens for a moment."""

    def __init__(self) -> None:
        self._jobs: dict[str, _Job] = {}

    def add(self, key: str, delay: float, run: Callable[[], None]) -> None:
        """Run this in `delay` seconds. The same key again puts it off, up to `LONGEST_DELAY`."""
        now = time.monotonic()
        before = self._jobs.get(key)
        added = now if before is None else before.added
        self._jobs[key] = _Job(min(now + delay, added + max(delay, LONGEST_DELAY)), added, run)

    def remove(self, key: str) -> None:
        """Forget a job."""
        self._jobs.pop(key, None)

    def wait(self) -> float | None:
        """The seconds until a job is due; None when there is none."""
        if not self._jobs:
            return None
        return max(0.0, min(job.due for job in self._jobs.values()) - time.monotonic())

    def run_one(self) -> None:
        """Run the job that has been due for longest, if one is."""
        if not self._jobs:
            return
        key, job = min(self._jobs.items(), key=lambda item: item[1].due)
        if job.due <= time.monotonic():
            del self._jobs[key]
            job.run()


class InThread:
    """A job with a thread of its own. Started while it runs, it runs once more after that."""

    def __init__(self, name: str, run: Callable[[], None]) -> None:
        self._name = name
        self._run = run
        self._lock = threading.Lock()
        self._is_wanted = False
        self._is_running = False

    def start(self) -> None:
        """Run it, without waiting for it."""
        with self._lock:
            self._is_wanted = True
            if not self._is_running:
                threading.Thread(target=self._run_while_wanted, name=self._name, daemon=True).start()
                self._is_running = True

    def _run_while_wanted(self) -> None:
        while True:
            with self._lock:
                self._is_running = self._is_wanted
                if not self._is_wanted:
                    return
                self._is_wanted = False
            self._run()
