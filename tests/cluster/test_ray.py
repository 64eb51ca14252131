"""A real Ray cluster of two workers on this machine; skipped where Ray, a large package, is not installed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dspyc.cluster.ray_engine import RayEngine
from dspyc.runtime import ConfigurationError, Evaluate
from dspyc.runtime.work.run import working
from support.openai_server import OpenAIServer

ray = pytest.importorskip("ray", reason="Ray is not installed")
PORT = 6399
ADDRESS = f"127.0.0.1:{PORT}"


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A node with two workers, started as an administrator would."""
    options = ["--head", "--block", f"--port={PORT}", "--node-ip-address=127.0.0.1", "--num-cpus=2"]
    node = subprocess.Popen(
        [
            *[sys.executable, "-m", "ray.scripts.scripts", "start", *options],
            *["--include-dashboard=false", "--disable-usage-stats"],
        ],
        env={**os.environ, "OPENAI_API_KEY": "sk-of-the-worker"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for _ in range(600):
            with suppress(OSError), socket.create_connection(("127.0.0.1", PORT), timeout=1):
                break
            time.sleep(0.1)
        yield ADDRESS
    finally:
        os.killpg(node.pid, signal.SIGTERM)
        node.wait(timeout=120)


def test_the_same_results_on_two_workers(
    cluster: str, bank: Any, tmp_path: Path, server: OpenAIServer
) -> None:
    here = bank.score()
    program = bank.taught
    evaluation = Evaluate(program, devset=bank.dev, metric=bank.same_team)
    with RayEngine(tmp_path / "bank.dspy", cluster) as engine:
        with working(engine=engine):
            there = bank.score()
        result = program.optimize(evaluation=evaluation, engine=engine, journal=True)
    assert there.records() == here.records()
    assert result.score_before == here.score
    assert {each.headers["authorization"] for each in server.requests} == {
        "Bearer sk-canary-of-the-driver",
        "Bearer sk-of-the-worker",
    }


def test_a_worker_that_is_killed_changes_nothing(
    cluster: str, bank: Any, tmp_path: Path, server: OpenAIServer
) -> None:
    here = bank.score()
    server.requests.clear()
    server.latency = 0.5
    with RayEngine(tmp_path / "bank.dspy", cluster) as engine:
        killed: list[int] = []

        def kill() -> None:
            while len(server.requests) < 3:
                time.sleep(0.01)
            killed.append(worker_pids()[0])
            os.kill(killed[0], signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        with working(engine=engine):
            there = bank.score()
        killer.join()
    assert killed
    assert there.records() == here.records()
    assert there.errors == {}
    assert 10 <= len(server.requests) <= 12


def worker_pids() -> list[int]:
    """The processes that do the tasks, by the name that Ray gives them."""
    found = subprocess.run(["pgrep", "-f", "^ray::work"], capture_output=True, text=True, check=False).stdout
    return [int(each) for each in found.split()]


def test_without_a_cluster_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no Ray cluster at 127"):
        RayEngine(tmp_path / "bank.dspy", "127.0.0.1:1")
