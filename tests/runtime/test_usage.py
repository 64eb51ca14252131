"""Tokens and cost of calls, by model: in scopes inside each other, beside each other, and by module."""

from __future__ import annotations

import asyncio
import io
import logging
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.execution.pool import run_all
from dspyc.runtime.lm.history import pretty_print_history
from dspyc.runtime.lm.request import Response
from dspyc.runtime.lm.usage import UsageTracker

COUNTS = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}


class Counting(dspy.BaseLM):
    """A model that says what it used."""

    def __init__(self, model: str = "counting", cost: float | None = 0.5, **settings: Any) -> None:
        super().__init__(model=model, **settings)
        self.cost = cost

    def complete(self, request: Any) -> Response:
        return Response(["[[ ## a ## ]]\nx\n\n[[ ## completed ## ]]"], COUNTS, self.cost)

    async def acomplete(self, request: Any) -> Response:
        await asyncio.sleep(0)
        return self.complete(request)


def test_a_tracker_merges_counts_as_dspy_does() -> None:
    tracker = UsageTracker()
    tracker.add_usage("m", {"prompt_tokens": 1, "details": {"cached": 1, "audio": None}, "is_byok": True})
    tracker.add_usage("m", {"prompt_tokens": 2, "details": {"cached": 3, "audio": 4}, "is_byok": True})
    tracker.add_usage("m", {"prompt_tokens": 3, "details": None, "name": "x"})
    tracker.add_usage("n", {})
    assert len(tracker.usage_data["m"]) == 3
    assert tracker.get_total_tokens() == {
        "m": {"prompt_tokens": 6, "details": {"cached": 4, "audio": 4}, "is_byok": True, "name": "x"}
    }
    assert tracker.cost is None


def test_each_scope_counts_what_is_inside_it() -> None:
    lm, free = Counting(), Counting("free", cost=None)
    with dspy.track_usage() as outer:
        lm("a")
        with dspy.track_usage() as inner:
            lm("b")
            free("c")
        assert inner.get_total_tokens() == {"counting": COUNTS, "free": COUNTS}
    lm("outside")
    assert outer.get_total_tokens()["counting"]["total_tokens"] == 24
    assert (outer.cost, inner.cost, outer.get_total_tokens().cost) == (1.0, 0.5, 1.0)
    assert len(outer.usage_data["counting"]) == 2


def test_scopes_beside_each_other_do_not_mix() -> None:
    lm = Counting()

    def ask(times: int) -> int:
        with dspy.track_usage() as tracker:
            for _ in range(times):
                lm("q")
        found: int = tracker.get_total_tokens()["counting"]["total_tokens"]
        return found

    async def ask_all() -> list[int]:
        async def one(times: int) -> int:
            with dspy.track_usage() as tracker:
                await asyncio.gather(*(lm.acall("q") for _ in range(times)))
            found: int = tracker.get_total_tokens()["counting"]["total_tokens"]
            return found

        return list(await asyncio.gather(*(one(times) for times in range(1, 9))))

    with dspy.track_usage() as around:
        outcomes = run_all(ask, range(1, 9), num_threads=4)
        assert [outcome.get() for outcome in outcomes if outcome] == [12 * n for n in range(1, 9)]
        assert asyncio.run(ask_all()) == [12 * n for n in range(1, 9)]
    assert around.get_total_tokens()["counting"]["total_tokens"] == 2 * 12 * 36


def test_every_module_knows_what_it_used_and_cost() -> None:
    class Twice(dspy.Module):
        def __init__(self) -> None:
            self.one, self.two = dspy.Predict("q -> a"), dspy.Predict("q -> a", lm=Counting("other", None))

        def forward(self, q: str) -> Any:
            first = self.one(q=q)
            second = self.two(q=q)
            return dspy.Prediction(first=first, second=second)

    dspy.configure(lm=Counting(), track_usage=True)
    given = Twice()(q="x")
    assert given.get_lm_usage() == {"counting": COUNTS, "other": COUNTS}
    assert given.get_lm_cost() == 0.5
    assert given.first.get_lm_usage() == {"counting": COUNTS}
    assert given.second.get_lm_usage() == {"other": COUNTS}
    assert (given.first.get_lm_cost(), given.second.get_lm_cost()) == (0.5, None)
    with dspy.context(track_usage=False):
        assert Twice()(q="x").get_lm_usage() is None
        assert Twice()(q="x").get_lm_cost() is None


def test_an_answer_from_the_cache_costs_nothing() -> None:
    lm = Counting(cache=True)
    with dspy.track_usage() as tracker:
        lm("q")
        lm("q")
    assert tracker.get_total_tokens() == {"counting": COUNTS}
    assert tracker.cost == 0.5


def test_entries_of_the_history_are_dicts() -> None:
    lm = Counting()
    lm("q")
    entry = lm.history[-1]
    assert isinstance(entry, dict)
    twin = entry.copy()
    entry["mine"] = 1
    assert "mine" not in twin
    assert {**entry}["mine"] == 1
    out = io.StringIO()
    pretty_print_history([{"prompt": "theirs", "messages": None, "outputs": ["said"]}], file=out)
    assert "theirs" in out.getvalue()
    assert "said" in out.getvalue()


def test_logging_can_be_switched(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("dspyc")
    before = (logger.level, logger.propagate, list(logger.handlers))
    try:
        dspy.configure_dspy_loggers()
        dspy.configure_dspy_loggers("dspyc")
        dspy.disable_logging()
        logger.warning("unheard")
        dspy.enable_logging()
        logger.info("heard")
    finally:
        logger.level, logger.propagate, logger.handlers = before
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].endswith("INFO dspyc: heard")


def test_litellm_can_be_let_speak() -> None:
    import litellm

    dspy.enable_litellm_logging()
    assert not litellm.suppress_debug_info
    assert logging.getLogger("LiteLLM").level == logging.DEBUG
    dspy.disable_litellm_logging()
    assert litellm.suppress_debug_info
    assert logging.getLogger("LiteLLM").level == logging.ERROR
