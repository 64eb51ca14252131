"""The trace of calls: what is kept, in which order, and for whom."""

from __future__ import annotations

import sys
import threading
from contextvars import copy_context
from typing import Any

import dspyc.runtime as dspy
from dspyc.runtime.execution import settings, trace


def test_the_last_calls_are_kept_where_nobody_records_them() -> None:
    predict = dspy.Predict("q -> a")
    lm = dspy.DummyLM([{"a": "1"}] * 40)
    first = predict(q="x", lm=lm)
    assert dspy.settings.trace == [(predict, {"q": "x"}, first)]
    with dspy.context(trace=None):
        predict(q="x", lm=lm)
        assert dspy.settings.trace is None
    assert len(dspy.settings.trace) == 1
    assert trace.active() is None
    dspy.configure(max_trace_size=8)
    for number in range(30):
        last = predict(q=str(number), lm=lm)
        assert len(dspy.settings.trace) <= 8
        assert dspy.settings.trace[-1][2] is last
    dspy.BestOfN(predict, 1, lambda given, prediction: 1.0)(q="chosen", lm=lm)
    assert dspy.settings.trace[-1][1] == {"q": "chosen"}


def test_a_list_that_was_given_keeps_the_newest_calls_of_all_threads() -> None:
    mine: list[Any] = []
    dspy.configure(trace=mine, max_trace_size=50)
    context = copy_context()

    def record(thread: int) -> None:
        for number in range(400):
            trace.record(thread, {"number": number}, None)
            assert len(mine) >= min(number + 1, 50)

    threads = [threading.Thread(target=context.copy().run, args=(record, number)) for number in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    trace.record("last", {}, None)
    assert len(mine) == 50
    for thread in range(4):
        numbers = [step[1]["number"] for step in mine if step[0] == thread]
        assert numbers == list(range(400))[400 - len(numbers) :]
    dspy.configure(max_trace_size=0)
    trace.record("none", {}, None)
    assert mine == []


def test_a_reset_forgets_the_list_that_was_given_and_its_bounds() -> None:
    mine: list[Any] = []
    dspy.configure(trace=mine, max_trace_size=3)
    settings.reset()
    recent = trace.Recent
    assert (recent.most, recent.given, recent.most_given) == (100, None, 10_000)
    trace.record("p", {}, None)
    assert (mine, len(dspy.settings.trace or ())) == ([], 1)
    # Each change is another version, whichever thread makes it.
    with dspy.context(max_errors=5):
        for most in (7, 8):
            dspy.configure(max_retries=most)
            assert settings.at_once() == {**settings.DEFAULT_CONFIG, "max_errors": 5, "max_retries": most}


def test_a_trace_is_the_list_that_was_given() -> None:
    predict = dspy.Predict("q -> a")
    lm = dspy.DummyLM([{"a": "1"}] * 3)
    mine: list[Any] = []
    with dspy.context(trace=mine):
        prediction = predict(q="x", lm=lm)
        with dspy.context(trace=None):
            predict(q="x", lm=lm)
        assert dspy.settings.trace is mine
    assert mine == [(predict, {"q": "x"}, prediction)]


def test_branches_keep_the_order_of_the_text() -> None:
    outer: list[Any] = []
    token = trace.start(outer)
    first, second = trace.branch(), trace.branch()
    trace.record("last", {}, 0)
    for place, names in ((second, ["c"]), (first, ["a", "b"])):
        inner = trace.start(place)
        for name in names:
            trace.record(name, {}, 0)
        trace.stop(inner)
    assert [step[0] for step in trace.read() or []] == ["a", "b", "c", "last"]
    trace.stop(token)
    assert trace.branch() is None
