"""The order of calls with effects: that of the text, whatever runs at the same time."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any


class Turn:
    """The right of a task to make calls with effects: it comes after that of the tasks before it."""

    __slots__ = ("above", "before", "left", "passed")

    def __init__(self, before: Turn | None, above: Turn | None, left: int | None) -> None:
        self.before = before
        self.above = above
        self.left = left
        self.passed = asyncio.get_running_loop().create_future()

    def count(self) -> None:
        """A call has been made; after the last one the turn passes, though the task may go on."""
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                self.end()

    def end(self, _: Any = None) -> None:
        """Pass the turn on, as soon as all before it have passed."""
        if self.before is None or self.before.passed.done():
            self._pass()
        else:
            self.before.passed.add_done_callback(self._pass)

    def _pass(self, _: Any = None) -> None:
        if not self.passed.done():
            self.passed.set_result(None)
        self.before = None


async def wait_for_turn(turn: Turn | None, last_of_group: Turn | None) -> None:
    """Wait until all calls with effects that come before in the text are made.

    Args:
        turn: the turn of the task that calls.
        last_of_group: the last turn of the steps that the task has started itself.
    """
    if last_of_group is not None:
        await asyncio.shield(last_of_group.passed)
    while turn is not None:
        if turn.before is not None:
            await asyncio.shield(turn.before.passed)
        turn = turn.above


turn_here: ContextVar[Turn | None] = ContextVar("dspyc_turn", default=None)
"""The turn of the task that runs here; None where its calls need none."""
