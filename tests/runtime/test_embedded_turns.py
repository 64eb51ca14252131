"""Requests for a model in this process wait here, first come, first served, and not in llama.cpp."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.lm.transports import embedded


class Server:
    """Answers like llama.cpp, in its four slots."""

    def __init__(self) -> None:
        self.inside = self.most = 0
        self.order: list[int] = []
        self._lock = threading.Lock()
        self._slots = threading.Semaphore(4)

    def handle_chat_completions(self, body: dict[str, Any]) -> dict[str, Any]:
        number = int(body["messages"][-1]["content"])
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        with self._slots:
            self.order.append(number)
            time.sleep(0.002)
        with self._lock:
            self.inside -= 1
        choice = {"message": {"role": "assistant", "content": str(number)}, "finish_reason": "stop"}
        return {"choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 1}, "id": "x"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr(embedded, "_server", lambda settings, model: made)
    return made


async def ask_all(count: int, **settings: Any) -> list[str]:
    lm = dspy.LM("embedded/banking", cache=False, **settings)
    found = await asyncio.gather(*(lm.acall(str(number)) for number in range(count)))
    return [each[0] for each in found]


def test_no_request_waits_for_many_later_ones(server: Server) -> None:
    assert asyncio.run(ask_all(60)) == [str(number) for number in range(60)]
    assert server.most <= 8
    # Eight are there at once, in any order; nobody else overtakes anybody.
    assert all(abs(place - number) < 16 for place, number in enumerate(server.order)), server.order


def test_a_model_that_has_one_slot_is_given_two_requests(server: Server) -> None:
    asyncio.run(ask_all(12, n_parallel=1))
    assert server.most <= 2


def test_turns_belong_to_their_event_loop(server: Server) -> None:
    for _ in range(3):
        assert len(asyncio.run(ask_all(10))) == 10


def test_who_stops_waiting_gives_the_turn_to_another(server: Server) -> None:
    async def some_leave() -> list[str]:
        lm = dspy.LM("embedded/banking", cache=False)
        tasks = [asyncio.create_task(lm.acall(str(number))) for number in range(40)]
        await asyncio.sleep(0)
        for task in tasks[10:20]:
            task.cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        return [each[0] for each in found if not isinstance(each, BaseException)]

    assert len(asyncio.run(some_leave())) == 30


def test_who_asks_without_a_loop_waits_for_nobody(server: Server) -> None:
    assert dspy.LM("embedded/banking", cache=False)("7") == ["7"]
