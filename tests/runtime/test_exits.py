"""Exits inside concurrent calls: they arrive in the caller, nothing hangs, and the next call works."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.execution import flow

EXITS = [SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError, StopIteration, ValueError]
GUARD = 60.0
"""Seconds after which a call counts as hung."""


class Fuse:
    """Raises an exception once."""

    def __init__(self, kind: type[BaseException]) -> None:
        self.kind = kind
        self.blown = False

    def __call__(self, now: bool = True) -> None:
        if now and not self.blown:
            self.blown = True
            raise self.kind("out")


class Model(dspy.BaseLM):
    """Answers "x"; blows a fuse at the question "1"."""

    def __init__(self, fuse: Fuse | None = None) -> None:
        self.fuse = fuse

    def complete(self, request: dspy.Request) -> dspy.Response:
        if self.fuse is not None:
            self.fuse("\n1\n" in request.messages[-1]["content"])
        return dspy.Response(("[[ ## a ## ]]\nx",), finish_reason="stop")


class AwaitingModel(Model):
    """The same on the event loop."""

    async def acomplete(self, request: dspy.Request) -> dspy.Response:
        await asyncio.sleep(0)
        return self.complete(request)


class Many(dspy.Module):
    """Calls a predictor, or a helper, for several items together."""

    def __init__(self, helper: Callable[[int], Any] | None = None, nested: bool = False) -> None:
        self.predict = dspy.Predict("q -> a")
        self.call = helper
        self.nested = nested

    @flow.scope
    async def aforward(self, n: int) -> list[Any]:
        if self.nested:
            return await flow.gather(self.inner(i, n) for i in range(n))
        return await self.inner(1, n)

    async def inner(self, i: int, n: int) -> list[Any]:
        if self.call is not None:
            return await flow.gather(flow.call_pure(self.call, i * j) for j in range(n))
        return [found.a for found in await flow.gather(self.predict.acall(q=str(i * j)) for j in range(n))]


def guarded(function: Callable[[], Any]) -> BaseException | None:
    """What a function raises, called in a thread, so that a hang is an ordinary failure."""
    outcome: list[BaseException | None] = []

    def work() -> None:
        try:
            function()
        except BaseException as error:  # noqa: BLE001 that is what is looked at
            outcome.append(error)
        else:
            outcome.append(None)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(GUARD)
    assert outcome, "the call hangs"
    return outcome[0]


@pytest.mark.parametrize("kind", EXITS)
@pytest.mark.parametrize("where", ["model", "awaiting model", "helper", "nested helper", "nested model"])
def test_an_exit_arrives_and_the_next_call_works(kind: type[BaseException], where: str) -> None:
    fuse = Fuse(kind)

    def helper(number: int) -> int:
        fuse(number == 1)
        return number

    lm = (AwaitingModel if "awaiting" in where else Model)(fuse if "model" in where else None)
    module = Many(helper if "helper" in where else None, nested="nested" in where)

    def run() -> None:
        with dspy.context(lm=lm):
            module(n=4)

    error = guarded(run)
    if kind is StopIteration and "awaiting" in where:
        # Python itself makes a RuntimeError of a StopIteration that a coroutine raises.
        assert isinstance(error, RuntimeError)
        assert isinstance(error.__cause__, StopIteration)
    else:
        assert type(error) is kind
        assert str(error) == ("" if kind is asyncio.CancelledError else "out")
    assert guarded(run) is None


@pytest.mark.parametrize("kind", EXITS[:4])
def test_an_exit_in_one_row_ends_the_batch(kind: type[BaseException]) -> None:
    fuse, release, begun = Fuse(kind), threading.Event(), threading.Event()

    class Row(dspy.Module):
        def forward(self, i: int) -> int:
            if i == 0:
                begun.set()
                release.wait(GUARD)  # a call that blocks does not keep the exit waiting
            begun.wait(GUARD)
            fuse(i == 1)
            return i

    error = guarded(lambda: Row().batch([{"i": i} for i in range(3)], num_threads=2))
    assert type(error) is kind
    assert not release.is_set()
    release.set()
    assert guarded(lambda: Row().batch([{"i": i} for i in range(3)], num_threads=2)) is None


def test_an_exit_cancels_what_is_in_flight() -> None:
    ended: list[str] = []

    async def slow() -> None:
        try:
            await asyncio.sleep(GUARD)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async def quits() -> None:
        await asyncio.sleep(0)
        raise SystemExit("out")

    class Pair(dspy.Module):
        @flow.scope
        async def aforward(self) -> None:
            first = flow.start(slow())
            second = flow.start(quits())
            await first
            await second

    assert isinstance(guarded(lambda: Pair()()), SystemExit)
    assert ended == ["cancelled"]


def test_an_exit_of_a_task_that_is_not_ours_leaves_the_loop_running() -> None:
    class Careless(dspy.Module):
        async def aforward(self) -> str:
            async def quits() -> None:
                raise SystemExit("out")

            task = asyncio.get_running_loop().create_task(quits())
            await asyncio.wait([task])
            return type(task.exception()).__name__

    found: list[str] = []
    assert guarded(lambda: found.append(Careless()())) is None
    assert found == ["SystemExit"]


def test_an_exit_reaches_an_asynchronous_caller() -> None:
    fuse = Fuse(SystemExit)

    def helper(number: int) -> int:
        fuse(number == 1)
        return number

    async def ask() -> None:
        with pytest.raises(SystemExit):
            await Many(helper).acall(n=3)
        assert await Many(helper).acall(n=3) == [0, 1, 2]

    assert guarded(lambda: asyncio.run(ask())) is None


def test_a_tool_that_stops_an_iteration_is_an_observation() -> None:
    def first() -> str:
        """The first."""
        return next(iter([]))

    steps = [
        {"next_thought": "t", "next_tool_name": "first", "next_tool_args": {}},
        {"next_thought": "t", "next_tool_name": "finish", "next_tool_args": {}},
        {"reasoning": "r", "a": "x"},
    ]
    with dspy.context(lm=dspy.DummyLM(steps)):
        found = dspy.ReAct("q -> a", tools=[first])(q="?")
    assert found.trajectory["observation_0"] == "Execution error in first: StopIteration: "


BLOCKED = """
    import sys, threading, time
    import dspyc.runtime as dspy
    from dspyc.runtime.execution import flow

    class Blocking(dspy.BaseLM):
        def complete(self, request):
            print("blocked", flush=True)
            time.sleep(600)

    def tool(number):
        print("blocked", flush=True)
        time.sleep(600)

    class Many(dspy.Module):
        def __init__(self):
            self.predict = dspy.Predict("q -> a")

        @flow.scope
        async def aforward(self, n):
            if sys.argv[1] == "tool":
                return await flow.gather(flow.call(tool, i) for i in range(n))
            return await flow.gather(self.predict.acall(q=str(i)) for i in range(n))

    dspy.configure(lm=Blocking())
    if sys.argv[2] == "end":
        threading.Thread(target=lambda: Many()(n=2), daemon=True).start()
        time.sleep(1)
    elif sys.argv[2] == "batch":
        dspy.Predict("q -> a").batch([{"q": "1"}, {"q": "2"}], num_threads=2)
    else:
        Many()(n=2)
