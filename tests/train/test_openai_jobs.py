"""OpenAI's calls for fine-tuning, by our provider and a server that really trains."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import CancelledError
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from dspyc.runtime import LM, BootstrapFinetune, Example, Predict
from dspyc.runtime.errors import (
    ConfigurationError,
    LMAuthError,
    LMInvalidRequestError,
    LMServerError,
    LMUnexpectedError,
    LMUnknownModelError,
)
from dspyc.runtime.lm.training.jobstore import JobStore
from dspyc.runtime.lm.training.openai import OpenAIProvider, OpenAITrainingJob
from dspyc.runtime.lm.training.server import serve
from dspyc.runtime.lm.training.settings import Progress
from dspyc.runtime.lm.training.wire import Server

pytestmark = pytest.mark.train

KEY = "sk-of-the-test-0123456789"
ROWS = [
    {
        "messages": [
            {"role": "user", "content": f"{'card' if number % 2 else 'cash'} number {number}"},
            {"role": "assistant", "content": "plastic" if number % 2 else "paper"},
        ]
    }
    for number in range(64)
]


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where trainings are noted."""
    monkeypatch.setenv("DSPYC_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server with one model to train."""
    with serving(tmp_path) as found:
        yield found


class serving:  # noqa: N801
    """A server over a folder while the block runs."""

    def __init__(self, folder: Path) -> None:
        self._server = serve(folder, {"small": "embedded/banking-base"}, key=KEY)

    def __enter__(self) -> Server:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return Server(f"http://127.0.0.1:{self._server.server_address[1]}/v1", KEY)

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def model(server: Server, **settings: Any) -> LM:
    return LM("openai/small", api_base=server.address, api_key=server.key, cache=False, **settings)


def until(server: Server, number: str, *states: str) -> dict[str, Any]:
    for _ in range(600):
        job = server.job(number)
        if job["status"] in states:
            return job
        time.sleep(0.05)
    raise AssertionError(f"the job is {job['status']}: {job['error']}")


def test_a_model_is_trained_at_a_server_and_answers_there(server: Server) -> None:
    kwargs = {"n_epochs": 12, "suffix": "mine", "poll_seconds": 0.05}
    job = model(server).finetune(ROWS, "chat", kwargs)
    trained = job.result(timeout=120)
    assert isinstance(job, OpenAITrainingJob)
    assert trained.model.startswith("openai/ft:small:local:mine:")
    assert job.status() == "done"
    assert job.losses[-1] < 0.5 * job.losses[0]
    assert job.events[0]["message"].startswith("Created fine-tuning job")
    assert job.events[-1]["message"] == "The job has successfully completed"
    assert len({event["id"] for event in job.events}) == len(job.events)
    asked = [trained(messages=row["messages"][:1])[0].strip() for row in ROWS[:10]]
    assert asked == [row["messages"][1]["content"] for row in ROWS[:10]]


def test_every_epoch_but_the_last_leaves_a_model(server: Server) -> None:
    job = model(server).finetune(ROWS, "chat", {"n_epochs": 3, "batch_size": 32, "poll_seconds": 0.05})
    job.result(timeout=120)
    assert isinstance(job, OpenAITrainingJob)
    found = job.checkpoints()
    assert [checkpoint["step_number"] for checkpoint in found] == [4, 2]
    name = found[0]["fine_tuned_model_checkpoint"]
    assert model(server).copy(model=f"openai/{name}")("card")[0] is not None


def test_a_program_is_trained_at_a_server(server: Server) -> None:
    student = Predict("text -> label", lm=model(server))
    rows = [
        Example(text=f"{'card' if n % 2 else 'cash'} {n}", label="ab"[n % 2]).with_inputs("text")
        for n in range(32)
    ]
    tune = BootstrapFinetune(train_kwargs={"n_epochs": 1, "poll_seconds": 0.05})
    program = tune.compile(student, trainset=rows, teacher="labels")
    assert program.predictors()[0].lm.model.startswith("openai/ft:small:local::")


def test_a_job_outlives_who_began_it(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        file = server.upload(ROWS)["id"]
        number = server.create({"model": "small", "training_file": file, "hyperparameters": {"n_epochs": 1}})[
            "id"
        ]
        until(server, number, "succeeded")
    with serving(tmp_path) as server:
        job = model(server).finetune([], "chat", {"job_id": number, "poll_seconds": 0.05})
        assert job.result(timeout=60).model == f"openai/{server.job(number)['fine_tuned_model']}"
        assert model(server).copy(model=job.result().model)("card")[0] is not None


KILLED = """
import json, os, sys
from dspyc.runtime import LM
from dspyc.runtime.lm.training import openai, wire

address, key, when, rows, settings = json.loads(sys.argv[1])
create = wire.Server.create
def create_and_end(server, facts):
    create(server, facts)
    os._exit(9)
if when == "before it heard the number":
    wire.Server.create = create_and_end
else:
    openai._followed = lambda *_: os._exit(9)
LM("openai/small", api_base=address, api_key=key).finetune(rows, "chat", settings).result()
"""


@pytest.mark.parametrize("when", ["before it heard the number", "while it waited"])
def test_a_training_whose_program_was_killed_is_taken_up(server: Server, models: Path, when: str) -> None:
    settings = {"n_epochs": 1, "poll_seconds": 0.05}
    given = json.dumps([server.address, KEY, when, ROWS[:8], settings])
    assert subprocess.run([sys.executable, "-c", KILLED, given], check=False).returncode == 9

    def again(**more: Any) -> str:
        found = model(server).finetune(ROWS[:8], "chat", {**settings, **more}).result(timeout=120)
        return str(found.model)

    first = again()
    assert again() == first
    assert len(list(server.jobs())) == 1, "a job is paid for, so it is begun once"
    assert again(fresh=True) != first
    assert again() != first, "the latest counts"
    assert len(list(server.jobs())) == 2
    again(seed=1)
    assert len(list(server.jobs())) == 3
    assert KEY not in "".join(file.read_text() for file in models.glob("jobs/*"))


def test_a_job_that_failed_or_whose_model_is_gone_is_begun_anew(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"n_epochs": 1, "poll_seconds": 0.05}
    for _ in range(2):
        with pytest.raises(LMUnexpectedError, match="failed at the server"):
            model(server).finetune([{"messages": []}], "chat", settings).result(timeout=60)
    assert len(list(server.jobs())) == 2
    first = model(server).finetune(ROWS[:8], "chat", settings).result(timeout=120)
    unknown = LMUnknownModelError("no such model", status=404)
    monkeypatch.setattr(Server, "model", Mock(side_effect=unknown))
    assert model(server).finetune(ROWS[:8], "chat", settings).result(timeout=120).model != first.model


def test_a_training_goes_on_where_nothing_can_be_noted(server: Server, models: Path) -> None:
    models.mkdir(exist_ok=True)
    (models / "jobs").write_text("no folder")
    settings = {"n_epochs": 1, "poll_seconds": 0.05}
    assert model(server).finetune(ROWS[:8], "chat", settings).result(timeout=120).model


def test_a_job_is_held_and_goes_on_and_is_cancelled(server: Server) -> None:
    job = model(server).finetune(ROWS, "chat", {"n_epochs": 500, "poll_seconds": 0.05})
    assert isinstance(job, OpenAITrainingJob)
    while job.provider_status != "running":
        time.sleep(0.02)
    job.pause()
    number = job.provider_job_id
    assert number is not None
    assert job.status() == "paused"
    time.sleep(0.3)
    count = len(list(server.events(number)))
    time.sleep(0.3)
    assert len(list(server.events(number))) == count, "a held job does nothing"
    job.resume()
    until(server, number, "running")
    file = job.provider_file_id
    assert job.cancel()
    with pytest.raises(CancelledError):
        job.result(timeout=60)
    assert job.status() == "cancelled"
    assert server.job(number)["status"] == "cancelled"
    with pytest.raises(LMUnknownModelError):
        server.ask("GET", f"/files/{file}")
    with pytest.raises(LMInvalidRequestError, match="it is cancelled"):
        server.cancel(number)


def test_lists_come_in_pages(server: Server) -> None:
    file = server.upload(ROWS[:4])["id"]
    asked = {"model": "small", "training_file": file, "hyperparameters": {"n_epochs": 1}}
    numbers = [server.create(asked)["id"] for _ in range(5)]
    assert [job["id"] for job in server._pages("/fine_tuning/jobs", size=2)] == numbers[::-1]
    page = server.ask("GET", "/fine_tuning/jobs?limit=2")
    assert (page["has_more"], len(page["data"])) == (True, 2)
    for number in numbers:
        until(server, number, "succeeded")
    assert len(list(server._pages(f"/fine_tuning/jobs/{numbers[0]}/events", size=1))) == len(
        list(server.events(numbers[0]))
    )


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"model": "large"}, "model"),
        ({"training_file": "file-none"}, "training_file"),
        ({"hyperparameters": {"n_epoch": 3}}, "hyperparameters.n_epoch"),
        ({"hyperparameters": {"n_epochs": 0}}, "hyperparameters.n_epochs"),
        ({"hyperparameters": {"batch_size": True}}, "hyperparameters.batch_size"),
        ({"hyperparameters": {"n_epochs": float("nan")}}, "hyperparameters.n_epochs"),
        ({"hyperparameters": [1]}, "hyperparameters"),
        ({"model": ["small"]}, "model"),
        ({"seed": "abc"}, "seed"),
        ({"suffix": 3}, "suffix"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_openais_words(server: Server, asked: Any, param: str) -> None:
    file = server.upload(ROWS[:2])["id"]
    request = urllib.request.Request(
        f"{server.address}/fine_tuning/jobs",
        json.dumps({"model": "small", "training_file": file, **asked}).encode(),
        {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    with caught.value as answer:
        error = json.loads(answer.read())["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert error["message"]


def test_a_job_that_fails_says_why(server: Server) -> None:
    job = model(server).finetune([{"messages": []}], "chat", {"poll_seconds": 0.05})
    with pytest.raises(Exception, match="failed at the server: row 1 of the training data"):
        job.result(timeout=60)
    assert job.status() == "failed"


def test_a_wrong_key_is_told_without_it(server: Server) -> None:
    with pytest.raises(LMAuthError) as caught:
        list(Server(server.address, "sk-wrong-0123456789abc").jobs())
    assert "sk-wrong" not in str(caught.value)


@pytest.mark.parametrize(
    "settings", [{"n_epochs": 0}, {"n_epochs": "many"}, {"poll_seconds": 0}, {"fresh": 1}]
)
def test_settings_are_looked_at_before_anything_is_sent(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        OpenAIProvider.verify("openai/small", settings)


@pytest.mark.parametrize(
    ("headers", "asked", "status"),
    [
        ({"Origin": "https://page.example"}, {}, 403),
        ({"Host": "page.example:8010"}, {}, 403),
        ({"Content-Type": "text/plain"}, {}, 415),
        ({"Authorization": "Bearer wrong"}, {}, 401),
        ({}, {"model": []}, 404),
        ({}, {"messages": "hello"}, 400),
        ({}, {"max_tokens": "many"}, 400),
        ({}, {"n": 2, "temperature": "hot"}, 400),
        ({}, {"api_base": "http://127.0.0.1:1/v1", "api_key": "x", "fallbacks": ["openai/x"]}, 200),
    ],
)
def test_the_connection_goes_on_or_is_closed_after_an_answer(
    server: Server, headers: dict[str, str], asked: dict[str, Any], status: int
) -> None:
    given = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", **headers}
    body = {"model": "small", "messages": ROWS[0]["messages"][:1], "max_tokens": 1, **asked}
    connection = HTTPConnection(server.address.split("/")[2], timeout=60)
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body), given)
        answer = connection.getresponse()
        found = json.loads(answer.read())
        assert answer.status == status, found
        assert (answer.getheader("Connection") == "close") == (status in (401, 403))
        if status == 200:
            assert found["choices"][0]["finish_reason"] == "length"
        connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer {KEY}"})
        assert connection.getresponse().status == 200, "and the next request is answered"
    finally:
        connection.close()


def test_what_fails_inside_is_answered(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JobStore, "job", lambda *_: 1 // 0)
    monkeypatch.setattr("dspyc.runtime.lm.training.rest.ATTEMPTS", 1)
    with pytest.raises(LMServerError, match="ZeroDivisionError"):
        server.job("ftjob-1")


def test_models_that_are_asked_elsewhere_are_not_served(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="must be a model in a file"):
        serve(tmp_path, {"large": "openai/gpt-4o-mini"})


class Trainer:
    """Trains in steps that take no time; one that makes a checkpoint."""

    @staticmethod
    def finetune(job: Any, model: str, rows: Any, form: str, settings: Any) -> str:
        for step in range(1, 60):
            time.sleep(0.01)
            settings["progress"](
                Progress(step, step / 60, 1.0, None, 0.0, "ckpt.gguf" if step == 2 else None)
            )
        return "gguf/new.gguf"


def test_a_held_job_lets_others_train_and_models_are_known_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dspyc.runtime.lm.training.jobstore.LocalProvider", Trainer)
    store = JobStore(tmp_path, {"small": "embedded/base"})
    row = {"messages": [{"role": "user", "content": "a\u2028b\x85c"}]}
    content = json.dumps(row, ensure_ascii=False).encode() + b"\r\n"
    file = store.add_file("train", "fine-tune", content)["id"]
    held, other = (store.create({"model": "small", "training_file": file}) for _ in range(2))
    while not held["checkpoints"]:
        time.sleep(0.01)
    store.pause(held["id"])
    for job in (other, held):
        for _ in range(500):
            if job["status"] in ("succeeded", "failed"):
                break
            time.sleep(0.02)
        assert job["status"] == "succeeded", job["error"]
        if job is other:
            store.resume(held["id"])
    again = JobStore(tmp_path, {"small": "embedded/base"}).models
    assert again.keys() == store.models.keys()
    assert again[held["checkpoints"][0]["fine_tuned_model_checkpoint"]] == "gguf/ckpt.gguf"


def test_texts_are_sent_so_that_every_reader_of_lines_sees_the_same_lines(server: Server) -> None:
    row = {"messages": [{"role": "user", "content": "a\u2028b\x85c \ud83d"}]}
    file = server.upload([row, row])["id"]
    request = urllib.request.Request(
        f"{server.address}/files/{file}/content", headers={"Authorization": f"Bearer {KEY}"}
    )
    with urllib.request.urlopen(request) as answer:
        assert [json.loads(line) for line in answer.read().decode().splitlines() if line] == [row, row]
