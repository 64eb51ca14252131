"""Running many calls: batches, `Parallel`, `Unbatchify`, and from one kind of code to the other."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.errors import BatchError, InputError
from support.openai_server import OpenAIServer, Reply


class Double(dspy.Module):
    """Doubles its input, and fails for 2."""

    def forward(self, v: int) -> int:
        if v == 2:
            raise ValueError(f"cannot double {v}")
        return v * 2


class Awaiting(dspy.Module):
    """Waits for something that is not a model."""

    async def aforward(self, v: int) -> int:
        await asyncio.sleep(0.001)
        return v + 1


ROWS = [dspy.Example(v=number).with_inputs("v") for number in (1, 2, 3)]


# --- batches --------------------------------------------------------------------------------------------


def test_failed_examples_keep_their_places() -> None:
    results, failed, errors = Double().batch(ROWS, return_failed_examples=True)
    assert results == [2, None, 6]
    assert failed == [ROWS[1]]
    assert [str(error) for error in errors] == ["cannot double 2"]


class Hanging(dspy.Module):
    """Hangs on its first call for the input 3."""

    def __init__(self) -> None:
        self.calls = 0
        self.end = threading.Event()

    def __deepcopy__(self, memo: dict[int, Any]) -> Hanging:
        return self

    def forward(self, v: int) -> int:
        if v == 3:
            self.calls += 1
            if self.calls == 1:
                self.end.wait(30)
        return v


@pytest.mark.parametrize("way", ["batch", "Parallel"])
def test_a_call_that_hangs_is_started_again(way: str) -> None:
    module = Hanging()
    try:
        if way == "batch":
            found = module.batch(ROWS, num_threads=3, timeout=0.1, straggler_limit=1)
        else:
            found = dspy.Parallel(num_threads=3, timeout=0.1)([(module, row) for row in ROWS])
        assert found == [1, 2, 3]
        assert module.calls == 2
    finally:
        module.end.set()


def test_nothing_is_started_again_without_a_timeout() -> None:
    module = Hanging()
    threading.Timer(0.4, module.end.set).start()
    assert module.batch(ROWS, num_threads=3, timeout=0) == [1, 2, 3]
    assert module.calls == 1


def test_more_than_the_last_are_not_started_again() -> None:
    module = Hanging()
    more = [*ROWS, *(dspy.Example(v=3).with_inputs("v") for _ in range(3))]
    threading.Timer(0.4, module.end.set).start()
    assert module.batch(more, num_threads=1, timeout=0.05, straggler_limit=1) == [1, 2, 3, 3, 3, 3]
    assert module.calls == 4


def test_a_request_that_hangs_is_not_waited_for_twice(server: OpenAIServer) -> None:
    """Equal requests in flight are one, but a second start is made because the first one hangs."""
    slow = Reply("[[ ## answer ## ]]\nslow", delay=3)
    server.script(slow, *[Reply("[[ ## answer ## ]]\nquick")] * 4)
    lm = dspy.LM("openai/any", api_base=server.api_base, api_key="k")
    program = dspy.Predict("question -> answer", lm=lm)
    rows = [
        dspy.Example(question="a").with_inputs("question"),
        dspy.Example(question="a").with_inputs("question"),
    ]
    began = time.monotonic()
    assert "slow" not in {each.answer for each in program.batch(rows, num_threads=2, timeout=0.2)}
    assert time.monotonic() - began < 2.5
    assert len(server.requests) >= 2


# --- Parallel -------------------------------------------------------------------------------------------


def test_pairs_of_all_kinds() -> None:
    async def later(v: int) -> int:
        await asyncio.sleep(0)
        return -v

    inner = dspy.Parallel()
    pairs = [
        (Double(), ROWS[0]),
        (Double(), {"v": 5}),
        (Awaiting(), {"v": 5}),
        (lambda a, b: a + b, (1, 2)),
        (later, {"v": 4}),
        (inner, [(Double(), {"v": 1}), (Double(), {"v": 3})]),
    ]
    assert dspy.Parallel(num_threads=3)(pairs) == [2, 10, 6, 3, -4, [2, 6]]


def test_failures_of_pairs() -> None:
    parallel = dspy.Parallel(num_threads=2, return_failed_examples=True)
    results, failed, errors = parallel([(Double(), row) for row in ROWS])
    assert (results, failed, [type(error) for error in errors]) == ([2, None, 6], [ROWS[1]], [ValueError])
    assert (parallel.failed_examples, parallel.exceptions) == (failed, errors)
    with pytest.raises(BatchError, match="2 of 3 examples failed"):
        dspy.Parallel(max_errors=1, num_threads=1)(
            [(Double(), ROWS[1]), (Double(), ROWS[1]), (Double(), ROWS[0])]
        )


def test_an_example_itself() -> None:
    def read(example: dspy.Example) -> int:
        return int(example.v)

    assert dspy.Parallel(access_examples=False)([(read, ROWS[2])]) == [3]


def test_other_inputs_are_refused() -> None:
    with pytest.raises(InputError, match="must be an Example, a dict or a tuple, not int"):
        dspy.Parallel()([(Double(), 3)])


def test_parallel_from_asynchronous_code() -> None:
    assert asyncio.run(dspy.Parallel().acall([(Double(), ROWS[0]), (Awaiting(), {"v": 1})])) == [2, 2]


def test_settings_reach_the_threads() -> None:
    with dspy.context(lm=dspy.DummyLM([{"answer": "yes"}] * 3)):
        program = dspy.Predict("question -> answer")
        found = dspy.Parallel(num_threads=3)([(program, {"question": str(number)}) for number in range(3)])
    assert [each.answer for each in found] == ["yes"] * 3


# --- asyncify, syncify ----------------------------------------------------------------------------------


def test_a_function_for_asynchronous_code() -> None:
    most, running, lock = 0, 0, threading.Lock()

    def work(v: int) -> int:
        nonlocal most, running
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return v

    async def main() -> list[int]:
        call = dspy.asyncify(work)
        with dspy.context(async_max_workers=2):
            return list(await asyncio.gather(*(call(v=number) for number in range(6))))

    assert asyncio.run(main()) == [0, 1, 2, 3, 4, 5]
    assert most == 2


@pytest.mark.parametrize("module", [Double(), Awaiting(), dspy.syncify(Awaiting(), in_place=False)])
def test_a_module_for_asynchronous_code(module: dspy.Module) -> None:
    assert asyncio.run(dspy.asyncify(module)(v=1)) == 2


def test_asynchronous_code_for_synchronous_code() -> None:
    async def work(v: int) -> int:
        await asyncio.sleep(0)
        return v + 1

    async def in_a_running_loop() -> int:
        return dspy.syncify(work)(1)

    module = Awaiting()
    assert dspy.syncify(work)(v=1) == 2
    assert asyncio.run(in_a_running_loop()) == 2
    assert dspy.syncify(module) is module
    assert dspy.syncify(module)(1) == 2


def test_a_wrapped_module_keeps_its_parts() -> None:
    wrapper = dspy.syncify(dspy.ChainOfThought("question -> answer"), in_place=False)
    assert [name for name, _ in wrapper.named_predictors()] == ["program.predict"]


# --- Unbatchify -----------------------------------------------------------------------------------------


def test_single_calls_share_batches() -> None:
    sizes: list[int] = []

    def double(values: list[int]) -> list[int]:
        sizes.append(len(values))
        return [value * 2 for value in values]

    with dspy.Unbatchify(double, max_batch_size=4, max_wait_time=0.2) as call:
        futures = [call.submit(number) for number in range(10)]
        assert [future.result() for future in futures] == [number * 2 for number in range(10)]
        assert asyncio.run(call.acall(5)) == 10
    assert sizes == [4, 4, 2, 1]


def test_the_error_of_a_batch_is_each_callers() -> None:
    def fail(values: list[int]) -> list[int]:
        raise ValueError("no")

    with dspy.Unbatchify(fail, max_wait_time=0.01) as call:
        for _ in range(2):
            with pytest.raises(ValueError, match="no"):
                call(1)
    with dspy.Unbatchify(lambda values: [1], max_wait_time=0.1) as short:
        futures = [short.submit(number) for number in range(2)]
        assert all("1 results for 2 inputs" in str(future.exception()) for future in futures)


def test_a_closed_one_refuses() -> None:
    call = dspy.Unbatchify(list[int])
    assert call(3) == 3
    call.close()
    with pytest.raises(RuntimeError, match="closed"):
        call(3)
