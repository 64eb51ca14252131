"""What a report is made of: results, trials of a search, what was learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...work.task import Usage
from ..comparison import Comparison
from ..measured import Measured


@dataclass(frozen=True)
class TrialRecord:
    """A candidate that a search has tried.

    Attributes:
        number: counts the trials from 1.
        score: in percent; None where there is none.
        label: what the candidate is, in a few words: "seed 3", "instruction 2, demos 0".
        is_full: whether it was measured on all rows; False for a minibatch.
        instructions: the instructions of each predictor, by its name, where they are told.
        demos: how many demos each predictor has, by its name.
        error: why there is no score.
        usage: the model calls that it took.
        seconds: how long it took.
    """

    number: int
    score: float | None
    label: str = ""
    is_full: bool = True
    instructions: Mapping[str, str] = field(default_factory=dict)
    demos: Mapping[str, int] = field(default_factory=dict)
    error: str = ""
    usage: Usage | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Learned:
    """What one predictor has learned.

    Attributes:
        predictor: its name.
        before: its instructions in the source.
        after: its instructions now.
        demos: its demos, each with its fields.
        model: the model that was trained for it, where one was.
    """

    predictor: str
    before: str
    after: str
    demos: tuple[Mapping[str, Any], ...] = ()
    model: str = ""


@dataclass(frozen=True)
class Report:
    """The content of a page; each part is left out where there is nothing to show.

    Attributes:
        title: the title.
        results: the evaluations; the first one is shown first.
        trials: what a search has tried, in its order.
        baseline: the score, in percent, of the program before it was optimized.
        comparison: two results on the same rows, the second of which is usually among `results`.
        learned: what the predictors have learned.
        facts: what else is to be said, as names and texts: the optimizer, the model, the date.
    """

    title: str
    results: tuple[Measured, ...] = ()
    trials: tuple[TrialRecord, ...] = ()
    baseline: float | None = None
    comparison: Comparison | None = None
    learned: tuple[Learned, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
