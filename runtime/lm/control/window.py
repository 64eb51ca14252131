"""How much was asked for in the last minute, against what a minute allows."""

from __future__ import annotations

from collections import deque

MINUTE = 60.0


class Entry:
    """What one request takes of a minute."""

    __slots__ = ("amount", "at", "counts")

    def __init__(self, at: float, amount: float) -> None:
        self.at = at
        self.amount = amount
        self.counts = True
        """Whether it is still in its window."""


class Window:
    """A limit that holds for every stretch of a minute, wherever it begins.

    A first burst may use all of it at once; after that there is room when what was used is a minute old.

    Args:
        limit: how much a minute allows.
        seconds: how long a minute is.
    """

    def __init__(self, limit: float, seconds: float = MINUTE) -> None:
        self.limit = limit
        self._seconds = seconds
        self._entries: deque[Entry] = deque()
        self._used = 0.0

    def wait(self, amount: float, now: float) -> float:
        """The seconds until there is room; what is above the limit waits until there is nothing else."""
        self._forget_old(now)
        used, wait = self._used, 0.0
        for entry in self._entries:
            if used + amount <= self.limit:
                break
            used -= entry.amount
            wait = entry.at + self._seconds - now
        return max(wait, 0.0)

    def take(self, amount: float, now: float) -> Entry:
        """Note a request; give the entry to `change` when more is known of it."""
        entry = Entry(now, amount)
        self._entries.append(entry)
        self._used += amount
        return entry

    def change(self, entry: Entry, amount: float) -> None:
        """Correct what a request takes; 0 for one that was never sent."""
        if entry.counts:
            self._used += amount - entry.amount
            entry.amount = amount

    def _forget_old(self, now: float) -> None:
        while self._entries and self._entries[0].at + self._seconds <= now:
            entry = self._entries.popleft()
            entry.counts = False
            self._used -= entry.amount
        if not self._entries:
            self._used = 0.0
