"""The trials of a search as a report shows them; see `evaluate/report`."""

from __future__ import annotations

from collections.abc import Iterable

from ..evaluate.report import TrialRecord
from ..evaluate.rows import describe_error
from ..modules.base import Module
from .study import Trial


def trial_records(trials: Iterable[Trial]) -> tuple[TrialRecord, ...]:
    """The trials of a study with the instructions and the number of demos of each predictor."""
    return tuple(
        TrialRecord(
            trial.number,
            trial.score,
            ", ".join(f"{name} {value}" for name, value in trial.candidate.items()),
            instructions=_instructions(trial.program),
            demos=_demos(trial.program),
            error="" if trial.error is None else describe_error(trial.error),
        )
        for trial in trials
    )


def _instructions(program: Module | None) -> dict[str, str]:
    if program is None:
        return {}
    return {name: predictor.signature.instructions for name, predictor in program.named_predictors()}


def _demos(program: Module | None) -> dict[str, int]:
    if program is None:
        return {}
    return {name: len(predictor.demos or ()) for name, predictor in program.named_predictors()}
