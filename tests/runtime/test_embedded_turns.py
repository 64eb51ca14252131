"""Requests for a model in this process wait here, first come, first served, and not in llama.cpp."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.errors import LMTimeoutError
from dspyc.runtime.lm.gguf import places
from dspyc.runtime.lm.request import Request
from dspyc.runtime.lm.transports import embedded


class Server:
    """Answers like llama.cpp, in its four slots."""

    def __init__(self) -> None:
        self.inside = self.most = 0
        self.seconds = 0.002
        self.order: list[int] = []
        self._lock = threading.Lock()
        self._slots = threading.Semaphore(4)

    def handle_chat_completions(self, body: dict[str, Any], *hear: Any) -> dict[str, Any]:
        number = int(body["messages"][-1]["content"])
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        with self._slots:
            self.order.append(number)
            time.sleep(self.seconds)
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


def test_a_turn_lasts_until_the_model_has_stopped(server: Server) -> None:
    server.seconds = 0.1

    async def too_late() -> list[Any]:
        lm = dspy.LM("embedded/banking", cache=False, n_parallel=1, timeout=0.02)
        calls = (lm.acall(str(number)) for number in range(12))
        return await asyncio.gather(*calls, return_exceptions=True)

    begun = time.monotonic()
    found = asyncio.run(too_late())
    assert [type(each) for each in found] == [LMTimeoutError] * 12
    # What was too late once would be so again.
    assert len(server.order) <= 2
    assert server.most <= 2
    assert time.monotonic() - begun < 2


def test_a_turn_ends_where_no_thread_can_be_started(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    real = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if thread.name == "dspyc-answer":
            raise RuntimeError("can't start new thread")
        real(thread)

    async def ask_until_it_works() -> list[Any]:
        lm = dspy.LM("embedded/banking", cache=False, n_parallel=1, num_retries=0)
        with monkeypatch.context() as here:
            here.setattr(threading.Thread, "start", start)
            failed = await asyncio.gather(
                *(lm.acall(each, timeout=20) for each in "12345"), return_exceptions=True
            )
        assert all(isinstance(each, Exception) for each in failed)
        return list(await asyncio.wait_for(lm.acall("7"), 20))

    assert asyncio.run(ask_until_it_works()) == ["7"]


def test_another_model_is_asked_after_a_timeout(server: Server) -> None:
    server.seconds = 0.1
    lm = dspy.LM("embedded/banking", cache=False, timeout=0.02, fallbacks=[dspy.DummyLM([{"answer": "x"}])])
    assert "x" in str(lm("1")[0])


def test_loading_a_model_holds_up_no_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Server()

    def start(settings: embedded.ServerSettings, model: str) -> Server:
        time.sleep(0.5)
        return made

    monkeypatch.setattr(embedded, "_servers", {})
    monkeypatch.setattr(embedded, "_start", start)

    async def longest_stall() -> float:
        asked = [asyncio.create_task(ask_all(1))]
        longest = 0.0
        for step in range(20):
            before = time.monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - before)
            if step == 5:
                asked.append(asyncio.create_task(ask_all(3)))
        await asyncio.gather(*asked)
        return longest

    assert asyncio.run(longest_stall()) < 0.3


def test_loading_a_model_is_in_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Server()
    monkeypatch.setattr(embedded, "_server", lambda settings, model: time.sleep(0.3) or made)
    lm = dspy.LM("embedded/banking", cache=False, timeout=0.05)
    for ask in (lambda: lm("1"), lambda: asyncio.run(ask_all(1, timeout=0.05))):
        begun = time.monotonic()
        with pytest.raises(LMTimeoutError, match=r"within 0\.05 s"):
            ask()
        assert time.monotonic() - begun < 0.3
    time.sleep(0.5)
    assert made.order == []


@pytest.mark.parametrize("deadline", [0.05, 900])
def test_a_deadline_is_a_limit_however_long(server: Server, deadline: float) -> None:
    request = Request("embedded/banking", [{"role": "user", "content": "1"}], {"deadline": deadline})
    limit = embedded._limit(request)
    assert limit is not None
    assert limit.seconds == deadline


def test_what_nobody_waits_for_is_not_asked(server: Server) -> None:
    for settings in ({}, {"logprobs": True}, {"n": 3}):
        request = Request("embedded/banking", [{"role": "user", "content": "1"}], settings)
        told: list[Any] = []
        embedded._write(request, told.append, lambda: True)
        assert told == server.order == []


def test_a_folder_is_converted_once_and_for_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSPYC_MODELS", str(tmp_path / "models"))
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "config.json").write_text("{}")
    model, made = f"gguf/{tmp_path / 'hf'}", []

    def convert(folder: Path, path: Path, name: str) -> None:
        made.append(threading.current_thread())
        time.sleep(0.05)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    monkeypatch.setattr(places, "_convert", convert)
    transport = embedded.EmbeddedTransport()
    first = transport.identity(Request(model, [], {}))
    assert made == []
    with ThreadPoolExecutor(4) as pool:
        [path] = set(pool.map(places.model_path, [model] * 4))
    assert len(made) == 1
    assert path.exists()
    assert transport.identity(Request(model, [], {})) == first