"""


@pytest.mark.parametrize(("what", "how"), [("tool", "call"), ("model", "call"), ("model", "batch")])
def test_ctrl_c_ends_at_once(what: str, how: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(BLOCKED), what, how],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        # Two threads may write at once, and their lines into each other.
        assert process.stdout.readline().startswith("blocked")
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=GUARD)
    finally:
        process.kill()
    assert process.returncode in (1, 130, -signal.SIGINT)
    assert errors.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.parametrize("what", ["tool", "model"])
def test_a_call_that_blocks_does_not_keep_the_process(what: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(BLOCKED), what, "end"],
        capture_output=True, text=True, timeout=GUARD, check=True,
    )  # fmt: skip
    assert done.stderr == ""


def test_functions_that_come_back_to_the_loop_do_not_wait_for_each_other() -> None:
    """More of them than there are threads on one level, each of which needs a thread itself."""
    inner = Many(lambda number: number)

    class Outer(dspy.Module):
        async def aforward(self) -> list[Any]:
            return await asyncio.gather(*(flow.call_pure(lambda: inner.forward(n=2)) for _ in range(80)))

    found: list[Any] = []
    assert guarded(lambda: found.append(Outer()())) is None
    assert found == [[[0, 1]] * 80]


def test_a_forked_child_has_a_loop_and_threads_of_its_own() -> None:
    module = Many(lambda number: number)
    assert module(n=3) == [0, 1, 2]
    child = os.fork()
    if not child:
        os._exit(0 if module(n=3) == [0, 1, 2] else 1)
    waited = threading.Timer(GUARD, os.kill, (child, signal.SIGKILL))
    waited.start()
    _, status = os.waitpid(child, 0)
    waited.cancel()
    assert status == 0


@pytest.mark.parametrize("turns", [(0, 1, 5), (1, 2, 5, 5), (0, 0, 1, 3)])
@pytest.mark.parametrize("kind", [ValueError, SystemExit])
@pytest.mark.filterwarnings("error")
def test_an_item_that_was_cancelled_before_it_began_leaves_no_warning(
    turns: tuple[int, ...], kind: type[BaseException]
) -> None:
    """The failure of one is noted in the very turn in which the next is made."""

    async def item(turns: int, fails: bool) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        if fails:
            raise kind("out")

    async def gathered() -> None:
        with dspy.context(max_concurrency=2):
            await flow.gather(item(each, each == max(turns[:-1])) for each in turns)

    unraisable: list[Any] = []
    hook, sys.unraisablehook = sys.unraisablehook, unraisable.append
    try:
        with pytest.raises(kind):
            asyncio.run(gathered())
        gc.collect()
    finally:
        sys.unraisablehook = hook
    assert [str(each.exc_value) for each in unraisable] == []
