"""What an evaluation found: the score, and every row with its prediction, score and error."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from ..errors import EvaluationError
from ..example import Example
from ..prediction import Prediction
from ..state.files import write_atomically
from ..work.task import Usage
from .exports import records, render_csv, render_json, render_junit
from .measured import EvaluatedRow
from .statistics import Interval, mean_interval, pass_at_k, wilson_interval


@dataclass(frozen=True, eq=False, init=False)
class EvaluationResult:
    """The outcome of `Evaluate`; as a number, and in comparisons, it is its score.

    One made by hand has DSPy's arguments: `EvaluationResult(score=80.0, results=[(example, prediction, 1)])`.

    Attributes:
        rows: every example with its result, in the order of the devset.
        metric: the metric's name.
        program: the program's name, where it has one.
        require: the score that the evaluation requires.
        seconds: how long it took.
        total: how many rows there were to be; more than `rows` if it was stopped.
    """

    rows: tuple[EvaluatedRow, ...]
    metric: str = "score"
    program: str = ""
    require: float | None = None
    seconds: float = 0.0
    total: int = 0

    def __init__(
        self,
        rows: Iterable[EvaluatedRow] = (),
        metric: str = "score",
        program: str = "",
        require: float | None = None,
        seconds: float = 0.0,
        total: int = 0,
        *,
        score: float | None = None,
        results: Iterable[tuple[Example, Prediction, Any]] = (),
    ) -> None:
        listed = tuple(rows) or tuple(EvaluatedRow(*one, value=float(one[2])) for one in results)
        values = (listed, metric, program, require, seconds, total or len(listed))
        for name, value in zip(self.__dataclass_fields__, values, strict=True):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_score", score)

    @property
    def score(self) -> float:
        """The mean score in percent, with two decimals."""
        given: float | None = self.__dict__["_score"]
        if given is not None:
            return given
        percent = 100 * math.fsum(row.value for row in self.rows) / max(len(self.rows), 1)
        # One wrong row in a hundred thousand is no 100 %: a gate may require that all are right.
        return 99.99 if 99.995 <= percent < 100 - 1e-9 else round(percent, 2)

    @property
    def results(self) -> list[tuple[Example, Prediction, Any]]:
        """Every example, its prediction and its score, as DSPy has them."""
        return [(row.example, row.prediction, row.score) for row in self.rows]

    @property
    def errors(self) -> dict[int, Exception]:
        """What the failed rows raised, by the number of the row, from 0."""
        return {index: row.error for index, row in enumerate(self.rows) if row.error is not None}

    @property
    def passed(self) -> bool | None:
        """Whether the score is at least what the evaluation requires; None when it requires nothing."""
        return None if self.require is None else self.score >= self.require

    @property
    def repeats(self) -> int:
        """How often each example ran."""
        return max((row.repeat for row in self.rows), default=0) + 1

    @property
    def usage(self) -> Usage:
        """What all rows took together: model calls, tokens, cost; answers from the cache count nothing."""
        return sum((row.usage for row in self.rows if row.usage is not None), Usage())

    @property
    def cost(self) -> float | None:
        """What all rows cost in US dollars; None where no price is known."""
        return self.usage.cost or None

    def by_example(self) -> list[list[EvaluatedRow]]:
        """The rows of each example, in the order of the devset."""
        found: list[list[EvaluatedRow]] = []
        for row in self.rows:
            last = found[-1][-1] if found else None
            # Of an evaluation that was stopped, the first runs of an example may be missing.
            if last is None or row.repeat <= last.repeat or not _is_same(row.example, last.example):
                found.append([])
            found[-1].append(row)
        return found

    def interval(self, level: float = 0.95) -> Interval | None:
        """The confidence interval of the score, in percent; None where one row says nothing of others.

        Wilson's where every example ran once and succeeded or failed, and where all runs of all examples did
        the same, as a mean that never varied looks certain. Student's of the examples' means elsewhere:
        several runs of one example say less than as many examples.

        Args:
            level: how often such an interval holds the score that endless examples of the kind would give.
        """
        means = [fmean(row.value for row in rows) for rows in self.by_example()]
        is_plain = self.repeats == 1 or len(set(means)) == 1
        if means and is_plain and all(mean in (0.0, 1.0) for mean in means):
            found: Interval | None = wilson_interval(sum(means), len(means), level)
        else:
            found = mean_interval(means, level)
            if found is not None and all(0 <= row.value <= 1 for row in self.rows):
                found = max(0.0, found[0]), min(1.0, found[1])
        return None if found is None else (round(100 * found[0], 2), round(100 * found[1], 2))

    def pass_at(self, k: int, threshold: float = 1.0) -> float:
        """In how many percent of the examples at least one of `k` runs succeeds, estimated from all runs.

        Args:
            k: how many runs one has, at most `repeats`.
            threshold: the score from which a run has succeeded.

        Raises:
            EvaluationError: there were fewer runs than `k`.
        """
        if not 1 <= k <= self.repeats:
            raise EvaluationError(
                f"pass@{k} needs {k} runs of each example, and there were {self.repeats}; "
                f"write Evaluate(…, repeats={k})"
                if k > 0
                else f"pass@k needs at least one run, not {k}"
            )
        shares = [
            pass_at_k(sum(row.value >= threshold for row in rows), len(rows), min(k, len(rows)))
            for rows in self.by_example()
        ]
        return round(100 * fmean(shares), 2)

    def __float__(self) -> float:
        return self.score

    def __format__(self, spec: str) -> str:
        return format(self.score, spec) if spec else repr(self)

    def __add__(self, other: float | EvaluationResult) -> float:
        return self.score + float(other)

    def __radd__(self, other: float) -> float:
        return other + self.score

    def __truediv__(self, other: float | EvaluationResult) -> float:
        return self.score / float(other)

    def __rtruediv__(self, other: float) -> float:
        return other / self.score

    def __eq__(self, other: object) -> bool:
        if isinstance(other, EvaluationResult):
            return self.score == other.score and self.rows == other.rows
        return self.score == other if isinstance(other, (int, float)) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.score)

    def __lt__(self, other: float | EvaluationResult) -> bool:
        return self.score < float(other)

    def __le__(self, other: float | EvaluationResult) -> bool:
        return self.score <= float(other)

    def __gt__(self, other: float | EvaluationResult) -> bool:
        return self.score > float(other)

    def __ge__(self, other: float | EvaluationResult) -> bool:
        return self.score >= float(other)

    def __iter__(self) -> Iterator[EvaluatedRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        errors = f", {len(self.errors)} of them failed" if self.errors else ""
        return f"EvaluationResult(score={self.score}, results=<list of {len(self.rows)} results{errors}>)"

    def records(self) -> list[dict[str, Any]]:
        """The rows as flat dicts: the fields of both, the score, and feedback and errors where there are any.

        A field that both have stands as `example_NAME` and `pred_NAME`, and so does one with a name of the
        row's own, such as `error`; where examples ran several times, `repeat` counts their runs.
        """
        return records(self)

    def save_csv(self, path: str | Path) -> None:
        """Write the rows as CSV; values that are neither strings nor numbers stand as JSON.

        Raises:
            OSError: the file cannot be written.
        """
        write_atomically(Path(path), render_csv(self.records()))

    def save_json(self, path: str | Path) -> None:
        """Write the rows as a JSON list.

        Raises:
            OSError: the file cannot be written.
        """
        write_atomically(Path(path), render_json(self.records()))

    def save_junit(self, path: str | Path) -> None:
        """Write the rows as JUnit's XML, which CI systems show as tests: a row below a score of 1 is a
        failure, one with an error an error.

        Raises:
            OSError: the file cannot be written.
        """
        write_atomically(Path(path), render_junit([self]))

    def save_html(self, path: str | Path, title: str | None = None) -> None:
        """Write a report that a browser shows without a network: scores, rows, confusions, prompts.

        Prompts and answers are in it where the evaluation kept them; see `Evaluate.keep_calls`.

        Args:
            path: the file.
            title: its title; the names of program and metric unless given.

        Raises:
            OSError: the file cannot be written.
        """
        from .report import Report, save_report

        save_report(Path(path), Report(title or f"{self.program or 'Program'}: {self.metric}", (self,)))


def _is_same(one: Example, other: Example) -> bool:
    if one is other:
        return True
    try:
        return one == other
    except ValueError:  # arrays in them do not say
        return False
