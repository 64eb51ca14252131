"""Work on many items at once, and the progress that is told of it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import warnings
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from typing import Any

import pytest

from dspyc.runtime import BootstrapFinetune, Evaluate, Example, Module, Predict, Prediction, context
from dspyc.runtime.execution import pool
from dspyc.runtime.execution.pool import Outcome, run_all
from dspyc.runtime.execution.progress import Progress, report, reporting_to, watched, within
from support.neighbour import Neighbour


@pytest.mark.parametrize("num_threads", [1, 3, 50])
def test_outcomes_are_in_the_order_of_the_items(num_threads: int) -> None:
    def work(item: int) -> int:
        time.sleep(0.002 * (5 - item))
        if item == 2:
            raise ValueError("two")
        return item * 10

    outcomes = run_all(work, range(5), num_threads=num_threads)
    results = [outcome and outcome.result for outcome in outcomes]
    assert results == [0, 10, None, 30, 40]
    assert isinstance(outcomes[2], Outcome)
    with pytest.raises(ValueError, match="two"):
        outcomes[2].get()
    assert run_all(work, [], num_threads=num_threads) == []


def test_threads_are_used_again_and_end_when_nothing_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_workers", pool._Workers())
    barrier = threading.Barrier(3)

    def used() -> set[threading.Thread]:
        found: set[threading.Thread] = set()

        def work(item: int) -> None:
            barrier.wait(30)
            found.add(threading.current_thread())

        run_all(work, range(3), num_threads=3)
        return found

    first = used()
    for _ in range(3):
        # A thread is told of as done before it waits for more.
        while len(pool._workers._idle) < 3:
            time.sleep(0.001)
        assert used() == first
    monkeypatch.setattr(pool, "_IDLE_SECONDS", 0.01)
    monkeypatch.setattr(pool, "_workers", pool._Workers())
    for thread in used():
        thread.join(30)
        assert not thread.is_alive()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_begins_threads_of_its_own() -> None:
    assert [one and one.get() for one in run_all(abs, [-1, -2], num_threads=2)] == [1, 2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        done = [one and one.get() for one in run_all(abs, [-1, -2], num_threads=2)]
        os._exit(0 if done == [1, 2] else 1)
    for _ in range(1000):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        time.sleep(0.01)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        pytest.fail("the forked process waits for threads that it does not have")
    assert status == 0


def test_it_stops_when_told_to() -> None:
    done: list[int] = []
    outcomes = run_all(
        lambda item: item,
        range(10),
        num_threads=1,
        on_done=lambda index, outcome: done.append(index),
        stop=lambda: len(done) == 4,
    )
    assert done == [0, 1, 2, 3]
    assert outcomes[4:] == [None] * 6


def test_a_fault_of_the_watcher_is_raised_and_ends_the_work() -> None:
    begun: list[int] = []

    def watch(index: int, outcome: Outcome[None]) -> None:
        raise RuntimeError("the terminal is gone")

    with pytest.raises(RuntimeError, match="the terminal is gone"):
        run_all(begun.append, range(1000), num_threads=2, on_done=watch)
    assert len(begun) < 1000


def test_an_interrupt_of_the_waiting_thread_stops_the_others() -> None:
    begun: list[int] = []
    release = threading.Event()
    main = threading.get_ident()

    def work(item: int) -> None:
        begun.append(item)
        if len(begun) == 2:
            # A signal that comes just before a thread begins to wait does not wake it.
            time.sleep(0.2)
            signal.pthread_kill(main, signal.SIGINT)
        release.wait(5)

    with pytest.raises(KeyboardInterrupt):
        run_all(work, range(100), num_threads=2)
    release.set()
    time.sleep(0.05)
    assert len(begun) <= 2


def test_progress_reaches_the_watcher_with_its_labels() -> None:
    told: list[Progress] = []
    report("nobody", 1)
    assert not watched()
    with reporting_to(told.append), within("a"), within(""), within("b"):
        assert watched()
        report("s", 1, 2, "c", 50.0)
        report("s", 2)
        with reporting_to(None):
            report("s", 3)
    assert told == [
        Progress("s", 1, 2, "a, b: c", 50.0),
        Progress("s", 2, None, "a, b"),
        Progress("s", 3, None, "a, b"),
    ]


def test_a_training_tells_how_far_it_is() -> None:
    class Slow(Future[Any]):
        """A training with losses, whose result is there after a moment."""

        losses = (2.0, 1.5)
        waited = 0

        def result(self, timeout: float | None = None) -> Any:
            self.waited += 1
            if self.waited < 3 and timeout is not None:
                raise NotYet
            return Neighbour()

    class Trains(Neighbour):
        def finetune(self, *args: Any, **kwargs: Any) -> Future[Any]:
            return Slow()

    told: list[Progress] = []
    student = Predict("q -> a", lm=Trains({"a": "x"}))
    with reporting_to(told.append):
        BootstrapFinetune().compile(student, [Example(q="q").with_inputs("q")])
    training = Progress("train", 0, 1, "step 2, loss 1.50")
    assert [step for step in told if step.stage == "train"] == [training, training, Progress("train", 1, 1)]


class Echo(Module):
    def forward(self, n: int) -> Prediction:
        return Prediction(n=n)


def test_a_progress_bar_is_drawn_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate = Evaluate(
        devset=[Example(n=1).with_inputs("n")], metric=lambda e, p: True, display_progress=True
    )
    evaluate(Echo())
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with context(max_errors=1):
        evaluate(Echo())
    assert "score" in capsys.readouterr().err
