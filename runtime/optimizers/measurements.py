"""What the programs of a search score on each row: no row is measured twice with the same program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..evaluate import Evaluate, EvaluationResult
from ..evaluate.together import Sample, evaluate_together
from ..execution.progress import report
from ..prediction import Prediction
from ..work.identity import program_digest
from .trials import Trial


class Measurements:
    """The scores so far.

    Args:
        evaluate: measures a program.
        keep_predictions: keep what is predicted for each row, in the trials.
    """

    def __init__(self, evaluate: Evaluate, *, keep_predictions: bool) -> None:
        self._evaluate = evaluate
        self._keeps = keep_predictions
        self._rows = len(evaluate.devset)
        self._known: dict[str, dict[int, tuple[float, Prediction | None]]] = {}

    def steps(self, name: str, best: Sequence[float]) -> list[float]:
        """By how much a program, by its digest, does better than the best, on each row that it was measured
        on.
        """
        return [value - best[row] for row, (value, _) in self._known.get(name, {}).items()]

    def measure(self, trials: Sequence[Trial]) -> list[Trial]:
        """The trials with their scores, their rows measured at the same time."""
        samples: dict[str, Sample] = {}
        names = [None if trial.program is None else program_digest(trial.program) for trial in trials]
        for name, trial in zip(names, trials, strict=True):
            if name is None or trial.program is None:
                continue
            earlier = samples.get(name)
            rows = dict.fromkeys(earlier.rows if earlier is not None else ())
            wanted = range(self._rows) if trial.rows is None else trial.rows
            rows.update(dict.fromkeys(row for row in wanted if row not in self._known.get(name, {})))
            if rows:
                where = f"candidate {trial.number}" if earlier is None else earlier.stage
                samples[name] = Sample(trial.program, tuple(rows), where, name)
        results = evaluate_together(
            self._evaluate,
            list(samples.values()),
            lambda done, total, score, cost: report("evaluate", done, total, "", score, cost),
        )
        failures: dict[str, Exception] = {}
        for name, sample, result in zip(samples, samples.values(), results, strict=True):
            if isinstance(result, EvaluationResult):
                self._note(name, sample, result)
            else:
                failures[name] = result
        return [
            trial if name is None else self._scored(trial, name, failures.get(name))
            for name, trial in zip(names, trials, strict=True)
        ]

    def _note(self, name: str, sample: Sample, result: EvaluationResult) -> None:
        known = self._known.setdefault(name, {})
        for number, row in zip(sample.rows, result.rows, strict=True):
            known[number] = (row.value, row.prediction if self._keeps else None)

    def _scored(self, trial: Trial, name: str, failure: Exception | None) -> Trial:
        if failure is not None:
            return replace(trial, error=failure)
        known = self._known.get(name, {})
        found = [known[row] for row in (range(self._rows) if trial.rows is None else trial.rows)]
        values = tuple(value for value, _ in found)
        return replace(
            trial,
            score=round(100 * sum(values) / max(len(values), 1), 2),
            subscores=values,
            predictions=tuple(each for _, each in found if each is not None),
        )
