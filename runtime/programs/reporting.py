"""What an optimization brought, as a report: scores before and after, trials, what was learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..evaluate import compare
from ..evaluate.report import Learned, Report, TrialRecord
from ..state.format import ProgramState, read
from .making import OptimizeResult


def optimization_report(result: OptimizeResult, trials: Sequence[TrialRecord] = ()) -> Report:
    """The report of what `Program.optimize` returned.

    Args:
        result: what it returned.
        trials: the trials of the search, where the optimizer has some; see `optimizers/reporting.py`.

    Raises:
        StateError: the state cannot be read.
    """
    before, after = result.before, result.after
    learned = state_report(read(result.state))
    return replace(
        learned,
        results=() if after is None else (after,) if before is None else (after, before),
        trials=tuple(trials) or learned.trials,
        baseline=result.score_before,
        comparison=None if before is None or after is None else compare(before, after),
    )


def state_report(state: ProgramState) -> Report:
    """The report of what a state holds: what was learned, and the candidates that are kept."""
    score = state.facts.get("score")
    before = score.get("before") if isinstance(score, Mapping) else None
    return Report(
        f"{state.program}: optimized",
        trials=_candidates(state),
        baseline=before if isinstance(before, (int, float)) else None,
        learned=tuple(
            Learned(
                name,
                one.signature.get("instructions") or one.instructions,
                one.instructions,
                tuple(one.demos),
                "" if one.lm is None else one.lm["model"],
            )
            for name, one in state.predictors.items()
        ),
        facts=_facts(state),
    )


def _candidates(state: ProgramState) -> tuple[TrialRecord, ...]:
    """The programs that the state keeps, in the order of their seeds where they have some."""
    kept = sorted(state.candidates, key=lambda one: one.seed if one.seed is not None else 0)
    return tuple(
        TrialRecord(
            number,
            one.score,
            "" if one.seed is None else f"seed {one.seed}",
            instructions={name: learned.instructions for name, learned in one.predictors.items()},
            demos={name: len(learned.demos) for name, learned in one.predictors.items()},
        )
        for number, one in enumerate(kept, 1)
    )


def _facts(state: ProgramState) -> dict[str, str]:
    optimizer = state.facts.get("optimizer") or {}
    parameters = ", ".join(f"{name}={value!r}" for name, value in optimizer.get("parameters", {}).items())
    facts = {"optimizer": f"{optimizer['name']}({parameters})"} if "name" in optimizer else {}
    arguments = state.facts.get("arguments") or {}
    facts |= {name: str(value) for name, value in arguments.items()}
    return facts | ({"created": str(state.facts["created"])} if "created" in state.facts else {})
