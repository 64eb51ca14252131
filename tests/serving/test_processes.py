"""How `dspyc serve` starts and stops, with its limits, keys and workers: real processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.openai_server import OpenAIServer, Reply
from support.served import events_of, intent, serving

KEYED = {"DSPYC_SERVE_KEY": "first-key, second-key"}


def test_a_batch_leaves_room_for_others(path: Path, model: OpenAIServer) -> None:
    model.reset()
    model.answer = lambda body: intent("buy")
    model.latency = 0.2
    rows = [{"text": str(number)} for number in range(40)]
    with (
        serving(path, "--max-concurrency", "4", "--max-waiting", "2") as service,
        ThreadPoolExecutor(2) as pool,
    ):
        batch = pool.submit(service.ask, "/programs/classify/batch", {"rows": rows})
        model.wait_for(1)
        assert service.ask("/programs/classify", {"text": "a"})[0] == 200
        assert not batch.done()
        _, answer, _ = batch.result()
        assert answer["results"] == [{"outputs": {"intent": "buy"}}] * 40


def test_keys(path: Path, model: OpenAIServer) -> None:
    model.reset()
    with serving(path, env=KEYED) as service:
        assert service.ask("/health", method="GET")[0] == 200
        for headers in ({}, {"x-api-key": "other"}, {"authorization": "Bearer other"}):
            status, _, found = service.ask("/programs/classify", {"text": "a"}, headers=headers)
            assert (status, found["www-authenticate"]) == (401, "Bearer")
        _, problem, _ = service.ask("/metrics", method="GET")
        assert problem == {
            "title": "A key is needed",
            "status": 401,
            "detail": "send it in the header X-API-Key, or in Authorization after the word Bearer",
        }
        status, door, _ = service.ask("/", method="GET")
        assert (status, "This service wants a key" in door, "classify" in door) == (401, True, False)
        assert "classify" in service.ask("/", method="GET", headers={"x-api-key": "first-key"})[1]
        assert not model.requests
        for headers in ({"x-api-key": "first-key"}, {"authorization": "bearer second-key"}):
            model.script(intent("buy"))
            assert service.ask("/programs/classify", {"text": "a"}, headers=headers)[0] == 200
        assert "first-key" not in "".join(service.log)


def test_too_many_at_once(path: Path, model: OpenAIServer) -> None:
    model.reset()
    model.answer = lambda body: intent("buy")
    model.latency = 0.5
    with (
        serving(path, "--max-concurrency", "2", "--max-waiting", "3") as service,
        ThreadPoolExecutor(20) as pool,
    ):
        answers = list(pool.map(lambda _: service.ask("/programs/classify", {"text": "a"}), range(20)))
        refused = [headers for status, _, headers in answers if status == 503]
        served = [status for status, _, _ in answers if status == 200]
        assert len(served) + len(refused) == 20
        assert len(served) >= 5
        assert refused
        assert all(headers["retry-after"] == "1" for headers in refused)
        assert model.most_in_flight == 2


def test_a_run_that_takes_too_long(path: Path, model: OpenAIServer) -> None:
    model.reset()
    model.script(*[Reply(intent("buy"), delay=30)] * 2)
    with serving(path, "--timeout", "0.3") as service:
        status, problem, _ = service.ask("/programs/classify", {"text": "a"})
        assert (status, problem["title"]) == (504, "The program took too long")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_stop_lets_runs_end(path: Path, model: OpenAIServer, workers: str) -> None:
    model.reset()
    model.answer = lambda body: intent("buy")
    model.latency = 1.0
    model.gather = 16
    with serving(path, "--workers", workers) as service, ThreadPoolExecutor(16) as pool:
        runs = [pool.submit(service.ask, "/programs/classify", {"text": "a"}) for _ in range(16)]
        model.wait_for(16)
        service.process.send_signal(signal.SIGTERM)
        assert [run.result()[0] for run in runs] == [200] * 16
        assert service.process.wait(30) == 0
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", service.port), timeout=5)


@pytest.mark.parametrize("kind", ["", "/stream"])
def test_a_stop_ends_what_takes_too_long(path: Path, model: OpenAIServer, kind: str) -> None:
    model.reset()
    model.answer = lambda body: intent("buy")
    model.latency = 20.0
    problem = {"title": "The service stops", "status": 503}
    with serving(path, "--grace", "0") as service, ThreadPoolExecutor(1) as pool:
        run = pool.submit(service.ask, f"/programs/classify{kind}", {"text": "a"})
        model.wait_for(1)
        service.process.send_signal(signal.SIGTERM)
        status, found, _ = run.result()
        if kind:
            assert (status, events_of(found)[-1]) == (200, ("error", problem))
        else:
            assert (status, found) == (503, problem)
        assert service.process.wait(30) == 0
        service.reader.join(20)
        assert "Traceback" not in "".join(service.log)


def test_workers_end_with_their_parent(path: Path) -> None:
    with serving(path, "--workers", "2") as service:
        service.process.kill()
        service.process.wait()
        # The workers hold the other end of the log, which ends with the last of them.
        service.reader.join(60)
        assert not service.reader.is_alive()


def test_processes_count_together(path: Path, model: OpenAIServer) -> None:
    model.reset()
    model.answer = lambda body: intent("buy")
    with serving(path, "--workers", "2") as service:
        for _ in range(30):
            assert service.ask("/programs/classify", {"text": "a"})[0] == 200
        _, text, _ = service.ask("/metrics", method="GET")
        assert 'dspyc_runs_total{program="classify",status="200"} 30.0' in text


def refusal(path: Path, *options: str) -> str:
    """What is said by a service that does not start."""
    command = [sys.executable, "-m", "dspyc", "serve", str(path), *options]
    environment = {name: value for name, value in os.environ.items() if name != "DSPYC_SERVE_KEY"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert done.returncode in (1, 2)
    return done.stderr


def test_what_does_not_start(path: Path, tmp_path: Path) -> None:
    assert "everybody who reaches this machine" in refusal(path, "--host", "0.0.0.0", "--port", "0")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"cannot listen on 127.0.0.1:{port}" in refusal(path, "--port", port)
    broken = tmp_path / "broken.dspy"
    broken.write_text("module x = Predict(Nothing)\n")
    assert "Nothing" in refusal(broken, "--port", "0")
    empty = tmp_path / "empty.dspy"
    empty.write_text('"""Nothing."""\n')
    assert "declares no module or program" in refusal(empty, "--port", "0")
    assert "has no program or module called `other`" in refusal(Path(f"{path}:other"), "--port", "0")
