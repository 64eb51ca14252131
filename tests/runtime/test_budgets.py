"""Budgets of models: what may be spent, and what was."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.execution.spending import Expense, Purse
from support.asked import ask_all, model
from support.openai_server import Failure, OpenAIServer, Silent

PRICES = {"input_cost_per_token": 0.001, "output_cost_per_token": 0.01}


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
