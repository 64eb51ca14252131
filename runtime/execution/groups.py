"""Tasks that belong together: none is left running, and of several failures the first of the text counts."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Coroutine
from contextvars import ContextVar, Token, copy_context
from functools import partial
from types import FrameType, TracebackType
from typing import Any, TypeVar

from . import drive, exits, trace
from .effects import Turn, turn_here
from .permits import Permit, permit_here

T = TypeVar("T")

_END = math.inf
"""The position of a function's own body: behind all the steps that it has started."""


class Group:
    """Tasks in the order of the text, of which the first failure in that order counts."""

    def __init__(self) -> None:
        self.tasks: dict[float, asyncio.Task[Any]] = {}
        self.started = 0
        self.given_up: set[float] = set()
        self.failure: tuple[float, BaseException, TracebackType | None] | None = None
        self.waiter: asyncio.Future[None] | None = None
        outer = group_here.get()
        self.last_turn: Turn | None = outer.last_turn if outer is not None else None

    async def run(self, body: Coroutine[Any, Any, T]) -> T:
        """Run a body that starts tasks here; its own place is behind all of them."""
        context = copy_context()
        context.run(group_here.set, self)
        task = asyncio.get_running_loop().create_task(exits.carrying(body), context=context)
        self._add(_END, task, body)
        try:
            await self._wait()
        except asyncio.CancelledError:
            self._give_up(-1)
            while self.tasks:
                try:
                    await self._wait()
                except asyncio.CancelledError:
                    continue
            raise
        if self.failure is not None:
            error = self.failure[1].with_traceback(self.failure[2])
            raise error.error if isinstance(error, exits.Exit) else error
        return task.result()

    def start(
        self,
        work: Awaitable[T],
        effects: int | None,
        permit: Permit | None = None,
        origin: FrameType | None = None,
    ) -> asyncio.Task[T]:
        """Start a task at the next position.

        Args:
            work: what it runs.
            effects: as in `start`.
            permit: as in `gather`.
            origin: the frame that starts it, for the traceback of a failure.
        """
        context = copy_context()
        context.run(group_here.set, None)
        if permit is not None:
            context.run(permit_here.set, permit)
        if (steps := trace.branch()) is not None:
            context.run(trace.start, steps)
        turn = None
        if effects != 0:
            self.last_turn = turn = Turn(self.last_turn, turn_here.get(), effects)
            context.run(turn_here.set, turn)
        body = as_coroutine(work)
        task = asyncio.get_running_loop().create_task(exits.carrying(body), context=context)
        if turn is not None:
            task.add_done_callback(turn.end)
        self._add(self.started, task, body, origin)
        self.started += 1
        return task

    def _add(
        self,
        position: float,
        task: asyncio.Task[Any],
        body: Coroutine[Any, Any, Any],
        origin: FrameType | None = None,
    ) -> None:
        self.tasks[position] = task
        where = None if origin is None else (origin, origin.f_lasti, origin.f_lineno)
        task.add_done_callback(partial(self._finished, position, body, where))

    def _finished(
        self,
        position: float,
        body: Coroutine[Any, Any, Any],
        where: tuple[FrameType, int, int] | None,
        task: asyncio.Task[Any],
    ) -> None:
        del self.tasks[position]
        if task.cancelled():
            body.close()  # which has not begun where the task was cancelled before its first step
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None and position not in self.given_up:
            traceback = error.__traceback__
            if where is not None:
                # A task begins with an empty stack; the line that started it belongs to the story.
                traceback = TracebackType(traceback, *where)
            self.failure = (position, error, traceback)
            # An exit waits for nothing; any other error for those before it, which could still fail.
            self._give_up(-1 if isinstance(error, exits.Exit) else position)
        if not self.tasks and self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def _give_up(self, position: float) -> None:
        """Cancel all that comes after a position."""
        for later, task in list(self.tasks.items()):
            if later > position and later not in self.given_up:
                self.given_up.add(later)
                task.cancel()

    async def _wait(self) -> None:
        while self.tasks:
            self.waiter = asyncio.get_running_loop().create_future()
            await self.waiter


class together(Group):  # noqa: N801 - used like a function: `async with flow.together():`
    """What is started inside of a `with` has ended with it, and its first error in the text is raised there.

    A failure cancels what comes later in the text, the block itself included, as in a `scope`. Without an
    event loop there is nothing to do.
    """

    def __init__(self) -> None:
        super().__init__()
        self._task: asyncio.Task[Any] | None = None
        self._token: Token[Group | None] | None = None
        self._is_cancelled = False

    async def __aenter__(self) -> None:
        """Let the block start steps."""
        if not drive.blocking.get():
            self._task = asyncio.current_task()
            self._token = group_here.set(self)

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Wait for the steps.

        Raises:
            BaseException: the first error in the text, of the steps and of the block.
        """
        if self._task is None or self._token is None:
            return
        group_here.reset(self._token)
        task, self._task = self._task, None
        is_ours = self._is_cancelled and task.uncancel() == 0
        if is_ours and isinstance(error, asyncio.CancelledError):
            error = None  # a step has failed, and the block was told so
        outside = error if error is not None and not isinstance(error, Exception) else None
        if outside is not None:
            self._give_up(-1)
        while self.tasks:
            try:
                await self._wait()
            except asyncio.CancelledError as reason:
                outside = reason
                self._give_up(-1)
        if outside is not None:
            raise outside
        if self.failure is not None and self.failure[1] is not error:
            failed = self.failure[1].with_traceback(self.failure[2])
            raise failed.error if isinstance(failed, exits.Exit) else failed

    def _give_up(self, position: float) -> None:
        super()._give_up(position)
        if self._task is not None and not self._is_cancelled:
            self._is_cancelled = True
            self._task.cancel()


async def _coroutine_of(awaitable: Awaitable[T]) -> T:
    return await awaitable


def as_coroutine(awaitable: Awaitable[T]) -> Coroutine[Any, Any, T]:
    """An awaitable as a coroutine, of which a task can be made."""
    return awaitable if isinstance(awaitable, Coroutine) else _coroutine_of(awaitable)


group_here: ContextVar[Group | None] = ContextVar("dspyc_scope", default=None)
"""The group in which a step that is started here runs; None inside of a step."""
