"""How compiled code runs: calls that need nothing from each other are in flight together.

The compiler writes plain `await`s where one call needs another's result, and the functions of this module
where it does not:

    @flow.scope
    async def aforward(self, *, claim: str) -> Prediction:
        pros = flow.start(self.argue.acall(claim=claim, side="for"))
        cons = flow.start(self.argue.acall(claim=claim, side="against"))
        return await self.judge.acall(pros=(await pros).text, cons=(await cons).text)

What holds, whatever finishes first:

- results, traces and the order of calls with effects are those of the text;
- of several errors the one that comes first in the text is raised: when a call fails, those after it are
  cancelled, and those before it, which could still fail, are waited for; an exit (SystemExit,
  KeyboardInterrupt) cancels all and is raised at once;
- nothing is left running when a function returns or raises;
- without an event loop (`drive.blocking`) the same code runs its calls one after the other.
"""

from __future__ import annotations

import asyncio
import inspect
import math
import sys
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable
from contextvars import ContextVar, Token, copy_context
from functools import partial, wraps
from types import FrameType, TracebackType
from typing import Any, Generic, ParamSpec, TypeAlias, TypeVar, overload

from . import drive, exits, trace
from .assertions import attempts, failed, suggest
from .fallbacks import fall_back, pass_mistakes_on
from .matching import is_found
from .settings import lookup

__all__ = [
    "Call",
    "Step",
    "attempts",
    "call",
    "call_pure",
    "failed",
    "fall_back",
    "flatten",
    "gather",
    "matches",
    "pass_mistakes_on",
    "pick",
    "printed",
    "pure",
    "scope",
    "start",
    "suggest",
    "together",
]

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
Body: TypeAlias = Callable[[], Coroutine[Any, Any, T]]
"""An async function of no arguments."""

_END = math.inf
"""The position of a function's own body: behind all the steps that it has started."""


