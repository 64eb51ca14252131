"""What keeps a model's limits: a minute's window, and a gate that learns what a server takes."""

from __future__ import annotations

import asyncio
import time

import pytest

from dspyc.runtime.execution.turns import Late
from dspyc.runtime.lm.control.gate import Gate, Passage
from dspyc.runtime.lm.control.window import Window
from support.asked import entered


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# --- a minute -------------------------------------------------------------------------------------------


def test_no_stretch_of_a_minute_has_more_than_the_limit() -> None:
    window, now, sent = Window(5), 0.0, []
    for _ in range(40):
        now += window.wait(1, now)
        window.take(1, now)
        sent.append(now)
        now += 4.0
    for begin in sent:
        assert sum(begin <= each < begin + 60 for each in sent) <= 5
    assert sent[:5] == [0.0, 4.0, 8.0, 12.0, 16.0]


def test_a_window_counts_what_was_really_used() -> None:
    window = Window(100)
    entry = window.take(90, 0.0)
    assert window.wait(20, 0.0) == 60
    window.change(entry, 10)
    assert window.wait(20, 0.0) == 0
    assert window.wait(500, 0.0) == 60, "what never fits waits for an empty minute"
    assert window.wait(500, 60.0) == 0
    window.change(entry, 0)
    assert window.wait(100, 60.0) == 0, "an entry of an earlier minute changes nothing"


# --- a gate ---------------------------------------------------------------------------------------------


def test_a_gate_lets_through_as_many_as_may_be() -> None:
    gate = Gate("m", most=2)
    first, _ = entered(gate, 2)
    assert not gate.enters(Passage())
    gate.passed(first)
    entered(gate, 1)
    assert gate.in_flight == 2


def test_requests_that_were_together_are_one_refusal() -> None:
    clock = Clock()
    gate = Gate("m", clock=clock)
    passages = entered(gate, 16)
    clock.now += 1
    for each in passages:
        gate.refused(each, None)
    assert gate.learned == 8
    clock.now += 1
    again = entered(gate, 8)
    assert not gate.enters(Passage())
    clock.now += 1
    gate.refused(again[0], None)
    assert gate.learned == 4


def test_a_server_that_takes_more_again_gets_more() -> None:
    clock = Clock()
    gate = Gate("m", clock=clock)
    gate.refused(entered(gate, 1)[0], None)
    assert gate.learned == 1
    for expected in (2, 3, 4):
        before = int(gate.learned)
        for _ in range(2 * before):
            for each in entered(gate, int(gate.learned)):
                gate.passed(each)
            if int(gate.learned) >= expected:
                break
        assert int(gate.learned) == expected


def test_one_at_a_time_teaches_nothing() -> None:
    gate = Gate("m")
    passages = entered(gate, 8)
    for each in passages:
        gate.refused(each, None)
    for _ in range(50):
        gate.passed(entered(gate, 1)[0])
    assert gate.learned == 4


def test_a_shorter_wait_does_not_end_a_longer_one() -> None:
    clock = Clock()
    gate = Gate("m", clock=clock)
    first, second = entered(gate, 2)
    gate.refused(first, 30.0)
    gate.refused(second, 2.0)
    clock.now += 29
    assert not gate.enters(Passage())
    clock.now += 1.5
    entered(gate, 1)


def test_tokens_are_counted_as_they_came() -> None:
    clock = Clock()
    gate = Gate("m", tpm=1000, clock=clock)
    big = Passage(900)
    assert gate.enters(big)
    assert not gate.enters(Passage(200))
    gate.passed(big, 100)
    assert gate.enters(Passage(200))


def test_who_is_late_gives_up_the_place() -> None:
    gate = Gate("m", most=1)
    holder = entered(gate, 1)[0]

    async def late() -> None:
        with pytest.raises(Late):
            await gate.enter(Passage(), time.monotonic() + 0.05)
        gate.passed(holder)

    asyncio.run(late())
    entered(gate, 1)


def test_who_is_cancelled_gives_up_the_place() -> None:
    gate = Gate("m", most=1)
    holder = entered(gate, 1)[0]

    async def many() -> int:
        tasks = [asyncio.create_task(gate.enter(Passage())) for _ in range(10)]
        await asyncio.sleep(0.01)
        for task in tasks[:9]:
            task.cancel()
        gate.passed(holder)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        return sum(each is None for each in results)

    assert asyncio.run(many()) == 1
    assert gate.in_flight == 1


def test_turns_are_in_order_among_threads_and_tasks() -> None:
    gate = Gate("m", most=1)
    order: list[int] = []

    async def one(number: int) -> None:
        passage = Passage()
        if not gate.enters(passage):
            await gate.enter(passage)
        order.append(number)
        await asyncio.sleep(0)
        gate.passed(passage)

    async def all_of() -> None:
        await asyncio.gather(*(one(number) for number in range(50)))

    asyncio.run(all_of())
    assert order == list(range(50))
