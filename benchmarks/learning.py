"""Whether optimizers make a real model better: before, after, calls and time, on rows that none of them has
seen.

    python benchmarks/learning.py instructions --lm embedded/base --rows messages.csv
    python benchmarks/learning.py demos --lm gguf/build/gemma-3-270m-q4_k_m.gguf \\
        --rows benchmarks/opposites.csv --input word --label answer --free \\
        --settings '{"max_tokens": 8, "cache_prompt": true, "n_parallel": 1}'

`make test-lm` downloads that model. `instructions` and `demos` say what the model reacts to, and so which
optimizers are measured. The model that does the task is the one of `--lm`. Instructions, rules and advice
are written by `--writer`, a strong model; without one they are drawn by seed from a pool of plausible
instructions, good and bad ones (`--pool FILE`, one a line), and the table says so. Every optimizer has the
same budget of calls, those for writing and training included. `±` is half of a 95 % interval, of the
differences that of a paired bootstrap over the test rows. `AvatarOptimizer` is measured by `agents.py`: it
needs a model that can use tools.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
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
            fields = {name: self._value(name, self.texts[draw % len(self.texts)]) for name in names}
            body = "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items())
            answers.append(json.dumps(fields) if "JSON object" in system else body)
        return dspy.Response(tuple(answers))

    def _value(self, name: str, drawn: str) -> str:
        if name == "module_advice":
            return json.dumps({"self": drawn})
        return drawn if "instruction" in name or "rules" in name else "Nothing is known of it."


class Counted:
    """How often models were asked."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    def on_lm_end(self, call_id: str, outputs: Any, exception: Any = None) -> None:
        """Count a call."""
        with self._lock:
            self.count += 1


Learn = Callable[[Any, Sequence[Any], Sequence[Any]], Any]
"""Makes a better program of a student, a trainset and a valset."""


def of_instructions(metric: Any, writer: Any, calls: int, steps: int) -> dict[str, Learn]:
    """What is measured where the model follows instructions, and demos do not help it."""
    none = {"max_bootstrapped_demos": 0, "max_labeled_demos": 0}

    def simba(student: Any, train: Any, val: Any) -> Any:
        optimizer = dspy.SIMBA(metric=metric, prompt_model=writer, bsize=16, max_demos=0)
        return optimizer.compile(student, trainset=[*train, *val])

    def infer(student: Any, train: Any, val: Any) -> Any:
        optimizer = dspy.InferRules(metric=metric, teacher_settings={"lm": writer}, **none)
        # The rows' own labels are the demos, of which there are to be none: only the writer is asked.
        return optimizer.compile(student, trainset=train, valset=val, teacher="labels")

    def better_together(student: Any, train: Any, val: Any) -> Any:
        both = dspy.BetterTogether(
            metric=metric,
            p=dspy.MIPROv2(metric=metric, prompt_model=writer, **none),
            w=dspy.BootstrapFinetune(train_kwargs={"steps": steps, "fresh": True}),
        )
        return both.compile(student, trainset=train, valset=val, strategy="p -> w", teacher="labels")

    def copro(student: Any, train: Any, val: Any) -> Any:
        optimizer = dspy.COPRO(metric=metric, prompt_model=writer, breadth=6, depth=3)
        return optimizer.compile(student, trainset=[*train, *val])

    return {
        "BootstrapRS": random_search(metric),
        "COPRO": copro,
        "MIPROv2, instructions": with_valset(dspy.MIPROv2(metric=metric, prompt_model=writer, **none)),
        "GEPA": with_valset(dspy.GEPA(metric=metric, reflection_lm=writer, max_metric_calls=calls)),
        "SIMBA, advice": simba,
        "InferRules": infer,
        "BootstrapFinetune": lambda student, train, val: dspy.BootstrapFinetune(
            train_kwargs={"steps": steps, "fresh": True}
        ).compile(student, trainset=[*train, *val], teacher="labels"),
        "BetterTogether, MIPROv2 -> weights": better_together,
    }


def of_demos(metric: Any, writer: Any, calls: int, steps: int) -> dict[str, Learn]:
    """What is measured where the model learns from demos."""

    def few_shot(student: Any, train: Any, val: Any) -> Any:
        return dspy.BootstrapFewShot(metric=metric).compile(student, trainset=train)

    def nearest(student: Any, train: Any, val: Any) -> Any:
        return dspy.KNNFewShot(8, train, dspy.Embedder(letters)).compile(student, teacher="labels")

    def together(student: Any, train: Any, val: Any) -> Any:
        found = random_search(metric)(student, train, val).candidate_programs[:3]
        return dspy.Ensemble(reduce_fn=dspy.majority).compile([each["program"] for each in found])

    return {
        "LabeledFewShot": lambda student, train, val: dspy.LabeledFewShot(k=8).compile(
            student, trainset=train
        ),
        "BootstrapFewShot": few_shot,
        "BootstrapRS": random_search(metric),
        "BootstrapFewShotWithOptuna": with_valset(
            dspy.BootstrapFewShotWithOptuna(metric=metric, num_candidate_programs=8), teacher="labels"
        ),
        "KNNFewShot": nearest,
        "MIPROv2": with_valset(dspy.MIPROv2(metric=metric, prompt_model=writer)),
        "SIMBA, from 4 demos": lambda student, train, val: dspy.SIMBA(
            metric=metric, prompt_model=writer, bsize=16, num_candidates=4, max_steps=4, max_demos=8
        ).compile(student, trainset=[*train, *val]),
        "Ensemble of BootstrapRS's best 3": together,
    }


