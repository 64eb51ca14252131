"""What an optimizer itself costs, dspyc and DSPy in one run: an instant model for CPU time, a slow one for
waiting.

    python benchmarks/optimizing.py --peer build/dspy/bin/python

The model answers from its prompt alone, in both libraries the same. The peer needs DSPy with Optuna and gepa.
Of each number the least of several runs is kept, the two libraries in turn.

"Busy" is how long the calls that dspyc makes take if as many as may be are in flight all the time: no order
of the same calls takes less. Where DSPy is near it, no library can be several times faster.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

WORK = ("MIPROv2 light", "BootstrapRS", "Evaluate", "GEPA")
POOL = ("Guess.", "Answer in one word.", "Think step by step.", "Answer with one of three colours.")
LABELS = ("red", "green", "blue")
ROWS = 200
SECONDS, IN_FLIGHT = 0.05, 64
"""How long the slow model takes for an answer, and how many are waited for at the same time."""


def number(text: str) -> int:
    """A number that depends on a text alone."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


class Answers:
    """What the model answers, after how long, and how often it was asked."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.calls = 0
        self._last: tuple[list[Any], Any] | None = None
        self._lock = threading.Lock()

    def answer(self, messages: list[Any], rollout: Any) -> str:
        """An answer in the form that the prompt asks for."""
        with self._lock:
            self.calls += 1
            self._last = (messages, rollout)
        if self.seconds:
            time.sleep(self.seconds)
        return self._written(messages, rollout)

    def cpu(self) -> float:
        """What the answers so far took to write, in CPU seconds, by writing the last one again."""
        assert self._last is not None
        began = time.process_time()
        for _ in range(500):
            self._written(*self._last)
        return (time.process_time() - began) / 500 * self.calls

    def _written(self, messages: list[Any], rollout: Any) -> str:
        system, last = str(messages[0]["content"]), str(messages[-1]["content"])
        outputs = system.partition("output fields are:")[2].partition("All interactions")[0]
        fields = {
            name: self._value(name, system, last, rollout)
            for name in re.findall(r"^\d+\. `(\w+)`", outputs, re.MULTILINE)
        }
        if "JSON object" in system + last:
            return json.dumps(fields)
        body = "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items())
        return f"{body}\n\n[[ ## completed ## ]]"

    def _value(self, name: str, system: str, last: str, rollout: Any) -> str:
        if "instruction" in name:
            return POOL[number(f"{last} {rollout}") % len(POOL)]
        if name != "label":
            return f"words about the {name}"
        text = re.findall(r"message (\d+)", last)[-1]
        told = sum(each.lower() in system.lower() for each in POOL[1:])
        return LABELS[int(text) % 3] if number(text) % 5 < 2 + told else "wrong"


def model(dspy: Any, library: str, answers: Answers) -> Any:
    """The model, as the library wants it."""
    if library == "dspyc":

        class Ours(dspy.BaseLM):  # type: ignore[misc]
            model = "test/instant"

            def complete(self, request: Any) -> Any:
                messages = request.openai_messages
                return dspy.Response((answers.answer(messages, request.kwargs.get("rollout_id")),))

        return Ours()

    # Of the two ways in which DSPy 3.4 is given a model, this one costs it less.
    class Theirs(dspy.BaseLM):  # type: ignore[misc]
        def forward(self, prompt: Any = None, messages: Any = None, **kwargs: Any) -> Any:
            text = answers.answer(
                messages or [{"content": ""}, {"content": prompt}], kwargs.get("rollout_id")
            )
            choice = SimpleNamespace(
                message=SimpleNamespace(content=text, tool_calls=None), finish_reason="stop"
            )
            usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
            return SimpleNamespace(choices=[choice], usage=usage, model="instant")

    return Theirs(model="instant")


def measure(library: str, work: str, seconds: float, threads: int) -> dict[str, float]:
    """Do one piece of work; CPU and wall seconds, and how often the model was asked."""
    if library == "dspyc":
        import dspyc.runtime as dspy
    else:
        import dspy  # type: ignore[no-redef]
    logging.disable(logging.CRITICAL)
    answers = Answers(seconds)
    lm = model(dspy, library, answers)
    dspy.configure(lm=lm, num_threads=threads)
    rows = [dspy.Example(text=f"message {n}", label=LABELS[n % 3]).with_inputs("text") for n in range(ROWS)]

    class Steps(dspy.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.topic = dspy.Predict("text -> topic")
            self.label = dspy.Predict("text, topic -> label")

        def forward(self, text: str) -> Any:
            return self.label(text=text, topic=self.topic(text=text).topic)

    def same(gold: Any, pred: Any, trace: Any = None, pred_name: Any = None, pred_trace: Any = None) -> float:
        return float(gold.label == pred.label)

    program, dev = Steps(), rows[ROWS // 2 :]
    # Imported and made before the clock starts.
    runs = {
        "MIPROv2 light": lambda: dspy.MIPROv2(
            metric=same, auto="light", num_threads=threads, prompt_model=lm, task_model=lm
        ).compile(program, trainset=rows[: ROWS // 2], valset=dev),
        "BootstrapRS": lambda: dspy.BootstrapFewShotWithRandomSearch(
            metric=same, num_candidate_programs=8, num_threads=threads
        ).compile(program, trainset=rows[: ROWS // 2], valset=dev),
        "Evaluate": lambda: dspy.Evaluate(devset=rows * 5, metric=same, num_threads=threads)(program),
        "GEPA": lambda: dspy.GEPA(
            metric=same, max_metric_calls=600, reflection_lm=lm, num_threads=threads
        ).compile(program, trainset=rows[:50], valset=dev[:50]),
    }
    # What is imported is not measured: dspyc imports with the first use what DSPy imports at once.
    for name in ("MIPROv2", "GEPA", "BootstrapFewShotWithRandomSearch", "Evaluate", "JSONAdapter"):
        getattr(dspy, name)
    if work == "MIPROv2 light":
        import optuna

        optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0)).ask()
    if library == "dspyc":
        # So are expressions: DSPy compiles its own when it is imported.
        from dspyc.base.secrets import redact

        redact("x")
    program(text="message 1")
    answers.calls = 0
    cpu, wall = time.process_time(), time.perf_counter()
    runs[work]()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    # What the model itself computes is no cost of the library.
    return {"cpu": cpu - answers.cpu(), "wall": wall, "calls": answers.calls}


def main() -> None:
    """Measure everything, one library after the other, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer", required=True, help="a Python that has DSPy, Optuna and gepa")
    parser.add_argument("--only", choices=WORK, action="append", help="only this work")
    parser.add_argument("--times", type=int, default=3, help="how often to measure each")
    parser.add_argument("--json", type=Path, help="write the numbers there, too")
    options = parser.parse_args()

    from rich.console import Console
    from rich.table import Table

    table = Table("", "", "DSPy", "dspyc", "times less", "busy", "calls, DSPy", "calls, dspyc")
    numbers: dict[str, Any] = {}
    pythons = {"dspy": options.peer, "dspyc": sys.executable}
    for work in options.only or WORK:
        for what, seconds, threads in (("cpu", 0.0, 8), ("wall", SECONDS, IN_FLIGHT)):
            runs = [
                {library: run(python, library, work, seconds, threads) for library, python in pythons.items()}
                for _ in range(options.times)
            ]
            theirs, ours = (
                min((each[library] for each in runs), key=lambda found: found[what]) for library in pythons
            )
            numbers[f"{work}, {what}"] = {"dspy": theirs, "dspyc": ours}
            table.add_row(
                work,
                "CPU" if what == "cpu" else f"{SECONDS * 1000:.0f} ms a call, {IN_FLIGHT} in flight",
                f"{theirs[what]:.2f} s",
                f"{ours[what]:.2f} s",
                f"{theirs[what] / ours[what]:.1f}",
                "" if what == "cpu" else f"{ours['calls'] * seconds / threads:.2f} s",
                f"{theirs['calls']:.0f}",
                f"{ours['calls']:.0f}",
            )
    Console().print(table)
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")


def run(python: str, library: str, work: str, seconds: float, threads: int) -> dict[str, float]:
    """Measure in a process of its own."""
    command = [python, __file__, "--measure", library, work, str(seconds), str(threads)]
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=600)
    if done.returncode:
        raise SystemExit(f"{library}, {work}: {done.stderr[-3000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        _, _, chosen, piece, pause, count = sys.argv
        print(json.dumps(measure(chosen, piece, float(pause), int(count))))
    else:
        main()
