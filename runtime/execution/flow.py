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
import sys
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable
from functools import partial, wraps
from typing import Any, Generic, ParamSpec, TypeAlias, TypeVar, overload

from . import drive, exits, trace
from .assertions import attempts, failed, suggest
from .effects import turn_here, wait_for_turn
from .fallbacks import fall_back, pass_mistakes_on
from .groups import Group, as_coroutine, group_here, together
from .matching import is_found
from .permits import Permits

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


def scope(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Let an async function `start` steps: none is left running when it returns or raises."""

    @wraps(function)
    async def scoped(*args: P.args, **kwargs: P.kwargs) -> T:
        body = function(*args, **kwargs)
        return await (body if drive.blocking.get() else Group().run(body))

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
        return Step(None, drive.drive(as_coroutine(awaitable)))
    group = group_here.get()
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
    permits = Permits.enter()
    group = Group()
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
        turn = turn_here.get()
        if not drive.blocking.get():
            group = group_here.get()
            await wait_for_turn(turn, None if group is None else group.last_turn)
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
