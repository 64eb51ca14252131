"""What a minute of fine-tuning is worth: `python benchmarks/finetune.py FOLDER [CPU_SECONDS …]`.

FOLDER holds `banking77/train.csv`, `test.csv` and `categories.json`. `embedded/base`, which has
never seen these labels, is fine-tuned on the 10,003 training rows, for 60 and for 300 CPU seconds unless told
otherwise, and every model names the intents of all 3,080 test rows, through `Predict` and llama.cpp.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dspyc.runtime import LM, CompactAdapter, InputField, OutputField, Predict, Signature
from dspyc.runtime.errors import AdapterParseError

Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Measured:
    """One model: how long it was trained, and how it does on the test rows."""

    training: str
    steps: int
    cpu_seconds: float
    accuracy: float
    milliseconds: float


def measure_finetuning(folder: Path, budgets: Sequence[float], output: Path) -> list[Measured]:
    """The shipped weak model before and after trainings of so many CPU seconds."""
    labels = tuple(sorted(json.loads((folder / "banking77" / "categories.json").read_text(encoding="utf-8"))))
    fields: dict[str, Any] = {"text": (str, InputField()), "label": (Literal[labels], OutputField())}
    classify = Signature(fields, "Name the intent of a bank customer's message.")
    train, test = read(folder, "train"), read(folder, "test")
    base = LM("embedded/base", cache=False)
    found = [measured(classify, base, test, "none", 0, 0.0)]
    adapter = CompactAdapter()
    data = [
        adapter.format_finetune_data(classify, [], {"text": row["text"]}, {"label": row["category"]})
        for row in train
    ]
    for seconds in budgets:
        before = time.process_time()
        job = base.finetune(data, "chat", {"cpu_seconds": seconds, "output": output / f"{seconds:.0f}.gguf"})
        trained = job.result()
        cost = time.process_time() - before
        found.append(measured(classify, trained, test, f"{seconds:.0f} CPU s", len(job.losses), cost))
    return found


def read(folder: Path, split: str) -> Rows:
    """The rows of one of the two files."""
    with open(folder / "banking77" / f"{split}.csv", newline="", encoding="utf-8") as file:
        return [{"text": row["text"].strip(), "category": row["category"]} for row in csv.DictReader(file)]


def measured(
    classify: type[Signature], lm: Any, rows: Rows, training: str, steps: int, cost: float
) -> Measured:
    """How many rows the model gets right, asked through `Predict` by four threads."""
    program = Predict(classify, lm=lm)

    def right(row: dict[str, str]) -> bool:
        try:
            return bool(program(text=row["text"]).label == row["category"])
        except AdapterParseError:
            return False

    before = time.process_time()
    with ThreadPoolExecutor(4) as pool:
        accuracy = sum(pool.map(right, rows)) / len(rows)
    each = (time.process_time() - before) / len(rows) * 1000
    return Measured(training, steps, cost, accuracy, each)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("seconds", type=float, nargs="*", default=[60.0, 300.0])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as output:
        rows = measure_finetuning(options.folder, options.seconds, Path(output))
    print(f"{'training':>12} {'steps':>7} {'whole cost':>12} {'right of 3,080':>15} {'an answer':>12}")
    for row in rows:
        print(
            f"{row.training:>12} {row.steps:>7,} {row.cpu_seconds:>10.1f} s {row.accuracy:>15.1%} "
            f"{row.milliseconds:>9.2f} ms"
        )


if __name__ == "__main__":
    main()
