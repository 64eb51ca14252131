"""OpenAI's calls for fine-tuning, by our provider and a server that really trains."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import LM, BootstrapFinetune, Example, Predict
from dspyc.runtime.errors import ConfigurationError, LMAuthError, LMInvalidRequestError, LMUnknownModelError
from dspyc.runtime.lm.training.openai import OpenAIProvider, OpenAITrainingJob
from dspyc.runtime.lm.training.server import serve
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


@pytest.mark.parametrize("settings", [{"n_epochs": 0}, {"n_epochs": "many"}, {"poll_seconds": 0}])
def test_settings_are_looked_at_before_anything_is_sent(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        OpenAIProvider.verify("openai/small", settings)
