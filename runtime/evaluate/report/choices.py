"""Which choices were taken for which: the confusions of a field that has a label and a prediction."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ....base.once import once
from ..measured import EvaluatedRow, Measured
from .texts import as_text

MOST = 200
"""How many choices a field may have to be one of choices."""
_LONGEST = 80
"""How many characters a choice may have."""


@dataclass(frozen=True)
class ClassFigures:
    """How well one choice is told from the others, from 0 to 1; `count` rows have it as their label."""

    name: str
    count: int
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True)
class Confusion:
    """How often each choice was predicted for each label.

    Attributes:
        field: the field's name.
        counts: how often, by label and prediction.
    """

    field: str
    counts: Counter[tuple[str, str]]

    @once
    def labels(self) -> list[str]:
        """All choices, labels and predictions, the most frequent labels first and equals by name."""
        expected = Counter[str]()
        for (label, _), count in self.counts.items():
            expected[label] += count
        predicted = {prediction for _, prediction in self.counts}
        return sorted(expected.keys() | predicted, key=lambda name: (-expected[name], name))

    @property
    def accuracy(self) -> float:
        """The share of rows whose prediction is the label."""
        right = sum(count for (label, prediction), count in self.counts.items() if label == prediction)
        return right / self.counts.total()

    def most_frequent(self, count: int) -> list[tuple[str, str, int]]:
        """The confusions that occurred most often: label, prediction, how often."""
        wrong = [(label, other, times) for (label, other), times in self.counts.items() if label != other]
        return sorted(wrong, key=lambda one: (-one[2], one[0], one[1]))[:count]

    def figures(self) -> list[ClassFigures]:
        """Precision and recall of each label, the worst F1 first."""
        expected, predicted = Counter[str](), Counter[str]()
        for (label, prediction), count in self.counts.items():
            expected[label] += count
            predicted[prediction] += count
        found = [
            ClassFigures(
                name,
                count,
                _share(self.counts[name, name], predicted[name]),
                _share(self.counts[name, name], count),
            )
            for name, count in expected.items()
        ]
        return sorted(found, key=lambda one: (one.f1, -one.count, one.name))


def confusions(result: Measured) -> list[Confusion]:
    """The confusions of each field that is a label of the rows, an output of the program, and one of a few
    choices.
    """
    rows = [row for row in result.rows if row.error is None]
    return [confusion for name in _shared_fields(rows) if (confusion := _confusion(name, rows)) is not None]


def _shared_fields(rows: Sequence[EvaluatedRow]) -> list[str]:
    if not rows:
        return []
    first = rows[0]
    inputs = first.example._input_keys or frozenset()
    return [name for name in first.prediction.keys() if name in first.example and name not in inputs]  # noqa: SIM118


def _confusion(name: str, rows: Iterable[EvaluatedRow]) -> Confusion | None:
    counts = Counter[tuple[str, str]]()
    for row in rows:
        if name not in row.example or name not in row.prediction:
            return None
        label, prediction = row.example[name], row.prediction[name]
        if not (_is_choice(label) and _is_choice(prediction)):
            return None
        counts[as_text(label), as_text(prediction)] += 1
    expected = {label for label, _ in counts}
    found = Confusion(name, counts)
    # A field in which nearly every row has a value of its own is no choice, and one value is none either; nor
    # is one whose predictions are mostly none of the labels: those are texts.
    few = len(expected) <= max(2, counts.total() // 2) and 1 < len(found.labels) <= MOST
    known = sum(count for (_, prediction), count in counts.items() if prediction in expected)
    return found if few and known >= counts.total() / 2 else None


def _is_choice(value: Any) -> bool:
    if isinstance(value, (bool, int, enum.Enum)):
        return True
    return isinstance(value, str) and len(value) <= _LONGEST and "\n" not in value


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
