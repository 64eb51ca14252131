"""What an optimization brought, as a report: scores before and after, trials, what was learned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from ..evaluate import EvaluationResult, compare
from ..evaluate.report import Learned, Report, TrialRecord
from ..example import Example
from ..state.format import ProgramState, read
from .making import OptimizeResult
from .optimizer_text import optimizer_text


def optimization_report(
    result: OptimizeResult,
    trials: Sequence[TrialRecord] = (),
    measured_on: Iterable[Example] | None = None,
) -> Report:
    """The report of what `Program.optimize` returned.

    Args:
        result: what it returned.
        trials: the trials of the search, where the optimizer has some; see `optimizers/reporting.py`.
        measured_on: the rows that trials were measured on. The score before stands beside theirs only where
            it is one on the same rows.

    Raises:
        StateError: the state cannot be read.
    """
    state = read(result.state)
    before, after = _named(result.before, state, "before"), _named(result.after, state, "after")
    learned = state_report(state)
    return replace(
        learned,
        results=() if after is None else (after,) if before is None else (after, before),
        trials=tuple(trials) or learned.trials,
        baseline=before.score if before is not None and _is_on(before, measured_on) else None,
        comparison=None if before is None or after is None else compare(before, after),
    )


def _named(result: EvaluationResult | None, state: ProgramState, when: str) -> EvaluationResult | None:
    """A result that says when it was measured: the program's class is the same before and after."""
    return None if result is None else replace(result, program=f"{state.program}, {when}")


def _is_on(result: EvaluationResult, rows: Iterable[Example] | None) -> bool:
    """Whether a result is one of just these rows, in any order."""
    if rows is None:
        return False
    own = [runs[0].example for runs in result.by_example()]
    others = list(islice(rows, len(own) + 1))
    return len(own) == len(others) and set(own) <= set(others)


def state_report(state: ProgramState) -> Report:
    """The report of what a state holds: what was learned, and the candidates that are kept."""
    return Report(
        f"{state.program}: optimized",
        trials=_candidates(state),
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
    facts = {"optimizer": optimizer_text(optimizer)} if "name" in optimizer else {}
    arguments = state.facts.get("arguments") or {}
    facts |= {name: str(value) for name, value in arguments.items()}
    score = state.facts.get("score")
    found = {when: score.get(when) for when in ("before", "after")} if isinstance(score, Mapping) else {}
    if measured := [f"{one:.1f} % {when}" for when, one in found.items() if isinstance(one, (int, float))]:
        facts["score"] = ", ".join(measured)
    if "created" in state.facts:
        facts["created"] = str(state.facts["created"]).replace("T", " ").replace("+00:00", " UTC")
    return facts
