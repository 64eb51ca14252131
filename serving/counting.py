"""What a service counts, in the form that Prometheus reads."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable with the folder in which several processes count together."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class Counts:
    """The counters of one service; several processes that share a folder are read as one."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        self.runs = Counter(
            "dspyc_runs", "Runs of programs that have ended.", ["program", "status"], registry=registry
        )
        self.seconds = Histogram(
            "dspyc_run_seconds", "How long runs took.", ["program"], buckets=_SECONDS, registry=registry
        )
        self.running = Gauge(
            "dspyc_running", "Runs under way.", registry=registry, multiprocess_mode="livesum"
        )
        self.waiting = Gauge(
            "dspyc_waiting", "Runs that wait for their turn.", registry=registry, multiprocess_mode="livesum"
        )
        self.tokens = Counter(
            "dspyc_tokens", "Tokens, as models count them.", ["program", "model", "kind"], registry=registry
        )
        self.dollars = Counter(
            "dspyc_cost_dollars", "What model calls have cost, in US dollars.", ["program"], registry=registry
        )

    @contextmanager
    def run(self, program: str) -> Iterator[Outcome]:
        """Count a run, with how long it takes and what its model calls use."""
        from ..runtime.lm.usage import track_usage

        outcome = Outcome()
        start = time.perf_counter()
        try:
            with track_usage() as tracker:
                yield outcome
        finally:
            self.seconds.labels(program).observe(time.perf_counter() - start)
            self.runs.labels(program, str(outcome.status)).inc()
            self._count_usage(program, tracker.get_total_tokens())

    def _count_usage(self, program: str, totals: Any) -> None:
        for model, counts in totals.items():
            for kind in ("prompt_tokens", "completion_tokens"):
                if number := _number(counts, kind):
                    self.tokens.labels(program, model, kind.removesuffix("_tokens")).inc(number)
        if totals.cost:
            self.dollars.labels(program).inc(totals.cost)

    def text(self) -> bytes:
        """All counters as text."""
        if os.environ.get(SHARED):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            return generate_latest(registry)
        return generate_latest(self._registry)


class Outcome:
    """How a run ended."""

    status = 499
    """The HTTP status; 499 where the caller went away before there was one."""


def _number(counts: Mapping[str, Any], kind: str) -> float:
    value = counts.get(kind)
    return float(value) if isinstance(value, (int, float)) else 0.0
