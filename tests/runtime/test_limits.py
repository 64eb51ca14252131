"""Limits of models over a server: requests at once and in a minute, deadlines, and how they are said."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

import dspyc.runtime as dspy
from dspyc.runtime.errors import LMConfigurationError
from dspyc.runtime.lm.control.passing import gate_of
from dspyc.runtime.lm.request import Request
from support.asked import ask_all, entered, model
from support.openai_server import Failure, OpenAIServer, Silent

# --- for an answer --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), True, "soon", httpx.Timeout(-1)])
def test_a_time_that_is_none_is_told(seconds: Any) -> None:
    for lm in ("openai/any", "embedded/banking"):
        with pytest.raises(LMConfigurationError, match="`timeout` must be a number of seconds above 0"):
            dspy.LM(lm, api_key="k-123456", cache=False)("x", timeout=seconds)


@pytest.mark.parametrize("seconds", [float("inf"), 1e12, "60", httpx.Timeout(60), httpx.Timeout(None)])
def test_a_time_may_be_long(server: OpenAIServer, seconds: Any) -> None:
    assert model(server, cache=False)("x", timeout=seconds)
    assert dspy.LM("embedded/banking", cache=False)("x", timeout=seconds, max_tokens=1)


# --- at once, in a minute, over a server ----------------------------------------------------------------


@pytest.mark.parametrize("asynchronous", [False, True])
def test_no_more_at_once_than_said(server: OpenAIServer, asynchronous: bool) -> None:
    server.latency = 0.02
    lm = model(server, max_concurrency=3, cache=False)
    assert len(ask_all(lm, 12, asynchronous)) == 12
    assert server.most_in_flight == 3
    assert len(ask_all(lm.copy(temperature=0.5), 6, asynchronous)) == 6
    assert server.most_in_flight == 3, "copies share the limit"


def test_threads_and_tasks_share_a_limit(server: OpenAIServer) -> None:
    server.latency = 0.02
    lm = model(server, max_concurrency=4, cache=False)
    with ThreadPoolExecutor(2) as pool:
        sides = [pool.submit(ask_all, lm, 10, asynchronous) for asynchronous in (False, True)]
        assert [len(side.result()) for side in sides] == [10, 10]
    assert server.most_in_flight == 4


def test_requests_of_a_minute(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dspyc.runtime.lm.control.window.Window.__init__.__defaults__", (0.4,))
    lm = model(server, rpm=3, cache=False)
    ask_all(lm, 7, True)
    at = sorted(each.at for each in server.requests)
    assert at[3] - at[0] >= 0.35
    assert at[6] - at[3] >= 0.35


def test_waiting_is_told(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("dspyc.runtime.lm.control.window.Window.__init__.__defaults__", (1.5,))
    lm = model(server, rpm=1, cache=False)
    with caplog.at_level(logging.WARNING, "dspyc"):
        lm("a")
        lm("b")
    assert [each.getMessage() for each in caplog.records] == [
        "1 request waits for `openai/any`: rpm=1 leaves room in 0 s"
    ]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_server_with_too_much_to_do_gets_less(
    server: OpenAIServer, asynchronous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dspyc.runtime.lm.retry.FIRST_DELAY", 0.02)
    server.latency = 0.03
    server.most = 4
    lm = model(server, cache=False, num_retries=12)
    assert len(ask_all(lm, 40, asynchronous)) == 40
    gate = gate_of(Request("openai/any", [], {"api_base": server.api_base}))
    assert gate.learned is not None
    assert gate.in_flight == 0
    assert server.refused < 90, "without learning, more than a hundred are"


# --- deadlines ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("carrier")
@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_deadline_ends_retries(
    server: OpenAIServer, asynchronous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dspyc.runtime.lm.retry.FIRST_DELAY", 0.01)
    # The third wait would be longer than all that is left, however slow the machine is.
    server.script(Failure(500), Failure(500), *[Failure(500, headers={"retry-after": "60"})] * 30)
    lm = model(server, num_retries=30, deadline=30.0)
    with pytest.raises(dspy.LMServerError) as caught:
        asyncio.run(lm.acall("x")) if asynchronous else lm("x")
    assert len(server.requests) == 3
    assert "its deadline leaves no time for another attempt" in caught.value.__notes__
    assert "deadline" not in server.requests[0].body
    assert "timeout" not in server.requests[0].body


@pytest.mark.usefixtures("carrier")
@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_deadline_ends_an_attempt(server: OpenAIServer, asynchronous: bool) -> None:
    server.script(Silent(5))
    lm = model(server, num_retries=5)
    began = time.monotonic()
    with pytest.raises(dspy.LMTimeoutError):
        asyncio.run(lm.acall("x", deadline=0.4)) if asynchronous else lm("x", deadline=0.4)
    assert time.monotonic() - began < 3


def test_a_deadline_ends_waiting_for_ones_turn(server: OpenAIServer) -> None:
    lm = model(server, rpm=1, cache=False)
    lm("a")
    with pytest.raises(dspy.LMTimeoutError, match="before it could be sent\nraise deadline"):
        lm("b", deadline=0.1)
    assert len(server.requests) == 1


@pytest.mark.parametrize("wrong", [0, -1, "soon", True])
def test_deadlines_of_calls_are_checked(server: OpenAIServer, wrong: Any) -> None:
    with pytest.raises(dspy.LMConfigurationError, match="`deadline` must be a number of seconds above 0"):
        model(server)("x", deadline=wrong)


# --- parameters -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rpm": 0}, "`rpm` of `LM` must be more than 0, not 0"),
        ({"tpm": -5}, "`tpm` of `LM` must be more than 0, not -5"),
        ({"max_concurrency": 0}, "`max_concurrency` of `LM` must be at least 1, not 0"),
        ({"timeout": 0}, "`timeout` of `LM` must be more than 0, not 0"),
        ({"deadline": "5"}, "`deadline` of `LM` must be more than 0, not '5'"),
        ({"fallbacks": 3}, "must be a list of models or their names"),
        ({"fallbacks": ["openai/x", None]}, "not None"),
        ({"fallbacks": [""]}, "not ''"),
    ],
)
def test_mistakes_are_said(given: dict[str, Any], words: str) -> None:
    with pytest.raises(dspy.ConfigurationError) as caught:
        dspy.LM("openai/x", **given)
    assert words in str(caught.value)


@pytest.mark.parametrize("name", ["rpm", "tpm", "fallbacks", "budget", "max_concurrency"])
def test_what_a_model_has_is_no_setting_of_a_call(server: OpenAIServer, name: str) -> None:
    with pytest.raises(dspy.LMConfigurationError, match=f"`{name}` is a parameter of the model"):
        model(server)("x", **{name: 1})


def test_copies_and_states_have_the_limits() -> None:
    lm = dspy.LM("openai/x", rpm=60, tpm=1e5, timeout=9, deadline=30, fallbacks=["openai/y"], budget=2.0)
    state = lm.dump_state()
    made = dspy.LM(**state)
    assert made.dump_state() == state
    assert (made.rpm, made.tpm, made.timeout, made.deadline, made.budget) == (60, 1e5, 9, 30, 2.0)
    twin = lm.copy(temperature=0.5)
    assert twin._limits is lm._limits
    assert lm.copy(rpm=5)._limits is not lm._limits
    assert lm.copy(timeout=3).kwargs["timeout"] == 3


def test_a_limit_goes_to_another_process() -> None:
    import pickle

    lm = dspy.LM("openai/x", rpm=60, budget=2.0)
    twin = pickle.loads(pickle.dumps(lm))  # noqa: S301 our own bytes
    assert twin.rpm == 60
    assert twin._limits.gate is not None
    assert twin._limits.purse.limit == 2.0


def test_an_interrupted_wait_gives_up_the_place(server: OpenAIServer) -> None:
    lm = model(server, max_concurrency=1, cache=False)
    assert lm._limits is not None
    gate = lm._limits.gate
    assert gate is not None
    holder = entered(gate, 1)[0]

    async def cancelled() -> None:
        task = asyncio.create_task(lm.acall("x"))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    gate.passed(holder)
    assert lm("y") == ["This is a test!"]
    assert gate.in_flight == 0
    assert threading.active_count() < 100