def scope(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Let an async function `start` steps: none is left running when it returns or raises."""

    @wraps(function)
    async def scoped(*args: P.args, **kwargs: P.kwargs) -> T:
        body = function(*args, **kwargs)
        return await (body if drive.blocking.get() else _Group().run(body))

    return scoped


class Step(Generic[T]):
    """A call in flight; `await` it, as often as needed, for its result."""

    __slots__ = ("_result", "_task")

    def __init__(self, task: asyncio.Task[T] | None, result: Any = None) -> None:
        self._task = task
        self._result = result

    def __await__(self) -> Generator[Any, None, T]:
        if self._task is None:
            return self._result  # type: ignore[no-any-return]
        # Shielded, because whoever waits may be cancelled while this step, earlier in the text, goes on.
        try:
            return (yield from asyncio.shield(self._task).__await__())
        except exits.Exit as carried:
            raise carried.error from None

    @property
    def outcome(self) -> tuple[T] | None:
        """The result, alone in a tuple; None while there is none."""
        if self._task is None:
            return (self._result,)
        if not self._task.done() or self._task.cancelled() or self._task.exception() is not None:
            return None
        return (self._task.result(),)

    def __repr__(self) -> str:
        outcome = self.outcome
        return "<a call in flight>" if outcome is None else repr(outcome[0])


@overload
def start(work: Body[T] | Awaitable[T], /, *, effects: int | None = 0) -> Step[T]: ...
@overload
def start(*, effects: int | None = 0) -> Callable[[Body[T]], Step[T]]: ...
def start(work: Any = None, /, *, effects: int | None = 0) -> Any:
    """Start a step now, without waiting for it; decorates a function of no arguments, too.

    Args:
        work: a coroutine, a `call(...)`, or an async function of no arguments.
        effects: how many calls with effects it makes at most; None when that cannot be said.

    Raises:
        RuntimeError: the function around it is not a `scope`.
    """
    if work is None:
        return partial(start, effects=effects)
    awaitable = work() if callable(work) else work
    if drive.blocking.get():
        return Step(None, drive.drive(_coroutine(awaitable)))
    group = _scope.get()
    if group is None:
        raise RuntimeError("flow.start needs a function decorated with flow.scope around it")
    return Step(
        group.start(awaitable, 1 if isinstance(awaitable, Call) else effects, origin=sys._getframe(1))
    )


async def gather(items: Iterable[Awaitable[T]], *, effects: int | None = 0) -> list[T]:
    """Run all items together, at most `max_concurrency` at once, and give their results in order.

    Items are taken from `items` as permits become free. Inside an item, a further `gather` shares them.

    Args:
        items: coroutines or `call(...)`s, usually a generator expression of them.
        effects: how many calls with effects each makes at most; None when that cannot be said.
    """
    if drive.blocking.get():
        return [await item for item in items]
    permits = _Permits.enter()
    group = _Group()
    tasks: list[asyncio.Task[T]] = []

    async def fill() -> None:
        coming = iter(items)
        while True:
            # The permit comes first: an item that is made and then not run would never be awaited.
            permit = await permits.acquire()
            try:
                item = next(coming)
            except BaseException as error:
                permit.release()
                if isinstance(error, StopIteration):
                    return
                raise
            task = group.start(item, 1 if isinstance(item, Call) else effects, permit)
            task.add_done_callback(permit.release)
            tasks.append(task)

    await group.run(fill())
    await permits.exit()
    return [task.result() for task in tasks]


def flatten(lists: Iterable[Iterable[T]]) -> list[T]:
    """The items of lists, one after the other: what a comprehension with several `for`s gives."""
    return [item for items in lists for item in items]


class Call(Generic[T]):
    """A call of a Python function that may have effects; waits for those before it in the text."""

    __slots__ = ("_args", "_function", "_kwargs")

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._function = function
        self._args = args
        self._kwargs = kwargs

    def __await__(self) -> Generator[Any, None, T]:
        return self._run().__await__()

    async def _run(self) -> T:
        turn = _turn.get()
        if not drive.blocking.get():
            await _wait_for_turn(turn)
        try:
            result: T = await call_pure(self._function, *self._args, **self._kwargs)
            return result
        finally:
            while turn is not None:
                turn.count()
                turn = turn.above


def call(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Call[Any]:
    """Call a Python function that may have effects: in a thread, after the calls of this kind before it."""
    return Call(function, args, kwargs)


async def call_pure(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call a Python function without effects: in a thread, together with whatever else runs."""
    if callable(compiled := getattr(function, "acall", None)):
        return await compiled(*args, **kwargs)
    result = await drive.call_function(function, *args, **kwargs)
    return await result if inspect.isawaitable(result) else result


def printed(*values: object, sep: str = " ", end: str = "\n") -> None:
    """`print(…)` of a `.dspy` file: to stderr, because stdout is for results, and into the trace."""
    text = sep.join(map(str, values)) + end
    trace.note("printed", text)
    sys.stderr.write(text)


def pure(function: F) -> F:
    """A decorator that says: this function has no effects, so its calls need not keep their order."""
    return function


def matches(value: str, pattern: str) -> bool:
    """Whether a regular expression is found in a text: `matches(x, r"…")` of a `.dspy` file.

    Raises:
        LimitError: the match takes longer than a second.
    """
    return is_found(pattern, value)


def pick(prediction: Any, *names: str) -> dict[str, Any]:
    """The fields of these names that a prediction has: what `return **found` takes from it."""
    return {name: prediction[name] for name in names if name in prediction}


# --- groups of tasks ------------------------------------------------------------------------------------


class _Group:
    """Tasks in the order of the text, of which the first failure in that order counts."""

    def __init__(self) -> None:
        self.tasks: dict[float, asyncio.Task[Any]] = {}
        self.started = 0
        self.given_up: set[float] = set()
        self.failure: tuple[float, BaseException, TracebackType | None] | None = None
        self.waiter: asyncio.Future[None] | None = None
        outer = _scope.get()
        self.last_turn: _Turn | None = outer.last_turn if outer is not None else None

    async def run(self, body: Coroutine[Any, Any, T]) -> T:
        """Run a body that starts tasks here; its own place is behind all of them."""
        context = copy_context()
        context.run(_scope.set, self)
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
        permit: _Permit | None = None,
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
        context.run(_scope.set, None)
        if permit is not None:
            context.run(_permit.set, permit)
        if (steps := trace.branch()) is not None:
            context.run(trace.start, steps)
        turn = None
        if effects != 0:
            self.last_turn = turn = _Turn(self.last_turn, _turn.get(), effects)
            context.run(_turn.set, turn)
        body = _coroutine(work)
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


class together(_Group):  # noqa: N801 - used like a function: `async with flow.together():`
    """What is started inside of a `with` has ended with it, and its first error in the text is raised there.

    A failure cancels what comes later in the text, the block itself included, as in a `scope`. Without an
    event loop there is nothing to do.
    """

    def __init__(self) -> None:
        super().__init__()
        self._task: asyncio.Task[Any] | None = None
        self._token: Token[_Group | None] | None = None
        self._is_cancelled = False

    async def __aenter__(self) -> None:
        """Let the block start steps."""
        if not drive.blocking.get():
            self._task = asyncio.current_task()
            self._token = _scope.set(self)

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Wait for the steps.

        Raises:
            BaseException: the first error in the text, of the steps and of the block.
        """
        if self._task is None or self._token is None:
            return
        _scope.reset(self._token)
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


def _coroutine(awaitable: Awaitable[T]) -> Coroutine[Any, Any, T]:
    return awaitable if isinstance(awaitable, Coroutine) else _coroutine_of(awaitable)


_scope: ContextVar[_Group | None] = ContextVar("dspyc_scope", default=None)


# --- the order of calls with effects --------------------------------------------------------------------


class _Turn:
    """The right of a task to make calls with effects: it comes after that of the tasks before it."""

    __slots__ = ("above", "before", "left", "passed")

    def __init__(self, before: _Turn | None, above: _Turn | None, left: int | None) -> None:
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


async def _wait_for_turn(turn: _Turn | None) -> None:
    group = _scope.get()
    if group is not None and group.last_turn is not None:
        await asyncio.shield(group.last_turn.passed)
    while turn is not None:
        if turn.before is not None:
            await asyncio.shield(turn.before.passed)
        turn = turn.above


_turn: ContextVar[_Turn | None] = ContextVar("dspyc_turn", default=None)


# --- the number of calls in flight ----------------------------------------------------------------------


class _Permits:
    """How many items of comprehensions run at once, shared by all that are inside each other.

    An item that waits for items of its own gives up its permit meanwhile: so there are never more than
    `max_concurrency` at work, and they never wait for each other's permits in a cycle.
    """

    def __init__(self, outer: _Permit | None) -> None:
        self.outer = outer
        self.loop = asyncio.get_running_loop()
        self.free: asyncio.Semaphore = (
            outer.permits.free if outer else asyncio.Semaphore(max(1, lookup("max_concurrency")))
        )

    @classmethod
    def enter(cls) -> _Permits:
        """The permits for a `gather` that begins here."""
        outer = _permit.get()
        if outer is not None and outer.permits.loop is not asyncio.get_running_loop():
            outer = None  # a Python function in between has come back to another event loop
        if outer is not None:
            outer.release()
        return cls(outer)

    async def acquire(self) -> _Permit:
        """Wait for a free permit."""
        await self.free.acquire()
        return _Permit(self)

    async def exit(self) -> None:
        """Take the permit again that the item around had."""
        if self.outer is not None:
            await self.outer.reacquire()


class _Permit:
    """An item's permit among those that run."""

    __slots__ = ("held", "permits")

    def __init__(self, permits: _Permits) -> None:
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


_permit: ContextVar[_Permit | None] = ContextVar("dspyc_permit", default=None)
