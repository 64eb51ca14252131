"""What a list of numbers comes to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """The middle, the 99th of a hundred, and the worst."""

    p50: float
    p99: float
    worst: float
    number: int


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest rank: the least value that so large a share of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def spread(values: Sequence[float]) -> Spread:
    """Of at least one value."""
    return Spread(percentile(values, 0.5), percentile(values, 0.99), max(values), len(values))
