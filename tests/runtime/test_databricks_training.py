"""Training at Databricks, against a server with its calls."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest

from dspyc.base.databricks import complaints
from dspyc.runtime import LM, BootstrapFinetune, Example, Predict
from dspyc.runtime.errors import (
    ConfigurationError,
    DataError,
    LMAuthError,
    LMError,
    LMInvalidRequestError,
    LMNotConfiguredError,
    LMRateLimitError,
    LMServerError,
    LMTimeoutError,
    LMTransportError,
    LMUnexpectedError,
    LMUnknownModelError,
    OptimizerError,
)
from dspyc.runtime.lm.training.databricks import DatabricksProvider, DatabricksTrainingJob
from support.databricks_server import JOB, TOKEN, DatabricksServer
from support.databricks_training import FOLDER, MODEL, ROWS, databricks, model, settings, trained


@pytest.fixture(name="server")
def _server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[DatabricksServer]:
    with databricks(monkeypatch, tmp_path) as found:
        yield found


def test_a_model_is_trained_by_a_job_and_served(server: DatabricksServer) -> None:
    job = trained(server, learning_rate=5e-7, training_duration="3ep", shuffle=True)
    found = job.result()
    assert found.model == "databricks/main_ml_router"
    assert (job.status(), job.launch_started, job.launch_completed) == ("done", True, True)
    (run,) = server.runs.values()
    assert run.rows == ROWS
    assert run.parameters == {
        "model": "meta-llama/Llama-3.1-8B", "train_data_path": job.file, "register_to": MODEL,
        "task_type": "CHAT_COMPLETION", "learning_rate": "5e-07", "training_duration": "3ep",
        "shuffle": "true",
    }  # fmt: skip
    assert job.file is not None
    assert job.file.startswith(f"{FOLDER}/finetuning_")
    (entity,) = server.endpoints["main_ml_router"]["config"]["served_entities"]
    assert entity == {
        "name": "main_ml_router", "entity_name": MODEL, "entity_version": "1",
        "min_provisioned_throughput": 0, "max_provisioned_throughput": 980,
    }  # fmt: skip
    states = [event["state"] for event in job.events]
    assert states == ["QUEUED", "RUNNING", "TERMINATED", "CREATING", "NOT_READY", "READY"]
    assert job.events[0]["url"] == f"{server.address}/jobs/{JOB}/runs/{job.run_id}"
    assert TOKEN not in f"{job.events}{server.bodies}{job.workspace!r}"


@pytest.mark.train  # litellm takes seconds to import
def test_the_new_model_answers_by_litellm(server: DatabricksServer) -> None:
    own = model(server, api_base=f"{server.address}/serving-endpoints")
    found = own.finetune(ROWS, "chat", settings()).result(timeout=30)
    assert found("hello") == ["from main_ml_router"]


def test_a_program_is_trained(server: DatabricksServer) -> None:
    rows = [Example(text=f"text {n}", label="ab"[n % 2]).with_inputs("text") for n in range(4)]
    student = Predict("text -> label", lm=model(server, train_kwargs=settings()))
    program = BootstrapFinetune().compile(student, trainset=rows, teacher="labels")
    assert program.predictors()[0].lm.model == "databricks/main_ml_router"
    (run,) = server.runs.values()
    assert [row["messages"][-1]["role"] for row in run.rows] == ["assistant"] * 4
    # The address and the token may stand among the settings of the training alone.
    bare = Predict("text -> label", lm=LM("databricks/base"))
    given = settings(databricks_host=server.address, databricks_token=TOKEN)
    BootstrapFinetune(train_kwargs=given).compile(bare, trainset=rows, teacher="labels")
    assert len(server.runs) == 2
    with pytest.raises(OptimizerError, match="set DATABRICKS_HOST"):
        BootstrapFinetune(train_kwargs=settings()).compile(bare, trainset=rows, teacher="labels")


def test_texts_to_go_on_with_are_another_task(server: DatabricksServer) -> None:
    trained(server, "completion", [{"prompt": "a", "completion": "b"}]).result()
    assert server.runs[900].parameters["task_type"] == "INSTRUCTION_FINETUNE"


def test_the_newest_version_is_served_whatever_the_order_and_the_pages(server: DatabricksServer) -> None:
    for _ in range(10):
        server.register(MODEL, created=1)
    server.status_of_versions = deque(["PENDING_REGISTRATION", "PENDING_REGISTRATION", "READY"])
    job = trained(server)
    job.result()
    assert server.endpoints["main_ml_router"]["config"]["served_entities"][0]["entity_version"] == "11"
    assert "REGISTERING" in [event["state"] for event in job.events]
    # The next training finds the endpoint and gives it the next version.
    trained(server, rows=ROWS[:2]).result()
    assert server.endpoints["main_ml_router"]["config"]["served_entities"][0]["entity_version"] == "12"
    assert server.asked.count("POST /api/2.0/serving-endpoints") == 1


def test_a_run_that_registers_nothing_is_told(server: DatabricksServer) -> None:
    server.register(MODEL, created=1)
    server.registers = False
    with pytest.raises(LMUnexpectedError, match=rf"registered no version of `{MODEL}`.*\"run_id\": 900"):
        trained(server).result()
    assert server.endpoints == {}


def test_a_version_that_cannot_be_registered_is_told(server: DatabricksServer) -> None:
    server.status_of_versions = deque(["FAILED_REGISTRATION"])
    with pytest.raises(LMUnexpectedError, match=r"version 1 of `main\.ml\.router` could not be registered"):
        trained(server).result()


def test_it_need_not_be_served_and_can_be_later(
    server: DatabricksServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = trained(server, skip_deploy=True)
    assert job.result().model == "databricks/main_ml_router"
    assert (server.endpoints, job.launch_started) == ({}, False)
    monkeypatch.setattr("dspyc.runtime.lm.training.databricks.POLL_SECONDS", 0.01)
    DatabricksProvider.deploy_finetuned_model(MODEL, "chat", f"{server.address}/", TOKEN)
    assert server.endpoints["main_ml_router"]["state"]["ready"] == "READY"
    monkeypatch.setenv("DATABRICKS_HOST", server.address)
    monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)
    DatabricksProvider.deploy_finetuned_model(MODEL)
    assert not any("/config" in call for call in server.asked), "it is served already"
    with pytest.raises(ConfigurationError, match="`model` must be `CATALOG"):
        DatabricksProvider.deploy_finetuned_model("router")


def test_how_it_is_served_can_be_said(server: DatabricksServer) -> None:
    server.optimization = {"optimizable": False}
    with pytest.raises(LMUnexpectedError, match=r"say how it is served, such as train_kwargs=.*run 900"):
        trained(server).result()
    trained(server, served_entity={"workload_size": "Small", "entity_version": "99"}).result()
    (entity,) = server.endpoints["main_ml_router"]["config"]["served_entities"]
    assert (entity["workload_size"], entity["entity_version"]) == ("Small", "1"), "it is not trained again"


# --- what goes wrong ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "status", "kind"),
    [
        ("fs/directories", 403, LMAuthError),
        ("fs/files", 400, LMInvalidRequestError),
        ("run-now", 404, LMUnknownModelError),
        ("run-now", 401, LMAuthError),
        ("runs/get", 403, LMAuthError),
        ("POST /api/2.0/serving-endpoints", 403, LMAuthError),
    ],
)
def test_a_refusal_is_told_once_and_without_the_token(
    server: DatabricksServer, call: str, status: int, kind: type[LMError]
) -> None:
    server.failures = {call: deque([status] * 9)}
    with pytest.raises(kind, match="SCRIPTED") as caught:
        trained(server).result()
    assert caught.value.status == status
    assert TOKEN not in str(caught.value)
    assert len(server.failures[call]) == 8
    assert ("run 900" in str(caught.value)) == (call not in ("fs/directories", "fs/files", "run-now"))


@pytest.mark.parametrize(
    "call",
    ["fs/directories", "fs/files", "run-now", "runs/get", "versions", "optimization", "GET /api/2.0/serving",
     "POST /api/2.0/serving", "PUT /api/2.0/serving"],
)  # fmt: skip
def test_what_passes_is_waited_out(
    server: DatabricksServer, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dspyc.runtime.lm.training.rest.time.sleep", lambda seconds: None)
    server.failures = {call: deque([429, 503, 500])}
    server.register(MODEL, created=1)
    if call.startswith("PUT"):
        DatabricksProvider.deploy_finetuned_model(MODEL, None, server.address, TOKEN)
    trained(server).result()
    assert not server.failures[call]
    assert len(server.runs) == 1, "a run is paid for, so it is started once"


def test_an_outage_ends_the_wait_and_the_error_says_how_to_go_on(
    server: DatabricksServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dspyc.runtime.lm.training.rest.ATTEMPTS", 1)
    monkeypatch.setattr("dspyc.runtime.lm.training.remote.OUTAGE_SECONDS", 0)
    for status, kind in ((429, LMRateLimitError), (503, LMServerError)):
        server.failures = {"runs/get": deque([status])}
        with pytest.raises(
            kind, match=r'run 90\d goes on there; wait for it with train_kwargs=\{"run_id": 90'
        ):
            trained(server, fresh=True).result()
    job = trained(server, run_id=900)
    assert job.result().model == "databricks/main_ml_router"
    assert len(server.runs) == 2
    with pytest.raises(LMInvalidRequestError, match="Run 5 does not exist"):
        trained(server, run_id=5).result()


def test_a_server_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dspyc.runtime.lm.training.rest.ATTEMPTS", 1)
    gone = DatabricksServer()
    gone._server.server_close()
    with pytest.raises(LMTransportError, match="check the network and DATABRICKS_HOST"):
        trained(gone).result()


def test_a_run_that_fails_says_why_and_where(server: DatabricksServer) -> None:
    server.run_ending = ("RUN_EXECUTION_ERROR", "CUDA out of memory")
    job = trained(server)
    with pytest.raises(
        LMUnexpectedError, match=r"failed in run 900: CUDA out of memory; see http://.*/runs/900"
    ):
        job.result()
    assert (job.status(), server.endpoints) == ("failed", {})


def test_a_run_that_is_cancelled_over_there_is_cancelled_here(server: DatabricksServer) -> None:
    server.run_ending = ("USER_CANCELED", "")
    job = trained(server)
    with pytest.raises(CancelledError):
        job.result()
    assert server.files == {}


def cancelled(server: DatabricksServer, during: str) -> DatabricksTrainingJob:
    """A training that was cancelled while it made a call."""
    own = model(server)
    jobs: list[DatabricksTrainingJob] = []

    def cancel(call: str) -> None:
        while not jobs:
            time.sleep(0.001)
        if call.startswith(during) and not jobs[0]._stopping:
            assert jobs[0].cancel()

    server.during = cancel
    job = own.finetune(ROWS, "chat", settings())
    assert isinstance(job, DatabricksTrainingJob)
    jobs.append(job)
    with pytest.raises(CancelledError):
        job.result(timeout=30)
    assert job.status() == "cancelled"
    assert job.thread is not None
    job.thread.join(30)
    assert server.files == {}
    assert not job.cancel()
    return job


@pytest.mark.parametrize(
    "during", ["PUT /api/2.0/fs/files", "POST /api/2.2/jobs/run-now", "GET /api/2.2/jobs/runs/get"]
)
def test_a_training_that_is_cancelled_ends_at_databricks(server: DatabricksServer, during: str) -> None:
    server.looks = 10_000
    cancelled(server, during)
    assert all(run.ending[0] == "USER_CANCELED" for run in server.runs.values())
    assert len(server.runs) == ("fs/files" not in during)


def test_a_run_that_is_over_is_not_cancelled_with_the_wait_for_its_endpoint(server: DatabricksServer) -> None:
    job = cancelled(server, "GET /api/2.0/serving-endpoints/main_ml_router")
    assert (job.launch_started, job.launch_completed) == (True, False)
    assert server.runs[900].ending[0] == "SUCCESS"
    assert "POST /api/2.2/jobs/runs/cancel" not in server.asked


def test_an_endpoint_that_fails_says_why_and_is_asked_for_again(server: DatabricksServer) -> None:
    server.endpoint_fails = True
    with pytest.raises(
        LMUnexpectedError, match=r"`main_ml_router` failed: out of GPUs; run 900 has ended well"
    ):
        trained(server).result()
    server.endpoint_fails = False
    assert trained(server, run_id=900).result().model == "databricks/main_ml_router"
    assert len(server.runs) == 1


def test_an_endpoint_that_takes_too_long_is_no_failure_of_the_run(server: DatabricksServer) -> None:
    server.looks = 5
    job = model(server).finetune(ROWS, "chat", settings(deploy_timeout=0.001))
    with pytest.raises(LMTimeoutError, match=r"within 0.001 seconds; run 900 has ended well"):
        job.result(timeout=60)


# --- before anything is sent ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"job_id": "router"}, "`job_id` must be a number"),
        ({"run_id": True}, "`run_id` must be a number"),
        ({"train_data_path": "/Volumes/main/ml"}, "`train_data_path` must be `/Volumes/"),
        ({"train_data_path": "dbfs:/Volumes/main/ml/files"}, "`train_data_path` must be"),
        ({"register_to": "ml.router"}, "`register_to` must be `CATALOG.SCHEMA.MODEL`"),
        ({"register_to": f"main.ml.{'x' * 60}"}, "at most 63 characters"),
        ({"register_to": "main.ml.rötter"}, "letters, digits"),
        ({"fresh": 1}, "`fresh` must be true or false"),
        ({"skip_deploy": "no"}, "`skip_deploy` must be true or false"),
        ({"deploy_timeout": 0}, "`deploy_timeout` must be above 0"),
        ({"poll_seconds": "5"}, "`poll_seconds` must be above 0"),
        ({"served_entity": "Small"}, "`served_entity` must be a dict"),
        ({"idempotency_token": "x" * 65}, "of 1 to 64 characters"),
    ],
)
def test_settings_are_looked_at_first(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        DatabricksProvider.verify("databricks/base", settings(**wrong))
    assert [name for name, _ in complaints(settings(**wrong))] == list(wrong)


@pytest.mark.parametrize("missing", ["job_id", "train_data_path", "register_to"])
def test_settings_that_are_needed_are_named(missing: str) -> None:
    given = settings()
    del given[missing]
    with pytest.raises(ConfigurationError, match=f"needs `{missing}` in `train_kwargs`"):
        DatabricksProvider.verify("databricks/base", given)
    DatabricksProvider.verify("databricks/base", {"run_id": 7, "register_to": MODEL})


@pytest.mark.parametrize(
    ("form", "rows", "words"),
    [
        ("chat", [], "is empty"),
        ("chat", [*ROWS, {"prompt": "a"}], "row 4 of the training data has no `messages`"),
        ("completion", [{"prompt": "a"}], "row 1 of the training data has no `completion`"),
    ],
)
def test_rows_are_looked_at_first(server: DatabricksServer, form: Any, rows: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        trained(server, form, rows).result()
    assert server.asked == []


def test_the_workspace_is_named_by_the_environment(
    server: DatabricksServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = LM("databricks/base")
    with pytest.raises(LMNotConfiguredError, match="set DATABRICKS_HOST"):
        own.finetune(ROWS, "chat", settings()).result(timeout=30)
    monkeypatch.setenv("DATABRICKS_API_BASE", f"{server.address}/serving-endpoints/")
    with pytest.raises(LMNotConfiguredError, match="set DATABRICKS_TOKEN"):
        own.finetune(ROWS, "chat", settings()).result(timeout=30)
    monkeypatch.setenv("DATABRICKS_API_KEY", TOKEN)
    assert own.finetune(ROWS, "chat", settings()).result(timeout=30).model == "databricks/main_ml_router"
