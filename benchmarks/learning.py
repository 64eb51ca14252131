"""Whether optimizers make a real model better: before, after, calls and time, on rows that none of them has
seen.

    python benchmarks/learning.py --lm embedded/base --rows messages.csv --input text --label label

The model that does the task is the one of `--lm`. Instructions are written by `--writer`, a strong model;
without one they are drawn by seed from a pool of plausible instructions, good and bad ones (`--pool FILE`,
one a line), and the table says so. `±` is half of a 95 % interval, of the differences that of a paired
bootstrap over the test rows.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

import dspyc.runtime as dspy
from dspyc.runtime.work.budget import Budget
from dspyc.runtime.work.run import working

POOL = (
    "Name the category of the text.",
    "Read the text and answer with the one label that fits best.",
    "Classify the message. Answer with a label and nothing else.",
    "What is this about?",
    "You are an expert at sorting messages. Choose the most specific label.",
    "Think about what the writer wants to happen, then choose the label.",
    "Answer at random.",
    "Summarize the text in one sentence.",
    "Ignore the text.",
    "Choose the label whose words are closest to those of the text.",
    "Translate the text.",
    "Write a poem about the text.",
)
RESAMPLES = 2000


class Pool(dspy.BaseLM):
    """Answers a question for an instruction with one of the pool, drawn by the question and the rollout."""

    model = "pool of instructions"

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)
        self.kwargs: dict[str, Any] = {}

    def complete(self, request: Any) -> Any:
        """Answer in the form that the prompt asks for."""
        system, last = (str(request.messages[index]["content"]) for index in (0, -1))
        outputs = system.partition("output fields are:")[2].partition("All interactions")[0]
        names = re.findall(r"^\d+\. `(\w+)`", outputs, re.MULTILINE)
        answers = []
        for index in range(int(request.kwargs.get("n") or 1)):
            seed = f"{last} {request.kwargs.get('rollout_id')} {index}"
            draw = int(hashlib.sha256(seed.encode()).hexdigest()[:8], 16)
            fields = {
                name: self.texts[draw % len(self.texts)]
                if "instruction" in name
                else "Nothing is known of it."
                for name in names
            }
            body = "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items())
            answers.append(json.dumps(fields) if "JSON object" in system else body)
        return dspy.Response(tuple(answers))


class Counted:
    """How often models were asked."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    def on_lm_end(self, call_id: str, outputs: Any, exception: Any = None) -> None:
        """Count a call."""
        with self._lock:
            self.count += 1


def optimizers(metric: Any, writer: Any, calls: int) -> dict[str, Callable[[], tuple[Any, bool]]]:
    """What makes each optimizer, and whether it takes a valset."""
    return {
        "LabeledFewShot": lambda: (dspy.LabeledFewShot(k=4), False),
        "BootstrapFewShot": lambda: (dspy.BootstrapFewShot(metric=metric), False),
        "BootstrapRS": lambda: (dspy.BootstrapRS(metric=metric, num_candidate_programs=8), True),
        "COPRO": lambda: (dspy.COPRO(metric=metric, prompt_model=writer, breadth=6, depth=3), False),
        "MIPROv2": lambda: (dspy.MIPROv2(metric=metric, prompt_model=writer), True),
        "MIPROv2, instructions": lambda: (
            dspy.MIPROv2(metric=metric, prompt_model=writer, max_bootstrapped_demos=0, max_labeled_demos=0),
            True,
        ),
        "GEPA": lambda: (dspy.GEPA(metric=metric, reflection_lm=writer, max_metric_calls=calls), True),
    }


def interval(values: Sequence[float], rng: random.Random) -> tuple[float, float]:
    """The mean of values in percent, and half of its 95 % interval by resampling."""
    means = sorted(sum(rng.choices(values, k=len(values))) / len(values) for _ in range(RESAMPLES))
    low, high = means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES)]
    return 100 * sum(values) / len(values), 50 * (high - low)


