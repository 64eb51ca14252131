"""Runs of `dspyc optimize` that are killed: each must end as the undisturbed run does, and ask for nothing
twice that was answered.

    python benchmarks/kills.py --times 20

Few-shot search, MIPROv2 and fine-tuning, each run once undisturbed. Then each is begun anew so many times,
sent SIGKILL (or with `--signal int` what Ctrl-C sends) at a moment drawn between its first call and its end,
and begun again by the same command.

Compared are the state, the trained model byte by byte, and what the model was asked, which it writes down
itself. A request may be made again as far as its answer was not in the journal when the process died, which
is so for at most one of each thread; any other may not. Every second kill of a fine-tuning comes after its
new model was written, which must then be the model that the resumed run takes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

MODEL = '''\
"""A model that answers after a moment, and writes down what it is asked."""

import hashlib
import json
import os
import re
import time

from dspyc.runtime import BaseLM, Response

LABELS = ("red", "green", "blue")
POOL = ("Guess.", "Answer in one word.", "Think step by step.", "Answer red, green or blue.")


def number(text):
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def note(name):
    descriptor = os.open("calls.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{name}\\n".encode())
    os.close(descriptor)


class Slow(BaseLM):
    model = "test/slow"

    def complete(self, request):
        system, last = (str(request.openai_messages[at]["content"]) for at in (0, -1))
        asked = f"{request.openai_messages} {request.kwargs.get('rollout_id')}"
        name = hashlib.sha256(asked.encode()).hexdigest()[:16]
        note(name)
        time.sleep(0.01)
        outputs = system.partition("output fields are:")[2].partition("All interactions")[0]
        fields = {}
        for field in re.findall(r"^\\d+\\. `(\\w+)`", outputs, re.MULTILINE):
            fields[field] = f"words about the {field}"
            if "instruction" in field:
                fields[field] = POOL[number(asked) % len(POOL)]
            if field == "label":
                row = int(re.findall(r"message (\\d+)", last)[-1])
                told = sum(each.lower() in system.lower() for each in POOL[1:])
                right = number(f"{row} {told}") % 4 < 1 + told + (len(request.openai_messages) > 2)
                fields[field] = LABELS[(row + (not right)) % 3]
        text = "\\n\\n".join(f"[[ ## {name} ## ]]\\n{value}" for name, value in fields.items())
        return Response((text,), model=self.model)


slow = Slow()
'''

PROGRAM = """\
from model import slow

configure(lm=slow, num_threads=4)

module classify = Predict("text -> label")
module small = Predict("text -> label", lm=LM("embedded/base"))

def same(example, pred) -> bool:
    return example.label == pred.label

dataset rows = Dataset("rows.jsonl", inputs=["text"])
dataset train, val = rows.split(0.5, 0.5, seed=0)
optimizer few = BootstrapRS(metric=same, num_candidate_programs=6)
optimizer words = MIPROv2(metric=same, prompt_model=slow)
optimizer weights = BootstrapFinetune(metric=same, train_kwargs={"steps": STEPS})
program tuned = COMPILED
evaluate accuracy = Evaluate(tuned, devset=val, metric=same)
"""

KINDS = {
    "few-shot": "few.compile(classify, trainset=train, valset=val)",
    "MIPROv2": "words.compile(classify, trainset=train, valset=val)",
    "fine-tuning": "weights.compile(small, trainset=train, teacher=classify)",
}


TRAINING = "fine-tuning"
SIGNALS = {"kill": signal.SIGKILL, "int": signal.SIGINT}
THREADS = 8
"""How many requests are under way at most: those of the pool, and those beside it."""


@dataclass(frozen=True)
class Outcome:
    """What a run has left behind: its state and model, and what was asked."""

    result: str
    asked: Counter[str]


def project(folder: Path, kind: str, rows: int, steps: int) -> Path:
    """A folder with the program, its model and its data."""
    folder.mkdir()
    text = PROGRAM.replace("COMPILED", KINDS[kind]).replace("STEPS", str(steps))
    (folder / "p.dspy").write_text(text, encoding="utf-8")
    (folder / "model.py").write_text(MODEL, encoding="utf-8")
    labels = ("red", "green", "blue")
    lines = (json.dumps({"text": f"message {n}", "label": labels[n % 3]}) + "\n" for n in range(rows))
    (folder / "rows.jsonl").write_text("".join(lines), encoding="utf-8")
    return folder


def start(folder: Path) -> subprocess.Popen[bytes]:
    """The run, in a process."""
    command = [sys.executable, "-m", "dspyc", "optimize", "p.dspy"]
    # A place of its own for what is trained, which no other run may find.
    environment = {**os.environ, "DSPYC_MODELS": str(folder / "models")}
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    """Wait for a run, which must end well."""
    _, error = process.communicate(timeout=600)
    if process.returncode:
        raise SystemExit(error.decode())


def outcome(folder: Path) -> Outcome:
    """What is there now."""
    state: dict[str, Any] = json.loads((folder / "p.tuned.state.json").read_text(encoding="utf-8"))
    del state["created"], state["optimizer"]["seconds"]
    models = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.gguf"))]
    return Outcome(json.dumps([state, models]), calls(folder))


def calls(folder: Path) -> Counter[str]:
    """How often each request was made."""
    path = folder / "calls.txt"
    return Counter(path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else [])


def kept(folder: Path) -> int:
    """How many answers of the model are in the journal."""
    lines = [line for file in folder.glob("*.journal.jsonl") for line in file.read_bytes().split(b"\n")[:-1]]
    return sum(b'"request"' in line and b"test/slow" in line for line in lines)


def wait_for_first_call(folder: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until the model is asked, so that no kill hits the import of Python."""
    while not (folder / "calls.txt").exists() and process.poll() is None:
        time.sleep(0.002)


