"""A real Dask cluster of two workers on this machine: the same results as in this process, also where one of
them is killed in the middle.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dspyc.cluster.dask_engine import DaskEngine
from dspyc.cluster.opening import engine_for
from dspyc.runtime import ConfigurationError, Evaluate
from dspyc.runtime.work.run import working
from support.openai_server import OpenAIServer

distributed = pytest.importorskip("distributed")


@pytest.fixture
def cluster(server: OpenAIServer) -> Iterator[Any]:
    """Two workers of two threads each, which have a key of their own in their environment."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None, silence_logs=False
    ) as made:
        yield made


def learned(path: Path) -> Any:
    content = json.loads(path.read_text(encoding="utf-8"))
    return content["predictors"], content["candidates"], content["score"]


def pids(engine: DaskEngine) -> list[int]:
    return sorted(engine._client.run(os.getpid).values())


def test_the_same_results_on_two_workers(
    cluster: Any, bank: Any, tmp_path: Path, server: OpenAIServer
) -> None:
    here = bank.score()
    program = bank.searched
    evaluation = Evaluate(program, devset=bank.dev, metric=bank.same_team)
    program.optimize(evaluation=evaluation)
    state = learned(program.state_path)
    program.state_path.unlink()
    with DaskEngine(tmp_path / "bank.dspy", cluster.scheduler_address) as engine:
        with working(engine=engine):
            there = bank.score()
        program.optimize(evaluation=evaluation, engine=engine, journal=True)
        own = pids(engine)
    assert there.records() == here.records()
    assert learned(program.state_path) == state
    assert len(set(own)) == 2
    assert os.getpid() not in own


def test_a_worker_that_is_killed_changes_nothing(
    cluster: Any, bank: Any, tmp_path: Path, server: OpenAIServer
) -> None:
    here = bank.score()
    server.requests.clear()
    server.latency = 0.3
    with DaskEngine(tmp_path / "bank.dspy", cluster.scheduler_address) as engine:
        victim = pids(engine)[0]

        def kill() -> None:
            while len(server.requests) < 4:
                time.sleep(0.01)
            os.kill(victim, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        with working(engine=engine):
            there = bank.score()
        killer.join()
    assert there.records() == here.records()
    assert there.errors == {}
    # What the dead worker had under way is asked again, and nothing else.
    assert 10 <= len(server.requests) <= 12


def test_the_command_measures_and_optimizes_on_a_cluster(cluster: Any, bank: Any, tmp_path: Path) -> None:
    here = bank.score()

    def run(*arguments: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "dspyc", *arguments, "--engine", f"dask={cluster.scheduler_address}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    [line] = run("eval", "bank.dspy:score", "--json")
    assert line["score"] == here.score
    found = run("optimize", "bank.dspy:searched", "--json")
    assert found["after"] >= found["before"] == here.score
    assert not list(tmp_path.glob("*.journal.jsonl"))


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="needs the address of a scheduler: dask=tcp://HOST:8786"):
        DaskEngine(tmp_path / "bank.dspy")
    with pytest.raises(ConfigurationError, match=r"at tcp://127\.0\.0\.1:1 cannot be reached"):
        DaskEngine(tmp_path / "bank.dspy", "tcp://127.0.0.1:1")
    with (
        pytest.raises(ConfigurationError, match=r"there is no engine 'dsk'; did you mean `dask`\?"),
        engine_for("dsk", tmp_path),
    ):
        pass
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(ConfigurationError, match=r"pip install 'dspyc\[ray\]'"),
        engine_for("ray=here", tmp_path),
    ):
        pass
