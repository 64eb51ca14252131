"""Trainings at Databricks that are asked for again: taken up where they are, in another process too."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime.errors import (
    LMAuthError,
    LMError,
    LMInvalidRequestError,
    LMUnexpectedError,
)
from support.databricks_server import JOB, TOKEN, DatabricksServer
from support.databricks_training import MODEL, ROWS, databricks, model, settings, trained


@pytest.fixture(name="server")
def _server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[DatabricksServer]:
    with databricks(monkeypatch, tmp_path) as found:
        yield found


KILLED = """
import json, sys
from dspyc.runtime import LM
base = "meta-llama/Llama-3.1-8B"
lm = LM("databricks/base", api_base=sys.argv[1], api_key=sys.argv[2], finetuning_model=base)
lm.finetune([{"prompt": "a", "completion": "b"}], "completion", {
    "job_id": int(sys.argv[3]), "train_data_path": "/Volumes/main/ml/files", "register_to": "main.ml.router",
    "poll_seconds": 0.01, **json.loads(sys.argv[4]),
}).result()
"""


@pytest.mark.parametrize("token", [{"idempotency_token": "monday/1"}, {}])
def test_a_run_outlives_the_process_that_started_it(server: DatabricksServer, token: dict[str, Any]) -> None:
    server.looks = 10_000
    command = [sys.executable, "-c", KILLED, server.address, TOKEN, str(JOB), json.dumps(token)]
    process = subprocess.Popen(command)
    while not any("runs/get" in call for call in server.asked):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (run,) = server.runs.values()
    server.looks = 2
    run.states = deque(["RUNNING", "TERMINATED"])
    rows = [{"prompt": "a", "completion": "b"}]
    again = settings(train_data_path="/Volumes/main/ml/files", **token)
    job = model(server).finetune(rows, "completion", again)
    assert job.result(timeout=30).model == "databricks/main_ml_router"
    assert (len(server.runs), len(server.files)) == (1, 1)
    assert json.loads(next(iter(server.files.values()))) == rows[0]


def test_a_training_that_has_ended_is_taken_up_with_the_version_that_it_made(
    server: DatabricksServer,
) -> None:
    first = trained(server)
    asked = len(server.asked)
    assert trained(server).result().model == first.result().model
    # It is served already: looks, and nothing else.
    assert {call.partition(" ")[0] for call in server.asked[asked:]} == {"GET"}
    assert (len(server.runs), len(server.models[MODEL])) == (1, 1)
    # Another training has its own version, which the endpoint then serves, until the first is asked for.
    other = [*ROWS, *ROWS]
    trained(server, rows=other)
    for rows, version in ((ROWS, "1"), (other, "2"), (ROWS, "1")):
        trained(server, rows=rows)
        (served,) = server.endpoints["main_ml_router"]["config"]["served_entities"]
        assert served["entity_version"] == version
    assert len(server.runs) == 2
    trained(server, fresh=True)
    assert len(server.runs) == 3
    assert TOKEN not in "".join(file.read_text() for file in Path(os.environ["DSPYC_MODELS"]).rglob("*.json"))


def test_a_training_that_was_not_served_is_served_when_asked_again(server: DatabricksServer) -> None:
    trained(server, skip_deploy=True)
    assert server.endpoints == {}
    trained(server)
    assert list(server.endpoints) == ["main_ml_router"]
    trained(server, skip_deploy=True)
    assert len(server.runs) == 1


@pytest.mark.parametrize("is_served", [True, False])
def test_a_run_that_databricks_has_forgotten(server: DatabricksServer, is_served: bool) -> None:
    trained(server, skip_deploy=not is_served)
    server.runs.clear()
    server.tokens.clear()
    trained(server, skip_deploy=not is_served)
    assert len(server.runs) == (0 if is_served else 1)


@pytest.mark.parametrize("what", ["version", "model"])
def test_a_model_that_was_deleted_is_trained_anew(server: DatabricksServer, what: str) -> None:
    trained(server)
    server.register(MODEL)
    if what == "version":
        del server.models[MODEL][0]
    else:
        del server.models[MODEL]
    job = trained(server)
    assert job.result().model == "databricks/main_ml_router"
    assert len(server.runs) == 2


@pytest.mark.parametrize(
    ("call", "status", "error"),
    [
        ("versions", 403, LMAuthError),
        ("versions", 400, LMInvalidRequestError),
        ("get", 400, LMInvalidRequestError),
    ],
)
def test_no_second_run_is_begun_where_the_first_cannot_be_looked_for(
    server: DatabricksServer, call: str, status: int, error: type[LMError]
) -> None:
    trained(server, skip_deploy=call == "get")
    server.failures[call] = deque([status] * 9)
    with pytest.raises(error):
        trained(server, skip_deploy=call == "get").result()
    assert len(server.runs) == 1


@pytest.mark.parametrize("ending", [("RUN_EXECUTION_ERROR", "no"), ("USER_CANCELED", "")])
def test_a_run_that_failed_is_not_taken_up(server: DatabricksServer, ending: tuple[str, str]) -> None:
    server.run_ending = ending
    for count in (1, 2):
        with suppress(LMUnexpectedError, CancelledError):
            trained(server).result()
        assert len(server.runs) == count


def test_a_run_whose_endpoint_failed_is_taken_up_unless_it_is_to_be_fresh(server: DatabricksServer) -> None:
    server.endpoint_fails = True
    with pytest.raises(LMUnexpectedError, match="out of GPUs"):
        trained(server).result()
    server.endpoint_fails = False
    assert trained(server, poll_seconds=0.02).run_id == 900
    server.endpoint_fails = True
    for count in (2, 3):
        with pytest.raises(LMUnexpectedError, match="out of GPUs"):
            trained(server, fresh=True).result()
        assert len(server.runs) == count