def random_search(metric: Any) -> Learn:
    """BootstrapRS with 8 candidates beside those that it always tries."""
    return with_valset(dspy.BootstrapRS(metric=metric, num_candidate_programs=8))


def with_valset(optimizer: Any, **arguments: Any) -> Learn:
    """Learns by an optimizer that takes a trainset and a valset."""
    return lambda student, train, val: optimizer.compile(student, trainset=train, valset=val, **arguments)


def letters(texts: Sequence[str]) -> list[list[float]]:
    """How often each pair of letters stands in a text, in 64 buckets."""
    found = []
    for text in texts:
        counts = [0.0] * 64
        for pair in zip(f" {text.lower()}", f"{text.lower()} ", strict=True):
            counts[int(hashlib.sha256("".join(pair).encode()).hexdigest()[:8], 16) % 64] += 1.0
        found.append(counts)
    return found


SUITES = {"instructions": of_instructions, "demos": of_demos}
TAUGHT = {"SIMBA, from 4 demos"}
"""Those that begin with 4 labelled demos, because they learn from runs that went well."""


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
    parser.add_argument("suite", choices=SUITES, help="what the model reacts to")
    parser.add_argument("--lm", required=True, help="the model that does the task")
    parser.add_argument(
        "--settings", type=json.loads, default={}, help="more parameters of the model, as JSON"
    )
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
    parser.add_argument("--max-calls", type=int, default=1000, help="the budget of each optimizer, in calls")
    parser.add_argument("--steps", type=int, default=300, help="how long models are trained")
    parser.add_argument("--only", action="append", help="only this optimizer")
    parser.add_argument("--json", type=Path, help="write the numbers there, too")
    options = parser.parse_args()

    rows = dspy.Dataset(options.rows, inputs=[options.input], shuffle=options.seed, take=options.take)
    train, val, test = rows.split(0.25, 0.25, 0.5, seed=options.seed)
    kinds = tuple(sorted({str(row[options.label]) for row in rows}))
    kind: Any = str if options.free else Literal[kinds]
    fields = {options.input: (str, dspy.InputField()), options.label: (kind, dspy.OutputField())}
    student = dspy.Predict(dspy.Signature(fields), max_retries=0)

    def same(gold: Any, pred: Any, trace: Any = None, pred_name: Any = None, pred_trace: Any = None) -> Any:
        right = str(gold[options.label]).strip().lower() == str(pred[options.label]).strip().lower()
        return dspy.Score(float(right), feedback=f"the label is {gold[options.label]}")

    pool = options.pool.read_text(encoding="utf-8").splitlines() if options.pool else POOL
    writer: Any = dspy.LM(options.writer) if options.writer else Pool([line for line in pool if line.strip()])
    counted = Counted()
    # Each optimizer pays for its own answers.
    lm = dspy.LM(options.lm, cache=False, **options.settings)
    dspy.configure(lm=lm, max_errors=10**9, callbacks=[counted])
    logging.getLogger("dspyc").setLevel(logging.ERROR)
    measure = dspy.Evaluate(devset=test, metric=same)
    before = measured(measure, student)
    # The first rows, as DSPy takes them.
    taught = dspy.LabeledFewShot(k=4).compile(student, trainset=train, sample=False)
    found: dict[str, Any] = {}
    for name, learn in SUITES[options.suite](same, writer, options.max_calls, options.steps).items():
        if options.only and name not in options.only:
            continue
        start = taught if name in TAUGHT else student
        own = measured(measure, taught) if name in TAUGHT else before
        counted.count, began = 0, time.perf_counter()
        with working(budget=Budget(calls=options.max_calls)):
            best = learn(start, train, val)
        seconds, calls = time.perf_counter() - began, counted.count
        after = measured(measure, best)
        found[name] = {"before": own, "after": after, "calls": calls, "seconds": seconds}
        show(options, {name: found[name]})
    show(options, found)


def measured(measure: dspy.Evaluate, program: Any) -> list[float]:
    """The score of each row; 0 for all where every one fails, which is a score here."""
    try:
        return [row.value for row in measure(program).rows]
    except dspy.EvaluationError as error:
        return [0.0] * error.result.total


def show(options: argparse.Namespace, found: dict[str, Any]) -> None:
    """Print the table, and write the numbers."""
    rng = random.Random(0)
    count = max((len(each["after"]) for each in found.values()), default=0)
    writer = options.writer or "instructions drawn from a pool"
    title = f"{options.lm} on {options.rows.name}, {count} test rows; {writer}"
    table = Table("optimizer", "before", "after", "difference", "calls", "seconds", title=title)
    numbers: dict[str, Any] = {}
    for name, each in found.items():
        steps = [new - old for new, old in zip(each["after"], each["before"], strict=True)]
        (first, around), (last, about), (step, within) = (
            interval(values, rng) for values in (each["before"], each["after"], steps)
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
