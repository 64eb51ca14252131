"""The formulas that say how sure a score is, and whether two differ. Shares and scores are from 0 to 1."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from statistics import NormalDist, fmean, stdev

Interval = tuple[float, float]
"""The ends of an interval, the lower one first."""

_MOST_DRAWS = 2_000_000
"""How many values a bootstrap draws in all, so that large data sets do not take minutes."""


def wilson_interval(successes: float, count: int, level: float = 0.95) -> Interval:
    """The score interval of a share, which also holds for few cases and for shares of 0 and 1.

    Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.

    Args:
        successes: how many of the cases succeeded.
        count: how many there were, at least 1.
        level: how often such an interval holds the true share.
    """
    z = _quantile(level)
    share = successes / count
    middle = share + z * z / (2 * count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def mean_interval(values: Sequence[float], level: float = 0.95) -> Interval | None:
    """Student's interval of a mean; None for fewer than two values."""
    if len(values) < 2:
        return None
    half = _student(level, len(values) - 1) * stdev(values) / math.sqrt(len(values))
    middle = fmean(values)
    return middle - half, middle + half


def _student(level: float, freedom: int) -> float:
    """The quantile of Student's distribution: exact for one and two degrees of freedom, from three on that of
    the normal one with the corrections of Abramowitz and Stegun, "Handbook of Mathematical Functions",
    26.7.5, which is right to half a percent.
    """
    share = (1 + level) / 2
    if freedom == 1:
        return math.tan(math.pi * (share - 0.5))
    if freedom == 2:
        return (2 * share - 1) / math.sqrt(2 * share * (1 - share))
    z = _quantile(level)
    corrections: tuple[float, ...] = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + math.fsum(one / freedom**power for power, one in enumerate(corrections, 1))


def pass_at_k(successes: int, count: int, k: int) -> float:
    """How probable it is that at least one of `k` attempts succeeds, estimated from `count` attempts.

    Source: Chen et al., "Evaluating Large Language Models Trained on Code", 2021, equation 1.

    Args:
        successes: how many of the attempts succeeded.
        count: how many there were.
        k: how many one has, at most `count`.
    """
    failures = count - successes
    return 1.0 if failures < k else 1.0 - math.comb(failures, k) / math.comb(count, k)


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p value that two paired series of successes differ by chance alone.

    Source: McNemar, "Note on the sampling error of the difference between correlated proportions", 1947, with
    the binomial distribution instead of its approximation.

    Args:
        only_first: the cases in which only the first one succeeded.
        only_second: those in which only the second one did.
    """
    count = only_first + only_second
    if count == 0:
        return 1.0
    fewer = min(only_first, only_second)
    # In logarithms, because the powers of two of many cases do not fit a float.
    half = math.log(0.5) * count
    terms = (
        math.exp(math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1) + half)
        for k in range(fewer + 1)
    )
    return min(1.0, 2 * math.fsum(terms))


def paired_bootstrap(
    differences: Sequence[float], level: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> tuple[Interval, float]:
    """The interval of a mean difference, and the two-sided p value that it is 0, by drawing pairs anew.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 13 (percentiles) and 16
    (the shifted differences); as Koehn, "Statistical Significance Tests for Machine Translation Evaluation",
    2004, applies it to pairs.

    Args:
        differences: of each pair, the second value less the first; at least one.
        level: how often such an interval holds the true difference.
        resamples: how often all pairs are drawn; fewer for very many pairs.
        seed: the same seed gives the same figures.
    """
    count, draw = len(differences), random.Random(seed)
    mean = fmean(differences)
    times = max(1_000, min(resamples, _MOST_DRAWS // count))
    means = sorted(math.fsum(draw.choices(differences, k=count)) / count for _ in range(times))
    low = means[int((1 - level) / 2 * (times - 1))]
    high = means[math.ceil((1 + level) / 2 * (times - 1))]
    # As far from the mean as the mean is from 0; rounding may not decide.
    extreme = sum(abs(one - mean) >= abs(mean) - 1e-12 for one in means)
    return (low, high), (extreme + 1) / (times + 1)


def _quantile(level: float) -> float:
    return NormalDist().inv_cdf((1 + level) / 2)