def main() -> None:
    """Measure each optimizer on one task, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lm", required=True, help="the model that does the task")
    parser.add_argument(
        "--rows", type=Path, required=True, help="labelled rows, of which a half is for testing"
    )
    parser.add_argument("--input", default="text", help="the column of the input")
    parser.add_argument("--label", default="label", help="the column of the label")
    parser.add_argument(
        "--free", action="store_true", help="let the label be any text, not one of those seen"
    )
    parser.add_argument("--writer", help="the model that writes instructions")
    parser.add_argument("--pool", type=Path, help="a file of instructions, one a line")
    parser.add_argument("--take", type=int, default=400, help="how many rows to use")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--metric-calls", type=int, default=600, help="GEPA's")
    parser.add_argument("--max-calls", type=int, help="the budget of each optimizer, in calls")
    parser.add_argument("--only", action="append", help="only this optimizer")
    parser.add_argument("--json", type=Path, help="write the numbers there, too")
    options = parser.parse_args()

    rows = dspy.Dataset(options.rows, inputs=[options.input], shuffle=options.seed, take=options.take)
    train, val, test = rows.split(0.25, 0.25, 0.5, seed=options.seed)
    kinds = tuple(sorted({str(row[options.label]) for row in rows}))
    kind: Any = str if options.free else Literal[kinds]
    fields = {options.input: (str, dspy.InputField()), options.label: (kind, dspy.OutputField())}
    student = dspy.Predict(dspy.Signature(fields))

    def same(gold: Any, pred: Any, trace: Any = None, pred_name: Any = None, pred_trace: Any = None) -> Any:
        right = str(gold[options.label]) == str(pred[options.label])
        return dspy.Score(float(right), feedback=f"the label is {gold[options.label]}")

    pool = options.pool.read_text(encoding="utf-8").splitlines() if options.pool else POOL
    writer: Any = dspy.LM(options.writer) if options.writer else Pool([line for line in pool if line.strip()])
    counted = Counted()
    dspy.configure(lm=dspy.LM(options.lm), max_errors=10**9, callbacks=[counted])
    measure = dspy.Evaluate(devset=test, metric=same)
    before = [row.value for row in measure(student).rows]
    found: dict[str, Any] = {}
    for name, make in optimizers(same, writer, options.metric_calls).items():
        if options.only and name not in options.only:
            continue
        optimizer, takes_valset = make()
        counted.count, began = 0, time.perf_counter()
        budget = Budget(calls=options.max_calls) if options.max_calls else None
        with working(budget=budget):
            data = {"trainset": train, "valset": val} if takes_valset else {"trainset": train + val}
            best = optimizer.compile(student, **data)
        seconds, calls = time.perf_counter() - began, counted.count
        after = [row.value for row in measure(best).rows]
        found[name] = {"after": after, "calls": calls, "seconds": seconds}
    show(options, before, found)


def show(options: argparse.Namespace, before: list[float], found: dict[str, Any]) -> None:
    """Print the table, and write the numbers."""
    rng = random.Random(0)
    writer = options.writer or "instructions drawn from a pool"
    title = f"{options.lm} on {options.rows.name}, {len(before)} test rows; {writer}"
    table = Table("optimizer", "before", "after", "difference", "calls", "seconds", title=title)
    numbers: dict[str, Any] = {}
    for name, each in found.items():
        steps = [new - old for new, old in zip(each["after"], before, strict=True)]
        (first, around), (last, about), (step, within) = (
            interval(values, rng) for values in (before, each["after"], steps)
        )
        table.add_row(
            name,
            f"{first:.1f} ± {around:.1f}",
            f"{last:.1f} ± {about:.1f}",
            f"{step:+.1f} ± {within:.1f}",
            f"{each['calls']:,}",
            f"{each['seconds']:.1f}",
        )
        numbers[name] = {
            "before": first, "after": last, "difference": step, "interval": within,
            "calls": each["calls"], "seconds": each["seconds"],
        }  # fmt: skip
    Console().print(table)
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
