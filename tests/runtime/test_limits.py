"""Limits of models: requests at once and in a minute, deadlines, budgets, fallbacks."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.execution.spending import Expense, Purse
from dspyc.runtime.execution.turns import Late
from dspyc.runtime.lm.control.gate import Gate, Passage
from dspyc.runtime.lm.control.passing import gate_of
from dspyc.runtime.lm.control.window import Window
from dspyc.runtime.lm.request import Request
from support.asked import KEY, model
from support.openai_server import Failure, OpenAIServer, RateLimit, Reply, Silent

PRICES = {"input_cost_per_token": 0.001, "output_cost_per_token": 0.01}


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


def entered(gate: Gate, count: int) -> list[Passage]:
    passages = [Passage() for _ in range(count)]
    assert [gate.enters(each) for each in passages] == [True] * count
    return passages


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


# --- at once, in a minute, over a server ----------------------------------------------------------------


def ask_all(lm: dspy.LM, count: int, asynchronous: bool) -> list[Any]:
    if not asynchronous:
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(lambda number: lm(str(number)), range(count)))

    async def together() -> list[Any]:
        return await asyncio.gather(*(lm.acall(str(number)) for number in range(count)))

    return asyncio.run(together())


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
    monkeypatch.setattr("dspyc.runtime.lm.retry.FIRST_DELAY", 0.2)
    model(server)("import what sends requests")
    server.reset()
    server.script(*[Failure(500)] * 30)
    lm = model(server, num_retries=30, deadline=1.0)
    with pytest.raises(dspy.LMServerError) as caught:
        asyncio.run(lm.acall("x")) if asynchronous else lm("x")
    assert 1 < len(server.requests) < 8
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


# --- budgets --------------------------------------------------------------------------------------------


def test_a_purse_sets_the_most_aside() -> None:
    purse = Purse(1.0)
    first, second = Expense(0.6, "m"), Expense(0.6, "m")
    assert purse.enters(first)
    assert not purse.enters(second)
    purse.settle(first, 0.1)
    assert purse.enters(second)
    purse.settle(second, 0.6)
    assert purse.spent == pytest.approx(0.7)
    with pytest.raises(dspy.BudgetExceededError, match=r"up to \$0.6000, and \$0.7000 of the budget of \$1"):
        purse.enters(Expense(0.6, "m"))


@pytest.mark.usefixtures("carrier")
@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_budget_stops_before_it_is_exceeded(server: OpenAIServer, asynchronous: bool) -> None:
    lm = model(server, budget=0.5, max_tokens=10, cache=False, **PRICES)
    errors: list[dspy.BudgetExceededError] = []
    for number in range(40):
        try:
            asyncio.run(lm.acall(str(number))) if asynchronous else lm(str(number))
        except dspy.BudgetExceededError as error:
            errors.append(error)
    spent = sum(entry["cost"] for entry in lm.history)
    assert len(server.requests) == 40 - len(errors) > 3
    assert all(error.spent <= error.budget == 0.5 for error in errors)
    assert errors
    assert 0.3 < spent <= 0.5
    assert "input_cost_per_token" not in server.requests[0].body


def test_calls_at_once_wait_for_what_others_cost(server: OpenAIServer) -> None:
    server.latency = 0.01
    # Each may cost 0.1 and costs 0.04: two fit at once, and ten after each other.
    lm = model(server, budget=0.5, max_tokens=10, cache=False, **PRICES)
    ask_all(lm, 8, True)
    assert len(server.requests) == 8
    assert server.most_in_flight < 5


def test_what_comes_from_the_cache_costs_nothing(server: OpenAIServer) -> None:
    lm = model(server, budget=0.2, max_tokens=10, cache=True, **PRICES)
    for _ in range(20):
        lm("the same")
    assert len(server.requests) == 1


def ask_in_turn(*models: dspy.LM) -> None:
    for number in range(20):
        for lm in models:
            lm(str(number))


def test_a_budget_for_all_models(server: OpenAIServer) -> None:
    one, other = (model(server, max_tokens=10, cache=False, **PRICES) for _ in range(2))
    dspy.configure(budget=0.5)
    with pytest.raises(dspy.BudgetExceededError):
        ask_in_turn(one, other)
    assert 0.3 < dspy.settings.budget.spent <= 0.5
    with dspy.context(budget=None):
        one("outside of it")
    dspy.configure(budget=1)
    one("more")


def test_a_budget_inside_of_another_counts_for_both(server: OpenAIServer) -> None:
    lm = model(server, max_tokens=10, cache=False, **PRICES)
    dspy.configure(budget=10)
    with dspy.context(budget=0.3), pytest.raises(dspy.BudgetExceededError):
        ask_in_turn(lm)
    assert 0.1 < dspy.settings.budget.spent <= 0.3


@pytest.mark.parametrize("wrong", [0, -2, "5 dollars", True, float("inf"), float("nan")])
def test_a_budget_is_a_number(wrong: Any) -> None:
    with pytest.raises(dspy.ConfigurationError, match="budget"):
        dspy.configure(budget=wrong)
    if wrong not in (True, float("inf")):
        with pytest.raises(dspy.ConfigurationError, match="budget"):
            dspy.LM("openai/x", budget=wrong)


def test_a_budget_needs_a_price(server: OpenAIServer) -> None:
    with pytest.raises(dspy.LMConfigurationError, match="the price of `openai/any` is not known"):
        model(server, budget=1.0)("x")
    assert not server.requests


def test_a_lost_answer_is_counted(server: OpenAIServer) -> None:
    server.script(Silent(2), Failure(500))
    lm = model(server, budget=1.0, max_tokens=10, timeout=0.2, cache=False, **PRICES)
    with pytest.raises(dspy.LMTimeoutError):
        lm("x")
    assert lm._limits is not None
    assert lm._limits.purse is not None
    lost = lm._limits.purse.spent
    assert lost > 0.1
    with pytest.raises(dspy.LMServerError):
        lm("y")
    assert lm._limits.purse.spent == lost, "what the server refused costs nothing"


# --- fallbacks ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("carrier")
@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize(
    "step",
    [
        Failure(500), RateLimit(), Failure(401, "no"), Failure(404, "no"), Reply(None), Silent(2),
        Failure(400, "too long", "context_length_exceeded"), Reply("", finish_reason="content_filter"),
        Failure(402, "pay"),
    ],
)  # fmt: skip
def test_another_model_answers(server: OpenAIServer, step: Any, asynchronous: bool) -> None:
    server.script(step, "from the other")
    lm = model(server, fallbacks=["openai/other"], timeout=0.5, temperature=0.7)
    call: Callable[[], Any] = (lambda: asyncio.run(lm.acall("x"))) if asynchronous else (lambda: lm("x"))
    with dspy.track_usage() as used:
        assert call() == ["from the other"]
    first, second = server.requests
    assert (first.body["model"], second.body["model"]) == ("any", "other")
    assert second.body["temperature"] == 0.7
    assert second.headers["authorization"] == f"Bearer {KEY}"
    assert lm.history[-1]["response"].answered_by == "openai/other"
    assert list(used.get_total_tokens()) == ["openai/other"]


def test_a_wrong_request_is_wrong_for_all(server: OpenAIServer) -> None:
    server.script(Failure(400, "bad field"))
    with pytest.raises(dspy.LMInvalidRequestError):
        model(server, fallbacks=["openai/other"])("x")
    assert len(server.requests) == 1


def test_all_that_failed_are_named(server: OpenAIServer) -> None:
    server.script(Failure(500, "one"), Failure(503, "two"), Failure(429, "three"))
    lm = model(server, fallbacks=["openai/b", "openai/c"])
    with pytest.raises(dspy.LMRateLimitError, match="`openai/c`: three") as caught:
        lm("x")
    assert caught.value.__notes__ == ["before that: `openai/any`: one", "before that: `openai/b`: two"]


def test_a_key_goes_to_no_other_provider(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTED_VLLM_API_BASE", server.api_base)
    server.script(Failure(500), "here")
    lm = model(server, fallbacks=["hosted_vllm/local"], extra_headers={"x-secret": KEY})
    assert lm("x") == ["here"]
    assert KEY not in str(server.requests[1].headers)


def test_a_model_with_settings_of_its_own(server: OpenAIServer) -> None:
    server.script(Failure(500), "other")
    other = model(server, temperature=0.9, top_p=0.3, max_tokens=77).copy(model="openai/second")
    lm = model(server, temperature=0.1, fallbacks=[other])
    assert lm("x", max_tokens=5) == ["other"]
    body = server.requests[1].body
    assert (body["model"], body["temperature"], body["top_p"], body["max_tokens"]) == ("second", 0.9, 0.3, 5)


def test_a_reasoning_model_as_another_gets_its_settings(server: OpenAIServer) -> None:
    server.script(Failure(500), "thought")
    assert model(server, fallbacks="openai/o3")("x") == ["thought"]
    assert server.requests[1].body.keys() == {"model", "messages"}


def test_an_answer_of_another_is_kept_under_its_name(server: OpenAIServer) -> None:
    server.script(Failure(500), "other", Failure(500), "mine")
    lm = model(server, fallbacks=["openai/other"], cache=True)
    assert lm("x") == ["other"]
    assert lm("x") == ["other"], "asked for, and not paid for, again"
    assert len(server.requests) == 3
    assert lm("x") == ["mine"]
    assert lm("x") == ["mine"]
    assert len(server.requests) == 4


def test_a_server_that_asks_to_wait_for_long_is_not_waited_for(server: OpenAIServer) -> None:
    server.script(RateLimit(60), "other")
    began = time.monotonic()
    lm = model(server, num_retries=5, fallbacks=["openai/other"])
    assert lm("x") == ["other"]
    assert time.monotonic() - began < 5
    assert len(server.requests) == 2


def test_modules_reach_another_model(server: OpenAIServer) -> None:
    server.script(Failure(500))
    with dspy.context(lm=model(server, fallbacks=["openai/other"])):
        assert dspy.Predict("question -> answer")(question="x").answer
    assert server.requests[1].body["model"] == "other"


def test_streams_reach_another_model(server: OpenAIServer) -> None:
    server.script(Failure(500), "piece by piece")
    lm = model(server, fallbacks=["openai/other"])

    async def text() -> str:
        return "".join([delta.text async for delta in lm.astream("x")])

    assert asyncio.run(text()) == "piece by piece"


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
