"""`Study`: a search for the best candidate, the same whatever the number of threads.

    study = Study(build, Evaluate(devset=val, metric=metric), total=len(seeds))
    study.run({"seed": seed} for seed in seeds)
    study.best.program

A candidate is data: what `build` makes a program of. Candidates are asked for one after the other, because
the next may depend on the last; the examples of each are run at the same time. What is built and measured
goes through `work`, so a study is journalled and bounded by whatever journal and budget hold around it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from ..errors import EvaluationError, OptimizerError
from ..evaluate import Evaluate
from ..evaluate.rows import describe_errors
from ..execution.progress import report, within
from ..lm.reproducible import reproducible
from ..modules.base import Module
from ..work.identity import program_digest
from ..work.run import exhausted, next_step, stage

logger = logging.getLogger("dspyc")

Candidate: TypeAlias = Mapping[str, Any]
"""What a program is made of, in JSON's types: `{"seed": 3}`."""


@dataclass(frozen=True)
class Trial:
    """A candidate that was tried.

    Attributes:
        number: which one, from 1 on.
        candidate: what its program was made of.
        program: the program; None where it could not be made.
        score: in percent; None where the program could not be made or measured.
        subscores: the score of each example.
        error: why there is no score.
    """

    number: int
    candidate: Candidate
    program: Module | None = None
    score: float | None = None
    subscores: tuple[float, ...] = ()
    error: Exception | None = None


class Proposer(Protocol):
    """Proposes candidates and learns from what came of them."""

    def ask(self) -> Candidate | None:
        """The next candidate; None when there is none."""
        ...

    def tell(self, trial: Trial) -> None:
        """Take in what came of the candidate that was asked for."""
        ...


class Study:
    """A search.

    Args:
        build: makes the program of a candidate; may raise OptimizerError.
        evaluate: measures a program.
        goal: the score, in percent, that is good enough to stop.
        total: how many candidates there will be, where that is known.
    """

    def __init__(
        self,
        build: Callable[[Candidate], Module],
        evaluate: Evaluate,
        *,
        goal: float | None = None,
        total: int | None = None,
    ) -> None:
        self.trials: list[Trial] = []
        self._build = build
        self._evaluate = evaluate
        self._goal = goal
        self._total = total
        self._measured: dict[str, Trial] = {}

    @property
    def best(self) -> Trial:
        """The trial with the highest score; of equal ones the first.

        Raises:
            OptimizerError: no candidate was measured.
        """
        measured = self.measured
        if not measured:
            raise OptimizerError("no candidate was measured")
        return max(measured, key=_score_of)

    @property
    def measured(self) -> list[Trial]:
        """The trials that have a score, in their order."""
        return [trial for trial in self.trials if trial.score is not None]

    def run(self, candidates: Proposer | Iterable[Candidate]) -> Trial:
        """Try candidates until there are no more, the goal is reached or the budget is used up.

        A candidate that cannot be made or measured is left out, and reported at the end.

        Returns:
            the best trial.

        Raises:
            OptimizerError: no candidate could be made and measured.
        """
        for candidate in _proposed(candidates, self.trials):
            if exhausted() is not None:
                break
            trial = self._try(candidate)
            if trial.error is not None and exhausted() is not None:
                # Not the candidate's failure: there was no room to measure it.
                break
            self.trials.append(trial)
            if trial.score is None:
                continue
            best = self.best.score
            # With the last one, the score would be read as that of the search.
            score = None if trial.number == self._total else trial.score
            report("candidates", trial.number, self._total, f"best {best} %", score)
            if self._goal is not None and trial.score >= self._goal:
                break
        self._report()
        return self.best

    def _try(self, candidate: Candidate) -> Trial:
        number = len(self.trials) + 1
        label = f"candidate {number} of {self._total}" if self._total else f"candidate {number}"
        with within(label), stage(f"candidate {number}"), reproducible():
            program = None
            try:
                program = self._build(candidate)
                return self._measure(number, candidate, program)
            except (OptimizerError, EvaluationError) as error:
                return Trial(number, candidate, program, error=error)

    def _measure(self, number: int, candidate: Candidate, program: Module) -> Trial:
        """Measure a program, or take the score of an earlier candidate that is the same program."""
        name = program_digest(program)
        if (same := self._measured.get(name)) is not None:
            return Trial(number, candidate, program, same.score, same.subscores)
        result = self._evaluate(program)
        values = tuple(row.value for row in result.rows)
        trial = Trial(number, candidate, program, result.score, values)
        self._measured[name] = trial
        return trial

    def _report(self) -> None:
        errors = [trial.error for trial in self.trials if trial.error is not None]
        limit = exhausted()
        if limit is not None and self.measured:
            logger.warning(
                "the search stopped after %d candidates: its budget of %s is used up",
                len(self.measured),
                limit,
            )
        if not self.measured:
            if errors:
                raise OptimizerError(
                    f"no candidate could be made and measured; all {len(errors)} failed, "
                    f"{describe_errors(errors)}"
                ) from errors[0]
            reason = "there are none to try"
            if limit is not None:
                reason = f"the budget of {limit} is used up{next_step()}"
            raise OptimizerError(f"no candidate was measured: {reason}")
        if errors:
            logger.warning(
                "%d of %d candidates failed and are left out, %s",
                len(errors),
                len(self.trials),
                describe_errors(errors),
            )


def _score_of(trial: Trial) -> float:
    assert trial.score is not None
    return trial.score


def _proposed(candidates: Proposer | Iterable[Candidate], trials: list[Trial]) -> Iterator[Candidate]:
    if isinstance(candidates, Iterable):
        yield from candidates
        return
    while (candidate := candidates.ask()) is not None:
        before = len(trials)
        yield candidate
        if len(trials) > before:
            candidates.tell(trials[-1])
