"""Sampled runs of programs, sorted by what can be learned from them: what `SIMBA` looks at."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..evaluate.rows import describe_error
from ..evaluate.scores import as_number, feedback_of
from ..example import Example
from ..execution.settings import lookup
from ..interface import Metric
from ..lm.reproducible import reproducible
from ..modules.base import Module
from ..work.run import Job, perform_jobs
from .rollouts import Acceptance, Rollout, marked_copy, roll_out_one, rollout_codec


@dataclass(frozen=True)
class Draw:
    """A program of the pool that is to run on some examples.

    Attributes:
        index: its number in the pool.
        program: the program, with the models that it shall use.
        rows: the numbers of the examples.
        name: what tells this draw from others of the same program.
    """

    index: int
    program: Module
    rows: tuple[int, ...]
    name: str


@dataclass(frozen=True)
class Trajectory:
    """A run, and what the metric said of it; a run that failed scored 0."""

    index: int
    row: int
    score: float
    rollout: Rollout
    feedback: str | None = None


@dataclass(frozen=True)
class Bucket:
    """The runs on one example, best first."""

    example: Example
    runs: tuple[Trajectory, ...]

    @property
    def best(self) -> Trajectory:
        """The run with the highest score."""
        return self.runs[0]

    @property
    def worst(self) -> Trajectory:
        """The run with the lowest score."""
        return self.runs[-1]

    @property
    def worth(self) -> tuple[float, float, float]:
        """How much can be learned from it, for sorting: the gap between best and worst counts most."""
        mean = sum(run.score for run in self.runs) / len(self.runs)
        return self.best.score - self.worst.score, self.best.score, self.best.score - mean


def sampled(
    draws: Sequence[Draw], examples: Sequence[Example], metric: Metric, num_threads: int | None
) -> list[Trajectory] | None:
    """The runs of all draws, in their order; None where the budget left no room for all of them."""
    acceptance = Acceptance(metric, is_measuring=True)
    programs = [marked_copy(draw.program) for draw in draws]
    jobs = [
        Job(program, draw.rows, rollout_codec(program), draw.name)
        for draw, program in zip(draws, programs, strict=True)
    ]
    with reproducible():
        found = perform_jobs(
            "sample",
            jobs,
            roll_out_one,
            {"examples": examples, "acceptance": acceptance},
            num_threads=num_threads or int(lookup("num_threads")),
        )
    runs: list[Trajectory] = []
    for draw, outcomes in zip(draws, found, strict=True):
        for row, outcome in zip(draw.rows, outcomes, strict=True):
            if outcome is None:
                return None
            runs.append(_judged(draw.index, row, outcome.get(), metric))
    return runs


def _judged(index: int, row: int, rollout: Rollout, metric: Metric) -> Trajectory:
    if (error := rollout.error) is not None:
        return Trajectory(index, row, 0.0, rollout, describe_error(error))
    return Trajectory(index, row, as_number(metric, rollout.score), rollout, feedback_of(rollout.score))


def buckets_of(runs: Sequence[Trajectory], examples: Sequence[Example]) -> list[Bucket]:
    """The runs by example, those from which most can be learned first."""
    by_row: dict[int, list[Trajectory]] = {}
    for run in runs:
        by_row.setdefault(run.row, []).append(run)
    buckets = [
        Bucket(examples[row], tuple(sorted(found, key=lambda run: -run.score)))
        for row, found in by_row.items()
    ]
    return sorted(buckets, key=lambda bucket: bucket.worth, reverse=True)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of some values lies, interpolated between the two nearest."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def softmax_draw(rng: random.Random, scores: Sequence[float], temperature: float) -> int:
    """One of some numbers from 0, drawn the more often the higher its score is."""
    highest = max(scores)
    weights = [math.exp((score - highest) / temperature) for score in scores]
    return rng.choices(range(len(scores)), weights=weights, k=1)[0]


def poisson(rng: random.Random, mean: float) -> int:
    """A number drawn from a Poisson distribution, by Knuth's method."""
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


def shown(run: Trajectory) -> list[dict[str, Any]]:
    """The steps of a run: each predictor's name, its inputs and its outputs."""
    return [
        {"module_name": call.predictor, "inputs": call.inputs, "outputs": dict(call.outputs)}
        for call in run.rollout.calls
    ]
