"""The trials of a search as a report shows them; see `evaluate/report`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ..evaluate.report import TrialRecord
from ..evaluate.rows import describe_error
from ..modules.base import Module
from .trials import Trial


def trial_records(trials: Iterable[Trial]) -> tuple[TrialRecord, ...]:
    """The trials of one study or of several, with the instructions and the number of demos of each predictor;
    see `hearing`.
    """
    return tuple(trial_record(number, trial) for number, trial in enumerate(trials, 1))


def trial_record(number: int, trial: Trial) -> TrialRecord:
    """One trial under a number."""
    return TrialRecord(
        number,
        trial.score,
        ", ".join(_fact(name, value) for name, value in trial.candidate.items()),
        is_full=trial.rows is None,
        instructions=_instructions(trial.program),
        demos=_demos(trial.program),
        error="" if trial.error is None else describe_error(trial.error),
    )


def _fact(name: str, value: Any) -> str:
    """A part of a candidate in a few words; instructions are told with the predictors."""
    text = json.dumps(value, ensure_ascii=False, default=str) if not isinstance(value, str) else value
    return f"{name} {text}" if len(text) <= _LONGEST else name


_LONGEST = 40


def _instructions(program: Module | None) -> dict[str, str]:
    if program is None:
        return {}
    return {name: predictor.signature.instructions for name, predictor in program.named_predictors()}


def _demos(program: Module | None) -> dict[str, int]:
    if program is None:
        return {}
    return {name: len(predictor.demos or ()) for name, predictor in program.named_predictors()}
