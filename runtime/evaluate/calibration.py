"""Whether a program's probabilities are right: how often the choice it was 80 % sure of is the label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..values.rendering import to_json_types
from .measured import EvaluatedRow, Measured

BINS = 10


@dataclass(frozen=True)
class Bin:
    """Rows whose choice had a probability in a range.

    Attributes:
        low: where the range begins; it is a tenth wide.
        count: how many rows.
        confidence: the mean probability of their choices.
        accuracy: the share of them whose choice is the label.
    """

    low: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """How the probabilities of a field's choices compare with what was right.

    Attributes:
        field: the output.
        count: the rows that have probabilities and a label.
        error: the expected calibration error: by how much confidence and accuracy differ in a bin, on average
            over the rows (Naeini, Cooper and Hauskrecht, "Obtaining Well Calibrated Probabilities Using
            Bayesian Binning", 2015); 0 is best.
        brier: the mean squared difference of all probabilities from what was right (Brier, "Verification of
            Forecasts Expressed in Terms of Probability", 1950); 0 is best, 2 worst.
        label_probability: the mean probability of the label.
        bins: the bins with rows, from the least sure one on.
    """

    field: str
    count: int
    error: float
    brier: float
    label_probability: float
    bins: tuple[Bin, ...]


def calibration(result: Measured, field: str) -> Calibration | None:
    """The calibration of an output; None where no row has probabilities of it and a label.

    Args:
        result: a result of a program with `probabilities=True`.
        field: the output, which is also a label of the rows.
    """
    rows = [found for row in result.rows if (found := _row(row, field)) is not None]
    if not rows:
        return None
    binned: dict[int, list[tuple[float, bool]]] = {}
    for confidence, is_right, _, _ in rows:
        binned.setdefault(min(BINS - 1, int(confidence * BINS)), []).append((confidence, is_right))
    bins = tuple(
        Bin(
            number / BINS,
            len(found),
            sum(confidence for confidence, _ in found) / len(found),
            sum(is_right for _, is_right in found) / len(found),
        )
        for number, found in sorted(binned.items())
    )
    count = len(rows)
    return Calibration(
        field,
        count,
        sum(one.count * abs(one.confidence - one.accuracy) for one in bins) / count,
        sum(brier for *_, brier in rows) / count,
        sum(probability for _, _, probability, _ in rows) / count,
        bins,
    )


def _row(row: EvaluatedRow, field: str) -> tuple[float, bool, float, float] | None:
    """The probability of the choice, whether that is the label, the probability of the label, and the squared
    differences.
    """
    found: Mapping[Any, float] | None = row.prediction.probabilities.get(field)
    if not found or row.error is not None or field not in row.example or field not in row.prediction:
        return None
    shares = {_name(choice): share for choice, share in found.items()}
    label, choice = _name(row.example[field]), _name(row.prediction[field])
    if choice not in shares:
        return None
    squares = sum((share - (name == label)) ** 2 for name, share in shares.items())
    missed = 0.0 if label in shares else 1.0
    return shares[choice], choice == label, shares.get(label, 0.0), squares + missed


def _name(value: Any) -> str:
    """A choice as text, so that an enum's member and its value are the same."""
    return str(to_json_types(value))
