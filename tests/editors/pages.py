"""Writes a folder for `ui.cjs` to look at: a run, two evaluations, an optimisation.

python tests/editors/pages.py FOLDER
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import dspyc.runtime as dspy

ROWS = {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6"}


class Slow(dspy.BaseLM):
    """Counts, with some mistakes, and takes its time."""

    def __init__(self, wrong: int = 0, seconds: float = 0.0) -> None:
        super().__init__(model="slow/one", cache=False)
        self.known = dict(list(ROWS.items())[wrong:])
        self.seconds = seconds

    def complete(self, request: Any) -> Any:
        text = request.openai_messages[-1]["content"]
        asked = next((word for word in ROWS if f"\n{word}\n" in text), "one")
        time.sleep(self.seconds * (1 + len(asked)))
        usage = {"prompt_tokens": 80, "completion_tokens": 9, "total_tokens": 89}
        return dspy.Response([f"[[ ## answer ## ]]\n{self.known.get(asked, '0')}"], usage, cost=0.0002)


def same(example: Any, prediction: Any, trace: Any = None) -> bool:
    return bool(example.answer == prediction.answer)


def main(folder: Path) -> None:
    ask = dspy.Predict("question -> answer", instructions="Write the number in figures.")
    rows = [dspy.Example(question=q, answer=a).with_inputs("question") for q, a in ROWS.items()]
    evaluate = dspy.Evaluate(devset=rows, metric=same, keep_calls=True)
    with traced(folder / "run.trace.jsonl", "run", Slow(seconds=0.02)):
        dspy.Parallel(num_threads=4)([(ask, row) for row in rows[:4]])
    with traced(folder / "good.trace.jsonl", "eval", Slow(1)):
        evaluate(ask)
    with dspy.context(lm=Slow(4)):
        evaluate(ask).save_json(folder / "poor.json")
    search = dspy.BootstrapRS(metric=same, num_candidate_programs=3, max_labeled_demos=2)
    with traced(folder / "optimize.trace.jsonl", "optimize", Slow(2)):
        search.compile(ask, trainset=rows)


class traced:  # noqa: N801 used like a function
    """A trace with what was said, of a model's answers."""

    def __init__(self, path: Path, command: str, lm: Any) -> None:
        self.trace = dspy.TraceFile(path, True, f"count.dspy:{command}", command)
        self.context = dspy.context(lm=lm, callbacks=[self.trace])
        self.hearing = self.trace.hearing()

    def __enter__(self) -> None:
        self.context.__enter__()
        self.hearing.__enter__()

    def __exit__(self, *error: Any) -> None:
        self.hearing.__exit__(*error)
        self.context.__exit__(*error)
        self.trace.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
