"""Trainings that go on when the process that began them is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import LM
from dspyc.runtime.errors import LMUnexpectedError

pytestmark = pytest.mark.train

ROWS = [
    {
        "messages": [
            {"role": "user", "content": f"{'card' if number % 2 else 'cash'} {number}"},
            {"role": "assistant", "content": "plastic" if number % 2 else "paper"},
        ]
    }
    for number in range(48)
]
SCRIPT = """
import json, sys
from dspyc.runtime import LM

rows, settings = json.loads(sys.argv[1])
job = LM("embedded/banking-base").finetune(rows, "chat", settings)
print("begun", flush=True)
print(job.result().model, flush=True)
"""


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DSPYC_MODELS", str(tmp_path))
    return tmp_path


def finetune(**settings: Any) -> Any:
    return LM("embedded/banking-base").finetune(ROWS, "chat", {"background": True, **settings})


def workers(folder: Path) -> list[int]:
    found = subprocess.run(["ps", "-wweo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in found.splitlines() if f"{folder}/jobs" in line]


def until_gone(folder: Path) -> None:
    for _ in range(600):
        if not workers(folder):
            return
        time.sleep(0.05)


def test_it_trains_as_a_training_in_this_process_does(models: Path) -> None:
    job = finetune(steps=12)
    apart = Path(job.result(timeout=120).model.removeprefix("gguf/"))
    assert len(job.losses) == 12
    whole = LM("embedded/banking-base").finetune(ROWS, "chat", {"steps": 12, "output": models / "whole"})
    here = Path(whole.result(timeout=120).model.removeprefix("gguf/"))
    assert whole.losses == job.losses
    assert here.stat().st_size == apart.stat().st_size


def test_it_goes_on_when_the_process_that_began_it_is_killed(models: Path) -> None:
    settings = {"background": True, "steps": 60}
    begun = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, json.dumps([ROWS, settings])], stdout=subprocess.PIPE, text=True
    )
    assert begun.stdout is not None
    begun.stdout.readline()
    progress = None
    while progress is None or not progress.stat().st_size:
        progress = next(models.glob("jobs/*/progress.jsonl"), None)
        time.sleep(0.02)
    os.kill(begun.pid, signal.SIGKILL)
    begun.wait()
    begun.stdout.close()
    [worker] = workers(models)
    job = finetune(steps=60)
    assert job.result(timeout=120).model.startswith(f"gguf/{models}/banking-base-")
    assert len(job.losses) == 60, "the steps before are told too"
    assert len(list(models.glob("*.gguf"))) == 1
    until_gone(models)
    assert worker not in workers(models)
    again = finetune(steps=60)
    assert again.result(timeout=60).model == job.result().model
    assert not workers(models), "what has ended is not trained again"


def test_a_model_that_another_training_has_replaced_is_trained_anew(models: Path) -> None:
    output = models / "mine.gguf"
    finetune(steps=3, output=output).result(timeout=120)
    mine = output.read_bytes()
    finetune(steps=2, output=output).result(timeout=120)
    assert output.read_bytes() != mine
    job = finetune(steps=3, output=output)
    job.result(timeout=120)
    assert len(job.losses) == 3
    assert output.read_bytes() == mine


def test_a_worker_that_is_killed_is_started_again(models: Path) -> None:
    job = finetune(steps=80)
    while not job.losses:
        time.sleep(0.02)
    for worker in workers(models):
        os.kill(worker, signal.SIGKILL)
    with pytest.raises(LMUnexpectedError, match="was ended"):
        job.result(timeout=60)
    assert finetune(steps=80).result(timeout=300).model


def test_cancelling_ends_the_process(models: Path) -> None:
    job = finetune(steps=100_000)
    while not job.losses:
        time.sleep(0.02)
    assert job.cancel()
    with pytest.raises(CancelledError):
        job.result(timeout=60)
    until_gone(models)
    assert not workers(models)
    assert not list(models.glob("*.gguf"))


def test_a_training_that_cannot_be_is_told(models: Path) -> None:
    job = LM("embedded/banking-base").finetune([{"messages": []}], "chat", {"background": True, "steps": 1})
    with pytest.raises(LMUnexpectedError, match="row 1 of the training data"):
        job.result(timeout=60)
