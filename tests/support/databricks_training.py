"""A training at Databricks, as the tests of it begin one against a server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import LM
from dspyc.runtime.lm.training.databricks import DatabricksTrainingJob

from .databricks_server import JOB, TOKEN, DatabricksServer

FOLDER = "/Volumes/main/ml/files/a folder"
MODEL = "main.ml.router"
ROWS = [
    {"messages": [{"role": "user", "content": f"say {n}\u2028é"}, {"role": "assistant", "content": str(n)}]}
    for n in range(3)
]


@contextmanager
def databricks(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[DatabricksServer]:
    """A server that no variable of the environment names, and a folder for what is trained."""
    monkeypatch.setenv("DSPYC_MODELS", str(folder))
    for name in ("HOST", "TOKEN", "API_BASE", "API_KEY"):
        monkeypatch.delenv(f"DATABRICKS_{name}", raising=False)
    with DatabricksServer() as server:
        yield server


def settings(**more: Any) -> dict[str, Any]:
    """The `train_kwargs` of a training."""
    usual = {"job_id": JOB, "train_data_path": FOLDER, "register_to": MODEL, "poll_seconds": 0.01}
    return {**usual, **more}


def model(server: DatabricksServer, **more: Any) -> LM:
    """A model that is trained there."""
    given = {"api_base": server.address, "api_key": TOKEN, **more}
    return LM("databricks/base", finetuning_model="meta-llama/Llama-3.1-8B", cache=False, **given)


def trained(
    server: DatabricksServer, form: Any = "chat", rows: Any = ROWS, **more: Any
) -> DatabricksTrainingJob:
    """A training that has ended, well or not."""
    job = model(server).finetune(rows, form, settings(**more))
    assert isinstance(job, DatabricksTrainingJob)
    job.exception(timeout=30) if not job.cancelled() else None
    return job
