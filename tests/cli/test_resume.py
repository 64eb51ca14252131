"""`dspyc optimize` and `dspyc eval`, killed at random moments: nothing is lost, nothing is asked twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

MODEL = '''\
"""A model that answers after a moment, and writes down each answer before it gives it."""

import os
import re
import time

from dspyc.runtime import BaseLM, Response

LABELS = ("red", "green", "blue")


class Slow(BaseLM):
    model = "test/slow"

    def complete(self, request):
        text = re.findall(r"message (\\d+)", request.messages[-1]["content"])[-1]
        time.sleep(0.004)
        demos = (len(request.messages) - 2) // 2
        label = LABELS[(int(text) + (demos % 3 == 1)) % 3]
        topic = "1. `topic`" in request.messages[0]["content"].partition("output fields")[2]
        answer = f"[[ ## topic ## ]]\\nmessage {text}" if topic else f"[[ ## label ## ]]\\n{label}"
        descriptor = os.open("calls.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{text} {demos} {topic}\\n".encode())
        os.close(descriptor)
        return Response((answer,))


slow = Slow()
'''

PROGRAM = """\
from model import slow

configure(lm=slow, num_threads=THREADS)

module Classify:
    input text: str
    output label: str

    topic = Predict("text -> topic")
    label = Predict("topic -> label")

    forward:
        found = topic(text=text)
        return label=label(topic=found.topic).label

module classify = Classify()

def same(example: Classify, pred: Classify) -> bool:
    return example.label == pred.label

dataset rows = Dataset("rows.jsonl", inputs=["text"])
optimizer search = BootstrapRS(metric=same, num_candidate_programs=2, max_labeled_demos=4)
program tuned = search.compile(classify, trainset=rows)
evaluate accuracy = Evaluate(tuned, devset=rows, metric=same)
"""

COUNT = 20


def project(folder: Path, threads: int) -> Path:
    folder.mkdir()
    (folder / "model.py").write_text(MODEL, encoding="utf-8")
    (folder / "p.dspy").write_text(PROGRAM.replace("THREADS", str(threads)), encoding="utf-8")
    labels = ("red", "green", "blue")
    lines = [json.dumps({"text": f"message {n}", "label": labels[n % 3]}) + "\n" for n in range(COUNT)]
    (folder / "rows.jsonl").write_text("".join(lines), encoding="utf-8")
    return folder


def dspyc(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dspyc", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def calls(folder: Path) -> int:
    path = folder / "calls.txt"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def killed(folder: Path, after: int, *arguments: str, by: int = signal.SIGKILL) -> str:
    """Start a command and end it as soon as the model has given so many answers; what it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dspyc", *arguments],
        cwd=folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    until = time.monotonic() + 60
    while calls(folder) < after and process.poll() is None and time.monotonic() < until:
        time.sleep(0.001)
    process.send_signal(by)
    _, error = process.communicate(timeout=30)
    return error.decode()


def state(folder: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((folder / "p.tuned.state.json").read_text(encoding="utf-8"))
    del content["created"]
    content["optimizer"].pop("seconds")  # type: ignore[attr-defined]
    return content


@pytest.mark.parametrize("threads", [1, 4])
def test_an_optimisation_that_is_killed_again_and_again(threads: int, tmp_path: Path) -> None:
    calm = project(tmp_path / "calm", threads)
    done = dspyc(calm, "optimize", "p.dspy")
    assert done.returncode == 0, done.stderr
    total = calls(calm)

    folder = project(tmp_path / "killed", threads)
    rng = random.Random(threads)
    kills = 0
    while kills < 3 and not (folder / "p.tuned.state.json").exists():
        killed(folder, calls(folder) + rng.randint(5, total // 4), "optimize", "p.dspy")
        kills += 1
    last = dspyc(folder, "optimize", "p.dspy")
    assert last.returncode == 0, last.stderr
    assert "from p.tuned.journal.jsonl" in last.stderr
    assert state(folder) == state(calm)
    # A call that was under way may be asked again, one for each thread; nothing that was answered is.
    assert total <= calls(folder) <= total + kills * threads
    assert [path.name for path in folder.iterdir() if "journal" in path.name] == []


def test_an_evaluation_that_is_killed(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", 2)
    calm = dspyc(folder, "eval", "p.dspy", "--json", "--output", "rows.csv")
    assert calm.returncode == 0, calm.stderr
    total, rows = calls(folder), (folder / "rows.csv").read_bytes()
    (folder / "calls.txt").unlink()
    killed(folder, 11, "eval", "p.dspy", "--json", "--output", "rows.csv")
    assert (folder / "p.eval.journal.jsonl").exists()
    # Another run with another number of threads is the same run.
    again = dspyc(folder, "eval", "p.dspy", "--json", "--output", "rows.csv", "--num-threads", "4")
    assert total <= calls(folder) <= total + 2
    (calm_line,), (line,) = json.loads(calm.stdout), json.loads(again.stdout)
    del calm_line["seconds"], line["seconds"]
    assert line == calm_line
    assert (folder / "rows.csv").read_bytes() == rows
    assert not (folder / "p.eval.journal.jsonl").exists()


def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", 2)
    error = killed(folder, 20, "optimize", "p.dspy", by=signal.SIGINT)
    assert "The same command resumes here." in error
    assert error.strip().endswith("interrupted")
    assert "Traceback" not in error


def test_another_run_is_refused_until_it_is_fresh(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", 2)
    killed(folder, 10, "optimize", "p.dspy")
    before = calls(folder)
    with (folder / "rows.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"text": "message 99", "label": "red"}\n')
    refused = dspyc(folder, "optimize", "p.dspy")
    assert refused.returncode == 2
    assert "p.tuned.journal.jsonl holds an unfinished run of something else: `data` changed since" in (
        refused.stderr
    )
    assert "--fresh" in refused.stderr
    assert calls(folder) == before
    assert dspyc(folder, "optimize", "p.dspy", "--fresh").returncode == 0


def test_two_runs_at_a_time_are_refused(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", 1)
    process = subprocess.Popen(
        [sys.executable, "-m", "dspyc", "optimize", "p.dspy"], cwd=folder, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while calls(folder) < 3 and time.monotonic() < until:
        time.sleep(0.001)
    process.send_signal(signal.SIGSTOP)
    second = dspyc(folder, "optimize", "p.dspy")
    process.send_signal(signal.SIGCONT)
    assert second.returncode == 2
    assert "another process is working on this run" in second.stderr
    assert process.wait(60) == 0


def test_a_budget_bounds_the_run(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", 2)
    done = dspyc(folder, "optimize", "p.dspy", "--max-calls", "150")
    assert done.returncode == 0, done.stderr
    assert 150 <= calls(folder) <= 154
    assert "its budget of 150 calls is used up" in done.stderr
    assert (folder / "p.tuned.state.json").exists()
    assert os.listdir(folder).count("p.tuned.journal.jsonl") == 0