def trained(folder: Path) -> dict[str, tuple[int, int]]:
    """The models that were trained so far, and what changes when one is written again."""
    found = {path.name: path.stat() for path in (folder / "models").glob("*.gguf")}
    return {name: (facts.st_ino, facts.st_mtime_ns) for name, facts in found.items()}


def wait_for_model(folder: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until a training has left its model."""
    while not trained(folder) and process.poll() is None:
        time.sleep(0.002)


def verify_whole(folder: Path) -> None:
    """Complain of a state that is broken, or whose models are not there."""
    for state in folder.glob("*.state.json"):
        for model in re.findall(r'"gguf/([^"]+)"', state.read_text(encoding="utf-8")):
            if not (folder / model).exists():
                raise SystemExit(f"{state.name} names {model}, which is not there")
        json.loads(state.read_bytes())


def undisturbed(folder: Path, kind: str) -> tuple[Outcome, float, float]:
    """The run without a kill, how many seconds it takes from its first call on, and of these from its
    trained model on.
    """
    process = start(folder)
    wait_for_first_call(folder, process)
    began = time.monotonic()
    if kind == TRAINING:
        wait_for_model(folder, process)
    middle = time.monotonic()
    finish(process)
    ended = time.monotonic()
    return outcome(folder), ended - began, ended - middle


def killed(
    folder: Path, after: float, number: signal.Signals, *, trains: bool
) -> tuple[Outcome, int, bool] | None:
    """A run that is killed so many seconds after its first call, or after its training, and resumed; what it
    has left, how many requests were under way when it died, and whether a training that had ended was
    repeated. None where it was done by then.
    """
    process = start(folder)
    wait_for_first_call(folder, process)
    if trains:
        wait_for_model(folder, process)
    time.sleep(after)
    process.send_signal(number)
    process.communicate()
    verify_whole(folder)
    under_way, models = calls(folder).total() - kept(folder), trained(folder)
    if process.returncode == 0 or not list(folder.glob("*.journal.jsonl")):
        # With its journal gone, the run is done, and the same command would be a new one.
        return None
    finish(start(folder))
    later = trained(folder)
    return outcome(folder), under_way, any(later.get(name) != facts for name, facts in models.items())


def main() -> None:
    """Kill each kind of run, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--rows", type=int, default=60)
    parser.add_argument("--steps", type=int, default=30, help="of the fine-tuning")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--signal", choices=SIGNALS, default="kill")
    parser.add_argument("--only", choices=KINDS, action="append")
    options = parser.parse_args()
    table = Table(
        "run", "seconds", "calls", "killed", "same state", "asked again", "answered", "trained again"
    )
    rng = random.Random(options.seed)
    failed = False
    with tempfile.TemporaryDirectory() as name:
        for kind in options.only or KINDS:
            place = Path(name) / kind
            place.mkdir()
            # The first run is slower than any later one: nothing is in the caches of the system yet.
            undisturbed(project(place / "first", kind, options.rows, options.steps), kind)
            calm, seconds, tail = undisturbed(
                project(place / "calm", kind, options.rows, options.steps), kind
            )
            same = again = lost = tries = kills = repeats = 0
            while kills < options.times:
                tries += 1
                folder = project(place / str(tries), kind, options.rows, options.steps)
                late = kind == TRAINING and tries % 2 == 1
                after = rng.uniform(0, tail if late else seconds)
                found = killed(folder, after, SIGNALS[options.signal], trains=late)
                shutil.rmtree(folder)
                if found is None:
                    continue
                left, under_way, was_repeated = found
                kills += 1
                print(f"{kind}: {kills} of {options.times}", file=sys.stderr)
                same += left.result == calm.result
                repeats += was_repeated
                repeated = (left.asked - calm.asked).total()
                again += repeated
                wrong = max(repeated - under_way, 0) + max(under_way - THREADS, 0)
                if wrong or was_repeated or left.result != calm.result:
                    told = f"killed after {after:.3f} s{' of its new model' if late else ''}"
                    print(f"  {told}: {under_way} under way, {repeated} asked again", file=sys.stderr)
                lost += wrong
            table.add_row(
                kind,
                f"{seconds:.1f}",
                f"{calm.asked.total():,}",
                str(kills),
                str(same),
                str(again),
                str(lost),
                str(repeats) if kind == TRAINING else "",
            )
            failed = failed or same < options.times or lost > 0 or repeats > 0
            Console().print(table)
    if failed:
        raise SystemExit("a run did not end as the undisturbed one, or repeated what was done")


if __name__ == "__main__":
    main()
