"""What the shipped models can do, for their card: `python training/measure_banking.py --data FOLDER`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from banking_data import Example, banking, banking_labels, snips
from banking_prompts import Task, banking_tasks, example_task, snips_tasks

from dspyc.runtime import LM, Predict
from dspyc.runtime.errors import AdapterParseError

UNSEEN = "You work in a bank's support team. Sort the request into the right category."


def accuracy(
    task: Task, model: str, examples: Sequence[Example], *, grammar: bool = True
) -> tuple[float, float]:
    """The shares of examples answered rightly, and in the adapter's format, by `Predict` over the task."""
    program = Predict(task.signature, lm=LM(model, cache=False), max_retries=0)
    config = {} if grammar else {"grammar": None}
    output = task.outputs[-1][0]

    def ask(example: Example) -> tuple[bool, bool]:
        inputs = dict.fromkeys(task.inputs, example.text)
        if "hint" in inputs:
            inputs["hint"] = example.label
        try:
            return getattr(program(**inputs, config=config), output) == example.label, True
        except AdapterParseError:
            return False, False

    with ThreadPoolExecutor(4) as pool:
        right, read = zip(*pool.map(ask, examples), strict=True)
    return sum(right) / len(examples), sum(read) / len(examples)


def main() -> None:
    """Print one line for each way of asking."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="the folder that holds banking77/ and snips/"
    )
    parser.add_argument("--model", nargs="*", default=["embedded/banking", "embedded/banking-base"])
    options = parser.parse_args()
    labels, test = banking_labels(options.data), banking(options.data, "test")
    example = example_task(labels)
    for model in options.model:
        print(model)
        for grammar in (True, False):
            right, read = accuracy(example, model, test, grammar=grammar)
            print(f"  example, {len(test):,} rows, grammar {grammar}: {right:.2%} right, {read:.2%} readable")
        some = test[::4]
        for task in [*banking_tasks(labels), replace(example, instructions=UNSEEN)]:
            right, read = accuracy(task, model, some)
            types = ", ".join(f"{name}: {'Literal' if kind else 'str'}" for name, kind in task.outputs)
            way = f"{', '.join(task.inputs)} -> {types} | {task.instructions}"
            print(f"  {way} | {right:.1%} right, {read:.1%} readable")
        for task in snips_tasks():
            right, _ = accuracy(task, model, snips(options.data, "validate"))
            print(f"  SNIPS {task.inputs[0]}, {'Literal' if task.outputs[0][1] else 'str'}: {right:.1%}")


if __name__ == "__main__":
    main()
