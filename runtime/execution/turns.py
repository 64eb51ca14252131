"""Waiting for room, first come, first served, in threads and on event loops alike."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from ...base.forks import new_lock
from . import drive

T = TypeVar("T", bound="Ticket")

_LONGEST_LOOK = 1.0
"""Seconds after which those who wait look for themselves; changes that make room are told at once."""
FIRST_WORD_SECONDS = 1.0
"""After so long a wait, the user is told what is waited for."""
_SILENCE_SECONDS = 30.0


class Late(Exception):
    """There was no room before the time was over."""


class Ticket:
    """One who wants in, or is in."""

    def __init__(self) -> None:
        self.turn: Future[None] | None = None
        """Done when its turn has come; only for one who waits, because most do not."""
        self.is_in = False
        self.thread = threading.get_ident()
        """Where it asked to be let in."""


class Turns(Generic[T]):
    """Lets in as many as there is room for; subclasses say what room is.

    `_admit` and `_forget` are called with the lock held.
    """

    def __init__(self) -> None:
        self._lock = new_lock()
        self._waiting: deque[T] = deque()
        self._told = float("-inf")
        self._held: dict[int, int] = {}
        """How many are in by the thread that they are of."""
        _all.add(self)

    # --- for subclasses

    def _admit(self, ticket: T) -> float:
        """Take one in and give 0, or give the seconds after which to ask again, infinite when only a change
        can make room.
        """
        raise NotImplementedError

    def _forget(self, ticket: T) -> None:
        """Undo what `_admit` did for one who does not use it."""
        raise NotImplementedError

    def _squeeze(self, ticket: T) -> None:
        """Take one in for whom there is no room, because waiting for it would take for ever."""
        raise NotImplementedError

    def _tell(self, waiting: int) -> None:
        """Tell the user what is waited for, and by how many."""

    def _empty(self) -> None:
        """Forget all who are in, in a forked child, where none of them is."""

    # --- waiting

    def enters(self, ticket: T) -> bool:
        """Let one in now, if nobody waits and there is room."""
        with self._lock:
            if self._waiting or self._admit(ticket) > 0:
                return False
            self._hold(ticket)
            return True

    def _hold(self, ticket: T) -> None:
        ticket.is_in = True
        self._held[ticket.thread] = self._held.get(ticket.thread, 0) + 1

    def _let_go(self, ticket: T) -> bool:
        """Note that one is out; False for one that was out already. To be called with the lock held."""
        if not ticket.is_in:
            return False
        ticket.is_in = False
        left = self._held.get(ticket.thread, 1) - 1
        if left > 0:
            self._held[ticket.thread] = left
        else:
            self._held.pop(ticket.thread, None)
        return True

    async def enter(self, ticket: T, until: float | None = None) -> None:
        """Wait for room; who is cancelled, interrupted or late gives the place to the next.

        Args:
            ticket: who wants in.
            until: the end of the wait, as `time.monotonic` counts.

        Raises:
            Late: the end of the wait came first.
        """
        turn = ticket.turn = Future()
        # Whoever waits and is cancelled gives the place back below.
        turn.set_running_or_notify_cancel()
        with self._lock:
            if self._blocks_itself(ticket):
                self._squeeze(ticket)
                self._hold(ticket)
                return
            self._waiting.append(ticket)
        try:
            await self._wait(turn, until)
        except BaseException:
            with self._lock:
                if self._let_go(ticket):
                    self._forget(ticket)
                else:
                    with suppress(ValueError):
                        self._waiting.remove(ticket)
            self.look()
            raise

    def _blocks_itself(self, ticket: T) -> bool:
        """Whether those who are in cannot leave while this one waits: their event loop is what it blocks.

        That is so for a synchronous call below a loop that runs, as in a notebook.
        """
        if not drive.blocking.get() or not self._held.get(ticket.thread):
            return False
        asyncio = sys.modules.get("asyncio")
        return asyncio is not None and asyncio._get_running_loop() is not None

    async def _wait(self, turn: Future[None], until: float | None) -> None:
        began = time.monotonic()
        while True:
            pause = min(self.look(), _LONGEST_LOOK)
            if until is not None:
                pause = min(pause, until - time.monotonic())
            if turn.done() or await _is_done(turn, max(pause, 0.001)):
                turn.result()
                return
            now = time.monotonic()
            if until is not None and now >= until:
                raise Late
            if now - began >= FIRST_WORD_SECONDS - 0.01 and now - self._told > _SILENCE_SECONDS:
                self._told = now
                self._tell(len(self._waiting))

    def look(self) -> float:
        """Let in all for whom there is room by now; the seconds until the next one may look again."""
        entered: list[tuple[T, Exception | None]] = []
        pause = float("inf")
        with self._lock:
            while self._waiting:
                first, error = self._waiting[0], None
                try:
                    pause = self._admit(first)
                except Exception as found:  # noqa: BLE001 it is raised where this one waits
                    error = found
                if error is None and pause > 0:
                    break
                if error is None:
                    self._hold(first)
                entered.append((self._waiting.popleft(), error))
        for each, error in entered:
            if each.turn is None:
                continue
            if error is None:
                each.turn.set_result(None)
            else:
                each.turn.set_exception(error)
        return pause


async def _is_done(turn: Future[None], seconds: float) -> bool:
    """Wait for a turn, but no longer than so many seconds."""
    if drive.blocking.get():
        try:
            turn.exception(seconds)
        except NotYet:
            return False
        return True
    import asyncio

    waiting = asyncio.wrap_future(turn)
    try:
        await asyncio.wait({waiting}, timeout=seconds)
        return turn.done()
    finally:
        waiting.cancel()


_all: WeakSet[Turns[Any]] = WeakSet()


def _after_fork() -> None:
    # Those who wait and those who are in are the parent's.
    for turns in _all:
        turns._waiting.clear()
        turns._held.clear()
        turns._empty()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
