"""How many requests may be under way: as many as the user says, and as many as the server takes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from ...execution.turns import Ticket, Turns
from .window import Entry, Window

logger = logging.getLogger("dspyc")

CUT = 0.5
"""What is left of the requests at once after a server has said that there are too many."""

LONGEST_PAUSE = 600.0
"""In seconds; a server that asks for a longer pause is asked again after this one."""


class Passage(Ticket):
    """A request on its way: what it takes of a minute, and when it was sent."""

    def __init__(self, tokens: float = 0.0) -> None:
        super().__init__()
        self.tokens = tokens
        self.sent = 0.0
        self.entries: list[tuple[Window, Entry]] = []


class Gate(Turns[Passage]):
    """Lets requests through, as many at once and in a minute as may be.

    Beside the limits that it is made with, it learns: when a server answers that there are too many requests,
    half as many go out at once, none before the time that the server names, and then one more with each
    round that passes (additive increase, multiplicative decrease, as in TCP: Chiu and Jain, 1989). Requests
    that were under way together count as one refusal.

    Args:
        name: what it leads to, for messages.
        most: requests at once; None for any number.
        rpm: requests in a minute; None for any number.
        tpm: tokens in a minute; None for any number.
        clock: tells the time in seconds.
    """

    def __init__(
        self,
        name: str,
        most: int | None = None,
        rpm: float | None = None,
        tpm: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.name = name
        self._made_with = (name, most, rpm, tpm)
        self._most = most
        self._requests = None if rpm is None else Window(rpm)
        self._tokens = None if tpm is None else Window(tpm)
        self._clock = clock
        self.in_flight = 0
        self.learned: float | None = None
        """How many at once the server takes, as far as that was learned."""
        self._cut_at = float("-inf")
        self._opens_at = float("-inf")

    def __reduce__(self) -> tuple[Any, ...]:
        # Another process counts for itself.
        return Gate, self._made_with

    @property
    def counts_tokens(self) -> bool:
        """Whether requests have to say how many tokens they take."""
        return self._tokens is not None

    def _admit(self, ticket: Passage) -> float:
        now = self._clock()
        if now < self._opens_at:
            return self._opens_at - now
        if self._is_full():
            return float("inf")
        wait = max(
            0.0 if self._requests is None else self._requests.wait(1, now),
            0.0 if self._tokens is None else self._tokens.wait(ticket.tokens, now),
        )
        if wait > 0:
            return wait
        self._take(ticket, now)
        return 0.0

    def _take(self, ticket: Passage, now: float) -> None:
        self.in_flight += 1
        ticket.sent = now
        if self._requests is not None:
            ticket.entries.append((self._requests, self._requests.take(1, now)))
        if self._tokens is not None:
            ticket.entries.append((self._tokens, self._tokens.take(ticket.tokens, now)))

    def _squeeze(self, ticket: Passage) -> None:
        self._take(ticket, self._clock())

    def _is_full(self) -> bool:
        most = self._most
        if self.learned is not None:
            most = max(1, int(self.learned)) if most is None else min(most, max(1, int(self.learned)))
        return most is not None and self.in_flight >= most

    def _forget(self, ticket: Passage) -> None:
        self.in_flight -= 1
        for window, entry in ticket.entries:
            window.change(entry, 0)

    def _empty(self) -> None:
        self.in_flight = 0

    def _tell(self, waiting: int) -> None:
        now = self._clock()
        requests, tokens = self._requests, self._tokens
        if now < self._opens_at:
            reason = f"the server asked to wait, for {self._opens_at - now:.0f} s more"
        elif self._is_full():
            reason = f"{self.in_flight} are under way, which is as many as may be"
        elif requests is not None and requests.wait(1, now) > 0:
            reason = f"rpm={requests.limit:g} leaves room in {requests.wait(1, now):.0f} s"
        else:
            reason = "tpm leaves no room" if tokens is None else f"tpm={tokens.limit:g} leaves no room yet"
        noun = "request waits" if waiting == 1 else "requests wait"
        logger.warning("%d %s for `%s`: %s", waiting, noun, self.name, reason)

    # --- after a request

    def passed(self, ticket: Passage, tokens: float | None = None) -> None:
        """A request is over and was answered; `tokens` is what it took, where that is known."""
        with self._lock:
            if not self._let_go(ticket):
                return
            if self.learned is not None and self.in_flight + 1 > self.learned:
                self.learned += 1 / max(self.learned, 1.0)
            self._leave(ticket, tokens)
        if self._waiting:
            self.look()

    def failed(self, ticket: Passage) -> None:
        """A request is over and failed, for a reason that says nothing of how many there may be."""
        with self._lock:
            if self._let_go(ticket):
                self._leave(ticket, None)
        if self._waiting:
            self.look()

    def refused(self, ticket: Passage, wait: float | None) -> None:
        """The server said that there are too many requests.

        Args:
            ticket: one of them.
            wait: the seconds that the server asks to wait, where it says so.
        """
        with self._lock:
            now = self._clock()
            if ticket.sent >= self._cut_at:
                self._cut_at = now
                before = self.in_flight if self.learned is None else min(self.learned, self.in_flight)
                self.learned = max(1.0, before * CUT)
            if wait is not None:
                self._opens_at = max(self._opens_at, now + min(wait, LONGEST_PAUSE))
            if self._let_go(ticket):
                self._leave(ticket, 0)
        self.look()

    def _leave(self, ticket: Passage, tokens: float | None) -> None:
        self.in_flight -= 1
        for window, entry in ticket.entries:
            if window is self._tokens and tokens is not None:
                window.change(entry, tokens)
