"""`compare`: whether one evaluation result is better than another one on the same examples."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Literal

from ...base.once import once
from ..errors import EvaluationError
from ..example import Example
from ..values.rendering import to_json_types
from .measured import EvaluatedRow, Measured
from .statistics import Interval, mcnemar, paired_bootstrap

Verdict = Literal["better", "worse", "indistinguishable"]


@dataclass(frozen=True)
class Change:
    """An example whose score changed.

    Attributes:
        index: its number in the devset, from 0.
        before: its row in the first result, or the first of its rows where it ran several times.
        after: the same in the second.
        difference: by how much its mean score changed.
    """

    index: int
    before: EvaluatedRow
    after: EvaluatedRow
    difference: float


@dataclass(frozen=True)
class Comparison:
    """Two results on the same examples, pair by pair; see `compare`.

    Attributes:
        before: the first result.
        after: the second.
        level: the confidence level of interval and verdict.
    """

    before: Measured
    after: Measured
    level: float = 0.95

    @once
    def differences(self) -> tuple[float, ...]:
        """By how much the mean score of each example changed, in the order of the devset; from -1 to 1 for
        metrics from 0 to 1. What floats alone make of equal scores, such as 0.1 + 0.2 and 0.3, is no change.
        """
        pairs = zip(_means(self.before), _means(self.after), strict=True)
        return tuple(
            0.0 if math.isclose(before, after, rel_tol=1e-9, abs_tol=1e-9) else after - before
            for before, after in pairs
        )

    @property
    def difference(self) -> float:
        """How many points, in percent, the second score is above the first."""
        return round(100 * fmean(self.differences), 2)

    @property
    def interval(self) -> Interval:
        """The confidence interval of the difference, in percent, by a paired bootstrap."""
        low, high = self._bootstrap[0]
        return round(100 * low, 2), round(100 * high, 2)

    @once
    def is_binary(self) -> bool:
        """Whether every example ran once and either succeeded or failed, in both results."""
        return all(
            result.repeats == 1 and all(row.value in (0.0, 1.0) for row in result.rows)
            for result in (self.before, self.after)
        )

    @property
    def discordant(self) -> tuple[int, int]:
        """How many examples scored higher in the first result only, and in the second only."""
        return sum(one < 0 for one in self.differences), sum(one > 0 for one in self.differences)

    @once
    def p_value(self) -> float:
        """How probable a difference of this size is by chance alone: McNemar's exact test where examples
        succeed or fail, the paired bootstrap elsewhere; of few examples that all changed the same way a
        bootstrap is too sure, so it is never below what a sign test could show.
        """
        if self.is_binary:
            return mcnemar(*self.discordant)
        return max(self._bootstrap[1], min(1.0, 2.0 ** (1 - min(sum(self.discordant), 64))))

    @property
    def test(self) -> str:
        """The name of the test that `p_value` comes from."""
        return "McNemar's exact test" if self.is_binary else "paired bootstrap"

    @property
    def verdict(self) -> Verdict:
        """Whether the second is better or worse than the first; `indistinguishable` where the difference may
        well be chance.
        """
        if self.p_value >= 1 - self.level:
            return "indistinguishable"
        # The difference itself is rounded.
        return "better" if fmean(self.differences) > 0 else "worse"

    @property
    def worse(self) -> list[Change]:
        """The examples that score lower in the second result, those that lost most first."""
        return sorted(
            (one for one in self._changes if one.difference < 0), key=lambda one: (one.difference, one.index)
        )

    @property
    def better(self) -> list[Change]:
        """The examples that score higher in the second result, those that won most first."""
        return sorted(
            (one for one in self._changes if one.difference > 0), key=lambda one: (-one.difference, one.index)
        )

    def describe(self) -> str:
        """The comparison in a sentence: "80.0 % → 84.0 %, +4.0 points (95 % interval -1.2 to 9.3, …)"."""
        low, high = self.interval
        figures = (
            f"{self.before.score:.1f} % → {self.after.score:.1f} %, {self.difference:+.1f} points "
            f"({100 * self.level:g} % interval {low:+.1f} to {high:+.1f}, p = {self.p_value:.3f} by "
            f"{self.test})"
        )
        if self.verdict == "indistinguishable":
            return f"indistinguishable: {figures}; chance alone can explain a difference of this size"
        return f"{self.verdict}: {figures}"

    @once
    def _bootstrap(self) -> tuple[Interval, float]:
        return paired_bootstrap(self.differences, self.level)

    @once
    def _changes(self) -> list[Change]:
        firsts = (_firsts(self.before), _firsts(self.after))
        return [
            Change(index, before, after, difference)
            for index, (before, after, difference) in enumerate(zip(*firsts, self.differences, strict=True))
            if difference
        ]


def compare(before: Measured, after: Measured, level: float = 0.95) -> Comparison:
    """Compare two results on the same examples.

    Args:
        before: the first.
        after: the second, which is said to be better or worse.
        level: the confidence level.

    Raises:
        EvaluationError: the results have different examples, or none.
    """
    first, second = _firsts(before), _firsts(after)
    if not first or len(first) != len(second):
        raise EvaluationError(
            f"the results cannot be compared: one has {len(first)} examples, the other {len(second)}; "
            "both must be of the same devset"
        )
    for number, (one, other) in enumerate(zip(first, second, strict=True), 1):
        if (name := _differing(one.example, other.example)) is not None:
            raise EvaluationError(
                f"the results cannot be compared: row {number} is a different example in each "
                f"(`{name}` differs); both must be of the same devset, in the same order"
            )
    return Comparison(before, after, level)


def _differing(one: Example, other: Example) -> str | None:
    """A field in which two examples differ, among those that both have."""
    if one is other:
        return None
    names = [name for name in one.keys() if name in other]  # noqa: SIM118 an example's own are not all names
    for name in names:
        if not is_same(to_json_types(one[name]), to_json_types(other[name])):
            return name
    return None if names else next(iter(one.keys()), "")


def is_same(one: Any, other: Any) -> bool:
    """Whether two values of JSON's types are the same once they are written; NaN is the same as NaN."""
    if one == other:
        return True
    texts = [json.dumps(json.loads(json.dumps(value)), sort_keys=True) for value in (one, other)]
    return texts[0] == texts[1]


def _firsts(result: Measured) -> list[EvaluatedRow]:
    return [row for row in result.rows if row.repeat == 0]


def _means(result: Measured) -> Sequence[float]:
    if result.repeats == 1:
        return [row.value for row in result.rows]
    return [fmean(row.value for row in rows) for rows in result.by_example()]


__all__ = ["Change", "Comparison", "Verdict", "compare"]
