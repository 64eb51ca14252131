"""A project whose model answers slowly and counts its answers, for runs that are stopped in between."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

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
    _, error = process.communicate(timeout=60)
    return error.decode()


def state(folder: Path) -> dict[str, Any]:
    """What was learned, without when and how fast."""
    content: dict[str, Any] = json.loads((folder / "p.tuned.state.json").read_text(encoding="utf-8"))
    del content["created"]
    content["optimizer"].pop("seconds")
    return content
