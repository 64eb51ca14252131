"""What an evaluation found: the score, and every row with its prediction, score and error."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..example import Example
from ..prediction import Prediction
from ..state.files import write_atomically
from ..values.rendering import to_json_types


@dataclass(frozen=True, slots=True)
class EvaluatedRow:
    """One example of an evaluation.

    Attributes:
        example: the example.
        prediction: what the program predicted; an empty prediction when it failed.
        score: what the metric returned, or the failure score.
        value: the score as a number.
        feedback: the feedback that the metric gave with it.
        error: what the program or the metric raised.
        seconds: how long both took.
    """

    example: Example
    prediction: Prediction
    score: Any
    value: float
    feedback: str | None = None
    error: Exception | None = None
    seconds: float = 0.0


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
        total: how many examples there were; more than `rows` if it was stopped.
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
        return round(100 * sum(row.value for row in self.rows) / max(len(self.rows), 1), 2)

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

    def __float__(self) -> float:
        return self.score

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

        A field that both have stands as `example_NAME` and `pred_NAME`.
        """
        optional = [name for name in ("feedback", "error") if any(getattr(row, name) for row in self.rows)]
        return [self._record(row, optional) for row in self.rows]

    def save_csv(self, path: str | Path) -> None:
        """Write the rows as CSV; values that are neither strings nor numbers stand as JSON.

        Raises:
            OSError: the file cannot be written.
        """
        records = self.records()
        text = io.StringIO()
        writer = csv.DictWriter(text, _columns(records), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in record.items()} for record in records)
        write_atomically(Path(path), text.getvalue())

    def save_json(self, path: str | Path) -> None:
        """Write the rows as a JSON list.

        Raises:
            OSError: the file cannot be written.
        """
        records = to_json_types(self.records())
        write_atomically(Path(path), json.dumps(records, indent=2, ensure_ascii=False) + "\n")

    def _record(self, row: EvaluatedRow, optional: Iterable[str]) -> dict[str, Any]:
        given, predicted = row.example.toDict(), row.prediction.toDict()
        record: dict[str, Any] = {}
        for name, value in given.items():
            record[f"example_{name}" if name in predicted else name] = value
        for name, value in predicted.items():
            record[f"pred_{name}" if name in given else name] = value
        record[self.metric] = row.value
        for name in optional:
            value = getattr(row, name)
            record[name] = f"{type(value).__name__}: {value}" if isinstance(value, Exception) else value
        return record


def _columns(records: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for record in records for name in record))


def _cell(value: Any) -> Any:
    value = to_json_types(value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    return json.dumps(value, ensure_ascii=False)
