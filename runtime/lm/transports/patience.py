"""A time limit on an event loop that takes what has arrived before it ends a wait."""

from __future__ import annotations

import asyncio
from types import TracebackType

_LOOKS = 8
"""How often the loop looks at its connections before a wait is ended: an answer's head, its body in pieces of
256 KB, and the task that reads them take a turn of the loop each.
"""


class Patience:
    """Ends its block with TimeoutError where nothing has come for some time.

    A loop that was held up finds a timer due and an answer on its connection in the same turn, and the timer
    would win: the answer would be thrown away, and be paid for once more. So the loop looks at its
    connections a few times more before the block is ended.

    Args:
        seconds: how long.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def __aenter__(self) -> Patience:
        self._loop = asyncio.get_running_loop()
        self._timeout = asyncio.timeout(None)
        await self._timeout.__aenter__()
        self.came()
        self._handle: asyncio.Handle = self._loop.call_at(self._until, self._due)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._handle.cancel()
        await self._timeout.__aexit__(kind, error, traceback)

    def came(self) -> None:
        """Begin the time anew: something has come."""
        self._until = self._loop.time() + self._seconds

    def _due(self, looks: int = _LOOKS) -> None:
        if self._loop.time() < self._until:
            self._handle = self._loop.call_at(self._until, self._due)
        elif looks:
            self._handle = self._loop.call_soon(self._due, looks - 1)
        else:
            self._timeout.reschedule(self._loop.time())
