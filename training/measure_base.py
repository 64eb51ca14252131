"""What `embedded/base` can do, for its card: `python training/measure_base.py --data FOLDER [--only NAME …]`.

It is fine-tuned by `BootstrapFinetune` on the labels of training rows, and asked through `Predict`, as a
program does: on Banking77's 77 intents, whose labels it has never seen, and on the slots of SNIPS. For slots
that no kind of training has touched, `--model` takes a base that `train_base.py --hold-out` made.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from banking_data import banking, banking_labels
from base_data import Utterance, school_sentences, utterances
from base_tasks import Material, objectives

from dspyc.runtime import LM, BootstrapFinetune, Example, Predict, Signature
from dspyc.runtime.adapters.compact import is_lines
from dspyc.runtime.errors import AdapterParseError

HELD_OUT = ("BookRestaurant", "GetWeather")
KINDS = 73


@dataclass(frozen=True)
class Task:
    """A signature with one input and one output, and rows of both."""

    signature: type[Signature]
    train: list[Example]
    test: list[Example]


def banking_task(folder: Path) -> Task:
    """Banking77, all rows."""
    asked = "Name the intent of a bank customer's message."
    signature = _signature("text", "label", Literal[banking_labels(folder)], asked)
    read = (
        _rows(signature, [(row.text, row.label) for row in banking(folder, split)])
        for split in ("train", "test")
    )
    return Task(signature, *read)


def mixed_task(folder: Path) -> Task:
    """150 labels: Banking77's, and the combinations of slots in two skills of SNIPS."""

    def kind(row: Utterance) -> str:
        return " ".join([row.intent, *sorted({span.kind for span in row.spans})])

    asked = [(row.text, kind(row)) for row in utterances(folder, "train") if row.intent in HELD_OUT]
    counts: dict[str, int] = {}
    for _, label in asked:
        counts[label] = counts.get(label, 0) + 1
    common = set(sorted(counts, key=lambda label: (-counts[label], label))[:KINDS])
    asked = [row for row in asked if row[1] in common]
    random.Random(0).shuffle(asked)
    tenth = len(asked) // 10
    labels = tuple(sorted({*banking_labels(folder), *common}))
    signature = _signature("utterance", "intent", Literal[labels], "Sort the request.")
    train = [(row.text, row.label) for row in banking(folder, "train")] + asked[tenth:]
    test = [(row.text, row.label) for row in banking(folder, "test")] + asked[:tenth]
    return Task(signature, _rows(signature, train), _rows(signature, test))


def spans_task(folder: Path) -> Task:
    """The slots of two skills of SNIPS as a list of spans."""
    signature = _signature("sentence", "spans", list[str], "Find the spans.")
    read = (
        _rows(
            signature,
            [
                (row.text, [span.text for span in row.spans])
                for row in utterances(folder, split)
                if row.intent in HELD_OUT
            ],
        )
        for split in ("train", "validate")
    )
    return Task(signature, *read)


def _signature(given: str, wanted: str, kind: Any, instructions: str) -> type[Signature]:
    return Signature(f"{given} -> {wanted}", instructions).with_updated_fields(wanted, type_=kind)


def _rows(signature: type[Signature], pairs: Sequence[tuple[str, Any]]) -> list[Example]:
    [given], [wanted] = signature.input_fields, signature.output_fields
    return [Example({given: text, wanted: value}).with_inputs(given) for text, value in pairs]


def trained(model: str, task: Task, **settings: Any) -> Any:
    """A program with a model that was trained on the task's labels."""
    student = Predict(task.signature, lm=LM(model, cache=False), max_retries=0)
    learn = BootstrapFinetune(train_kwargs={**settings, "fresh": True})
    return learn.compile(student, trainset=task.train, teacher="labels")


def score(program: Any, task: Task) -> str:
    """The share of test rows answered rightly, or F1 of the spans, and the median time of an answer."""
    [given], [wanted] = task.signature.input_fields, task.signature.output_fields
    seconds, right, counts = [], 0, [0, 0, 0]
    for row in task.test:
        began = time.perf_counter()
        try:
            answer = getattr(program(**{given: row[given]}), wanted)
        except AdapterParseError:
            answer = None
        seconds.append(time.perf_counter() - began)
        right += answer == row[wanted]
        if is_lines(task.signature.output_fields[wanted].annotation):
            found = list(answer or ())
            hits = sum(found.count(span) and not found.remove(span) for span in row[wanted])
            counts = [counts[0] + hits, counts[1] + len(found), counts[2] + len(row[wanted]) - hits]
    milliseconds = sorted(seconds)[len(seconds) // 2] * 1000
    hits, wrong, missed = counts
    f1 = f", F1 {2 * hits / (2 * hits + wrong + missed):.1%}" if any(counts) else ""
    return f"{right / len(task.test):.1%} right{f1}, {milliseconds:.1f} ms an answer, {len(task.test):,} rows"


def instructions(model: str, folder: Path) -> None:
    """How often each objective is met that the model was trained on, on texts of the test rows."""
    told = [text for text in school_sentences(folder) if len(text.split()) <= 16]
    words = sorted({word for text in told for word in text.lower().split() if word.isalpha()})
    material = Material(banking(folder, "test"), utterances(folder, "validate"), told, words)
    lm, chance = LM(model, cache=False, max_tokens=60), random.Random(1)
    for task in objectives(material):
        right = 0
        for _ in range(100):
            signature = task.signature(chance)
            inputs, output = task.make(chance)
            program = Predict(signature, lm=lm, max_retries=0)
            values = dict(zip(signature.input_fields, inputs.values(), strict=True))
            [wanted] = signature.output_fields
            right += getattr(program(**values), wanted) == output
        print(f"  {task.name}: {right} %", flush=True)


TASKS: dict[str, tuple[Callable[[Path], Task], tuple[float, ...]]] = {
    "banking": (banking_task, (60, 300)),
    "mixed": (mixed_task, (300,)),
    "spans": (spans_task, (100,)),
}


def main() -> None:
    """Print the numbers."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="the folder that holds banking77/, snips/, gsm8k/"
    )
    parser.add_argument("--model", default="embedded/base")
    parser.add_argument(
        "--only", nargs="*", choices=(*TASKS, "instructions"), default=(*TASKS, "instructions")
    )
    parser.add_argument("--cpu-seconds", type=float, nargs="*", help="budgets in place of the usual ones")
    options = parser.parse_args()
    for name in options.only:
        print(f"{options.model}, {name}", flush=True)
        if name == "instructions":
            instructions(options.model, options.data)
            continue
        make, budgets = TASKS[name]
        task = make(options.data)
        print(f"  {len(task.train):,} rows to learn from", flush=True)
        untrained = Predict(task.signature, lm=LM(options.model, cache=False), max_retries=0)
        print(f"  untrained: {score(untrained, Task(task.signature, [], task.test[::16]))}", flush=True)
        for seconds in options.cpu_seconds or budgets:
            program = trained(options.model, task, cpu_seconds=seconds)
            print(f"  {seconds:.0f} CPU s: {score(program, task)}", flush=True)


if __name__ == "__main__":
    main()
