"""Trainings that have ended are found again: none is repeated because its process was killed afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import LM, BootstrapFinetune

pytestmark = pytest.mark.train

ROWS = [
    {"messages": [{"role": "user", "content": f"message {n}"}, {"role": "assistant", "content": "red"}]}
    for n in range(16)
]

PROGRAM = """\
module classify = Predict("text -> label", lm=LM("embedded/banking-base"))

def same(example, pred) -> bool:
    return example.label == pred.label

dataset rows = Dataset("rows.jsonl", inputs=["text"])
optimizer weights = BootstrapFinetune(train_kwargs={"steps": 4})
optimizer both = BetterTogether(metric=same, p=LabeledFewShot(k=1), w=weights)
program tuned = COMPILED
evaluate accuracy = Evaluate(tuned, devset=rows, metric=same)
"""


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DSPYC_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def train(rows: list[Any] = ROWS, **settings: Any) -> tuple[Path, Any]:
    """The new model's file, and the job."""
    job = LM("embedded/banking-base").finetune(rows, "chat", {"steps": 3, **settings})
    return Path(job.result(timeout=120).model.removeprefix("gguf/")), job


def mark(file: Path) -> tuple[int, int]:
    """What changes when a file is written again."""
    return file.stat().st_ino, file.stat().st_mtime_ns


def test_the_same_training_is_done_once() -> None:
    first, job = train()
    before = mark(first)
    again, found = train()
    assert (again, mark(again)) == (first, before)
    assert found.losses == job.losses
    assert len(found.losses) == 3
    once_more, fresh = train(fresh=True)
    assert once_more == first
    assert mark(once_more) != before
    assert fresh.losses == job.losses


def test_a_training_in_the_background_is_found_by_one_in_this_process() -> None:
    file, job = train(background=True)
    before = mark(file)
    again, found = train()
    assert (again, mark(again)) == (file, before)
    assert found.losses == job.losses


@pytest.mark.parametrize("changed", [{"rows": ROWS[:8]}, {"seed": 1}, {"steps": 2}, {"precision": "f16"}])
def test_what_changes_the_model_makes_another_training(tmp_path: Path, changed: dict[str, Any]) -> None:
    output = tmp_path / "mine.gguf"
    before = mark(train(output=output)[0])
    assert mark(train(output=output, **changed)[0]) != before


def test_a_file_of_somebody_else_is_not_taken_for_the_model(tmp_path: Path) -> None:
    output = tmp_path / "mine.gguf"
    for content in (b"", b"GGUF", b"GGUF" + b"\xff" * 64, b"words"):
        output.write_bytes(content)
        _, job = train(output=output)
        assert len(job.losses) == 3
        assert output.stat().st_size > 1000


def test_a_file_that_is_not_whole_is_not_taken_for_the_model() -> None:
    file, _ = train()
    whole = file.read_bytes()
    os.truncate(file, len(whole) - 1)
    train()
    assert file.read_bytes() == whole


def test_trainings_that_write_one_file_run_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside: list[str] = []
    seen: list[int] = []

    def finetune(job: Any, model: str, *_: Any) -> None:
        inside.append(model)
        seen.append(len(inside))
        time.sleep(0.2)
        inside.remove(model)

    monkeypatch.setattr("dspyc.runtime.lm.training.local._finetune", finetune)
    settings = {"steps": 1, "output": tmp_path / "mine.gguf"}
    lm = LM("embedded/banking-base")
    for job in [lm.finetune(ROWS[:count], "chat", settings) for count in (2, 3, 4)]:
        job.result(timeout=60)
    assert seen == [1, 1, 1]


def test_a_changed_base_model_of_the_same_name_is_trained_anew(tmp_path: Path) -> None:
    base, output = tmp_path / "base.gguf", tmp_path / "mine.gguf"
    base.write_bytes(train(seed=1)[0].read_bytes())

    def again() -> tuple[int, int]:
        LM(f"gguf/{base}").finetune(ROWS, "chat", {"steps": 2, "output": output}).result(timeout=120)
        return mark(output)

    first = again()
    assert again() == first
    base.write_bytes(train(seed=2)[0].read_bytes())
    assert again() != first


@pytest.mark.parametrize(
    "compiled",
    [
        'weights.compile(classify, trainset=rows, teacher="labels")',
        'both.compile(classify, trainset=rows, valset=rows, teacher="labels", strategy="w -> p -> w")',
    ],
)
def test_a_run_that_is_killed_after_its_training_takes_the_model(
    tmp_path: Path, models: Path, compiled: str
) -> None:
    (tmp_path / "p.dspy").write_text(PROGRAM.replace("COMPILED", compiled), encoding="utf-8")
    lines = (json.dumps({"text": f"message {n}", "label": "red"}) + "\n" for n in range(40))
    (tmp_path / "rows.jsonl").write_text("".join(lines), encoding="utf-8")

    def start(*options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dspyc", "optimize", "p.dspy", *options]
        return subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def trained() -> dict[Path, tuple[int, int]]:
        return {file: mark(file) for file in models.glob("*.gguf")} if models.exists() else {}

    process = start()
    while not trained() and process.poll() is None:
        time.sleep(0.002)
    process.kill()
    process.communicate()
    assert process.returncode == -9, "it was killed before its state was written"
    assert not (tmp_path / "p.tuned.state.json").exists()
    before = trained()
    resumed = start()
    _, error = resumed.communicate(timeout=120)
    assert resumed.returncode == 0, error.decode()
    after = trained()
    assert before.items() <= after.items(), "no training was repeated"
    assert (tmp_path / "p.tuned.state.json").exists()
    anew = start("--fresh")
    anew.communicate(timeout=120)
    assert all(mark(file) != after[file] for file in before), "`--fresh` trains again"


def test_an_interrupt_lets_a_model_be_written_that_is_done(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dspyc.runtime.lm.gguf import checkpoint
    from dspyc.runtime.optimizers import bootstrap_finetune

    begun, write = threading.Event(), checkpoint.write

    def slowly(*arguments: Any) -> None:
        begun.set()
        time.sleep(0.3)
        write(*arguments)

    def interrupted(*arguments: Any) -> None:
        assert begun.wait(120)
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "write", slowly)
    monkeypatch.setattr(bootstrap_finetune, "_wait", interrupted)
    job = {"lm": LM("embedded/banking-base"), "train_data": ROWS, "train_kwargs": {"steps": 3}}
    with pytest.raises(KeyboardInterrupt):
        BootstrapFinetune.finetune_lms({"it": job})
    [written] = models.iterdir()
    monkeypatch.undo()
    monkeypatch.setenv("DSPYC_MODELS", str(models))
    before = mark(written)
    assert (train()[0], mark(written)) == (written, before)
