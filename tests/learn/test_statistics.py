"""Intervals, pass@k, McNemar and the paired bootstrap, against published tables and by counting."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from dspyc.runtime.evaluate.statistics import (
    mcnemar,
    mean_interval,
    paired_bootstrap,
    pass_at_k,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    # Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval(successes: int, count: int, low: float, high: float) -> None:
    assert wilson_interval(successes, count) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    # The 97.5 % quantiles of Student's distribution, from any table.
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (10, 2.228), (30, 2.042), (120, 1.980)],
)
def test_students_interval(freedom: int, quantile: float) -> None:
    values = [0.0, 1.0] * ((freedom + 1) // 2) + [0.5] * ((freedom + 1) % 2)
    low, high = mean_interval(values) or (0, 0)
    mean = sum(values) / len(values)
    error = math.sqrt(sum((one - mean) ** 2 for one in values) / freedom / len(values))
    assert (high - low) / 2 / error == pytest.approx(quantile, rel=0.005)
    assert (low + high) / 2 == pytest.approx(mean)


def test_one_value_has_no_interval() -> None:
    assert mean_interval([0.5]) is None


@pytest.mark.parametrize(("successes", "count"), [(0, 5), (1, 5), (3, 5), (5, 5), (2, 8)])
@pytest.mark.parametrize("k", [1, 2, 5])
def test_pass_at_k_is_the_share_of_draws_with_a_success(successes: int, count: int, k: int) -> None:
    runs = [number < successes for number in range(count)]
    draws = list(itertools.combinations(runs, k))
    assert pass_at_k(successes, count, k) == pytest.approx(sum(map(any, draws)) / len(draws))


@pytest.mark.parametrize(("one", "other"), [(0, 0), (0, 1), (3, 3), (1, 9), (2, 12), (40, 61)])
def test_mcnemars_p_value_is_that_of_the_binomial_distribution(one: int, other: int) -> None:
    count = one + other
    tail = sum(math.comb(count, k) for k in range(min(one, other) + 1)) / 2**count
    assert mcnemar(one, other) == pytest.approx(min(1.0, 2 * tail))
    assert mcnemar(other, one) == mcnemar(one, other)


def test_mcnemar_of_very_many_pairs() -> None:
    assert 0.0 <= mcnemar(40_000, 41_000) < 0.01


def test_the_bootstrap_agrees_with_the_normal_distribution() -> None:
    draw = random.Random(5)
    differences = [draw.gauss(0.1, 1.0) for _ in range(400)]
    (low, high), p_value = paired_bootstrap(differences)
    mean_low, mean_high = mean_interval(differences) or (0, 0)
    assert (low, high) == pytest.approx((mean_low, mean_high), abs=0.02)
    assert (p_value < 0.05) == (mean_low > 0 or mean_high < 0)
    assert paired_bootstrap(differences) == ((low, high), p_value)


def test_the_bootstrap_of_no_difference() -> None:
    assert paired_bootstrap([0.0] * 10) == ((0.0, 0.0), 1.0)


def test_of_a_true_null_hypothesis_few_bootstraps_are_significant() -> None:
    draw = random.Random(11)
    series = [[draw.choice([-1.0, 0.0, 0.0, 1.0]) for _ in range(60)] for _ in range(100)]
    significant = sum(paired_bootstrap(one, resamples=1_000)[1] < 0.05 for one in series)
    assert significant <= 15, "5 % of 100 are 5"
