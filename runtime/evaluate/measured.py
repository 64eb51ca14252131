"""`EvaluatedRow`: an example with what came of it; `Measured`: what reports read of a result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..example import Example
from ..prediction import Prediction
from ..work.task import Usage
from .calls import ModelCall
from .statistics import Interval


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
        repeat: which run of the example this is, from 0.
        usage: what the model calls took; None where no model was asked, or the cache answered.
        calls: the model calls, where the evaluation keeps them.
    """

    example: Example
    prediction: Prediction
    score: Any
    value: float
    feedback: str | None = None
    error: Exception | None = None
    seconds: float = 0.0
    repeat: int = 0
    usage: Usage | None = None
    calls: tuple[ModelCall, ...] = ()


class Measured(Protocol):
    """A result, as far as exports, comparisons and reports read it; see `EvaluationResult`."""

    @property
    def rows(self) -> Sequence[EvaluatedRow]:
        """Every example with its result."""
        ...

    @property
    def metric(self) -> str:
        """The metric's name."""
        ...

    @property
    def program(self) -> str:
        """The program's name."""
        ...

    @property
    def require(self) -> float | None:
        """The score that is required."""
        ...

    @property
    def seconds(self) -> float:
        """How long it took."""
        ...

    @property
    def score(self) -> float:
        """The mean score in percent."""
        ...

    @property
    def repeats(self) -> int:
        """How often each example ran."""
        ...

    @property
    def usage(self) -> Usage:
        """What all rows took."""
        ...

    def by_example(self) -> Sequence[Sequence[EvaluatedRow]]:
        """The rows of each example."""
        ...

    def interval(self, level: float = 0.95) -> Interval | None:
        """The confidence interval of the score, in percent."""
        ...

    def pass_at(self, k: int, threshold: float = 1.0) -> float:
        """In how many percent of the examples one of `k` runs succeeds."""
        ...
