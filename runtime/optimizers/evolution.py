"""A population of candidates in GEPA: who leads on which row, whom to improve next, and whom to merge.

From GEPA (Agrawal et al., 2025, "GEPA: Reflective Prompt Evolution Can Outperform Reinforcement Learning",
arXiv:2507.19457), algorithms 2 to 4.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..modules.base import Module
from ..prediction import Prediction

_ATTEMPTS = 10
"""How many pairs are drawn before no merge is possible."""
_SUBSAMPLE = 5
"""How many rows a merged candidate is measured on first."""


@dataclass(frozen=True)
class Member:
    """A candidate that was measured on all rows.

    Attributes:
        texts: the instructions, by the names of predictors.
        program: its program.
        score: its mean score.
        subscores: its score on each row.
        parents: the numbers of the candidates that it was made of; none for the first.
        spent: how many metric calls had been made before it was measured.
        predictions: what it predicted for each row, where that is kept.
    """

    texts: Mapping[str, str]
    program: Module
    score: float
    subscores: tuple[float, ...]
    parents: tuple[int, ...] = ()
    spent: int = 0
    predictions: tuple[Prediction, ...] = ()


@dataclass
class Population:
    """The candidates so far, by their numbers."""

    members: list[Member] = field(default_factory=list)
    _merged: set[tuple[Any, ...]] = field(default_factory=set)
    _leading: tuple[int, dict[int, int]] | None = None
    """How many candidates there were, and who of them led then: they are asked for more often than they
    change.
    """

    def front(self) -> list[list[int]]:
        """For each row, the numbers of the candidates with the best score on it."""
        found = []
        for scores in zip(*(member.subscores for member in self.members), strict=True):
            best = max(scores)
            found.append([number for number, score in enumerate(scores) if score == best])
        return found

    def leaders(self) -> dict[int, int]:
        """On how many rows each candidate leads, without those that others make superfluous."""
        if self._leading is None or self._leading[0] != len(self.members):
            self._leading = len(self.members), self._leaders()
        return dict(self._leading[1])

    def _leaders(self) -> dict[int, int]:
        front = self.front()
        kept = {number for row in front for number in row}
        # The worst are looked at first, so that of equal ones the better stay.
        for number in sorted(kept, key=lambda one: self.members[one].score):
            others = kept - {number}
            if others and all(number not in row or others.intersection(row) for row in front):
                kept = others
        return {number: sum(number in row for row in front) for number in sorted(kept)}

    def best(self) -> int:
        """The candidate with the highest mean score; of equal ones the first."""
        return max(range(len(self.members)), key=lambda number: self.members[number].score)

    def drawn(self, rng: random.Random) -> int:
        """A leader, the more probable, the more rows it leads on."""
        leaders = self.leaders()
        return rng.choices(list(leaders), weights=list(leaders.values()))[0]

    def ancestors(self, number: int) -> set[int]:
        """All that a candidate was made of."""
        found: set[int] = set()
        waiting = list(self.members[number].parents)
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting += self.members[each].parents
        return found

    def merge(self, rng: random.Random) -> Merge | None:
        """Two leaders with a common ancestor, put together; None where there are none left.

        Each predictor takes the instruction of the side that has changed it since the ancestor; where both
        have, of the side with the better score.
        """
        leaders = list(self.leaders())
        if len(leaders) < 2 or len(self.members) < 3:
            return None
        for _ in range(_ATTEMPTS):
            one, other = sorted(rng.sample(leaders, 2))
            possible = self._common(one, other)
            if not possible:
                continue
            weights = [max(self.members[number].score, 0.0) for number in possible]
            ancestor = rng.choices(possible, weights=weights if any(weights) else None)[0]
            texts, sides = self._put_together(one, other, ancestor, rng)
            if (one, other, sides) in self._merged or self.has(texts):
                continue
            self._merged |= {(one, other, ancestor), (one, other, sides)}
            return Merge(texts, (one, other), self._rows_for(one, other, rng))
        return None

    def has(self, texts: Mapping[str, str]) -> bool:
        """Whether there is a candidate with exactly these instructions."""
        return any(member.texts == texts for member in self.members)

    def _common(self, one: int, other: int) -> list[int]:
        """The common ancestors of two candidates that neither is worse than, and of which a part is left."""
        above, beside = self.ancestors(one), self.ancestors(other)
        if other in above or one in beside:
            return []
        worse = min(self.members[one].score, self.members[other].score)
        return [
            number
            for number in sorted(above & beside)
            if self.members[number].score <= worse
            and (one, other, number) not in self._merged
            and self._complement(one, other, number)
        ]

    def _complement(self, one: int, other: int, ancestor: int) -> bool:
        """Whether one of two candidates has changed an instruction that the other has left alone."""
        here, there, before = (self.members[each].texts for each in (one, other, ancestor))
        return any(here[name] != there[name] and before[name] in (here[name], there[name]) for name in before)

    def _put_together(
        self, one: int, other: int, ancestor: int, rng: random.Random
    ) -> tuple[dict[str, str], tuple[int, ...]]:
        here, there, before = (self.members[each].texts for each in (one, other, ancestor))
        texts: dict[str, str] = {}
        sides: list[int] = []
        for name, text in before.items():
            if here[name] == there[name] or here[name] != text == there[name]:
                side = one
            elif here[name] == text:
                side = other
            else:
                scores = [self.members[each].score for each in (one, other)]
                side = (
                    rng.choice([one, other])
                    if scores[0] == scores[1]
                    else (one, other)[scores[1] > scores[0]]
                )
            texts[name] = self.members[side].texts[name]
            sides.append(side)
        return texts, tuple(sides)

    def _rows_for(self, one: int, other: int, rng: random.Random) -> list[int]:
        """Some rows on which the one is better, some on which the other is, some on which they are equal."""
        pairs = list(zip(self.members[one].subscores, self.members[other].subscores, strict=True))
        groups = [
            [row for row, (here, there) in enumerate(pairs) if here > there],
            [row for row, (here, there) in enumerate(pairs) if here < there],
            [row for row, (here, there) in enumerate(pairs) if here == there],
        ]
        chosen: list[int] = []
        for group in groups:
            count = min(len(group), 2, _SUBSAMPLE - len(chosen))
            chosen += rng.sample(group, count)
        left = [row for row in range(len(pairs)) if row not in chosen]
        return chosen + rng.sample(left, min(len(left), _SUBSAMPLE - len(chosen)))


@dataclass(frozen=True)
class Merge:
    """Two candidates put together.

    Attributes:
        texts: the instructions.
        parents: the numbers of the two.
        rows: the rows to measure it on first.
    """

    texts: dict[str, str]
    parents: tuple[int, int]
    rows: Sequence[int]


class Batches:
    """Minibatches of examples: each example once, in a new order for each round through them.

    Args:
        count: how many examples there are.
        size: how many a minibatch has.
        rng: what draws the order.
    """

    def __init__(self, count: int, size: int, rng: random.Random) -> None:
        self._count = count
        self._size = min(size, count)
        self._rng = rng
        self._waiting: list[int] = []

    def next(self) -> list[int]:
        """The numbers of the next examples; the last of a round is filled up with others."""
        if len(self._waiting) < self._size:
            order = self._rng.sample(range(self._count), self._count)
            missing = (-len(order)) % self._size
            self._waiting += order + self._rng.sample(
                order[: self._count - self._count % self._size] or order, missing
            )
        taken, self._waiting = self._waiting[: self._size], self._waiting[self._size :]
        return taken
