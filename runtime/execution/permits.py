"""How many items of comprehensions are in flight at once."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any

from .settings import lookup


class Permits:
    """How many items of comprehensions run at once, shared by all that are inside each other.

    An item that waits for items of its own gives up its permit meanwhile: so there are never more than
    `max_concurrency` at work, and they never wait for each other's permits in a cycle.
    """

    def __init__(self, outer: Permit | None) -> None:
        self.outer = outer
        self.loop = asyncio.get_running_loop()
        self.free: asyncio.Semaphore = (
            outer.permits.free if outer else asyncio.Semaphore(max(1, lookup("max_concurrency")))
        )

    @classmethod
    def enter(cls) -> Permits:
        """The permits for a `gather` that begins here."""
        outer = permit_here.get()
        if outer is not None and outer.permits.loop is not asyncio.get_running_loop():
            outer = None  # a Python function in between has come back to another event loop
        if outer is not None:
            outer.release()
        return cls(outer)

    async def acquire(self) -> Permit:
        """Wait for a free permit."""
        await self.free.acquire()
        return Permit(self)

    async def exit(self) -> None:
        """Take the permit again that the item around had."""
        if self.outer is not None:
            await self.outer.reacquire()


class Permit:
    """An item's permit among those that run."""

    __slots__ = ("held", "permits")

    def __init__(self, permits: Permits) -> None:
        self.permits = permits
        self.held = True

    def release(self, _: Any = None) -> None:
        """Make the permit free."""
        if self.held:
            self.held = False
            self.permits.free.release()

    async def reacquire(self) -> None:
        """Wait until the item has a permit again."""
        if not self.held:
            await self.permits.free.acquire()
            self.held = True


permit_here: ContextVar[Permit | None] = ContextVar("dspyc_permit", default=None)
"""The permit of the item that runs here."""
