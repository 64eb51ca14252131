"""`Study`: a search for the best candidate, the same whatever the number of threads.

    study = Study(build, Evaluate(devset=val, metric=metric), total=len(seeds))
    study.run({"seed": seed} for seed in seeds)
    study.best.program

A candidate is data: what `build` makes a program of. A proposer says how many candidates may be asked for
before it hears of the first, because the next may depend on the last; those are built and measured at the
same time. A candidate may be measured on some rows only, and no row is measured twice with the same program.
What is built and measured goes through `work`, so a study is journalled and bounded by whatever journal and
budget hold around it.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from statistics import NormalDist, fmean, stdev

from ..errors import EvaluationError, OptimizerError
from ..evaluate import Evaluate
from ..evaluate.rows import describe_errors
from ..execution import pool
from ..execution.progress import report, within
from ..execution.settings import context, lookup
from ..lm.reproducible import reproducible
from ..modules.base import Module
from ..work.identity import program_digest
from ..work.run import exhausted, next_step, stage
from .best import publishing
from .hearing import tell_trial
from .measurements import Measurements
from .trials import Candidate, Listed, Partly, Proposer, Steps, Stepwise, Trial, ask_for, begun

logger = logging.getLogger("dspyc")

_FEWEST_ROWS = 8
"""From how many rows on two programs are compared that were not measured on all."""
_RISK = 0.05
"""How often a comparison of programs that are no better than the best finds one that seems so."""


class Study:
    """A search.

    Args:
        build: makes the program of a candidate; may raise OptimizerError. With several candidates at once it
            is called in several threads.
        evaluate: measures a program.
        goal: the score, in percent, that is good enough to stop.
        total: how many candidates there will be, where that is known.
        keep_predictions: keep what is predicted for each row, in the trials.
    """

    def __init__(
        self,
        build: Callable[[Candidate], Module],
        evaluate: Evaluate,
        *,
        goal: float | None = None,
        total: int | None = None,
        keep_predictions: bool = False,
    ) -> None:
        self.trials: list[Trial] = []
        self._build = build
        self._goal = goal
        self._total = total
        self._rows = len(evaluate.devset)
        self._measurements = Measurements(evaluate, keep_predictions=keep_predictions)
        self._is_cut_off = False

    @property
    def best(self) -> Trial:
        """The trial with the highest score on all rows; of equal ones the first.

        Raises:
            OptimizerError: no candidate was measured.
        """
        measured = self.measured
        if not measured:
            raise OptimizerError("no candidate was measured")
        return max(measured, key=_score_of)

    @property
    def measured(self) -> list[Trial]:
        """The trials that have a score on all rows, in their order."""
        return [trial for trial in self.trials if trial.score is not None and trial.rows is None]

    def promising(self) -> Trial | None:
        """What the budget left no room to measure on all rows, and that does better on those that it was
        measured on than the best does there; None where there is none.

        Better is what is so by more than chance: at least 8 rows, and a mean difference that one of as many
        programs as are compared would reach once in twenty times if none were better (Bonferroni).
        """
        if not self._is_cut_off or not self.measured:
            return None
        compared: dict[str, tuple[Trial, list[float]]] = {}
        for trial in self.trials:
            if trial.rows is not None and trial.score is not None and trial.program is not None:
                name = program_digest(trial.program)
                steps = self._measurements.steps(name, self.best.subscores)
                if _FEWEST_ROWS <= len(steps) < self._rows:
                    compared.setdefault(name, (trial, steps))
        if not compared:
            return None
        errors = NormalDist().inv_cdf(1 - _RISK / len(compared))
        found, lead = None, 0.0
        for trial, steps in compared.values():
            if fmean(steps) > max(lead, errors * stdev(steps) / math.sqrt(len(steps))):
                found, lead = trial, fmean(steps)
        if found is not None:
            logger.warning("the budget is used up; a program is kept that was measured on some rows only")
        return found

    def score_of(self, trial: Trial) -> float | None:
        """A trial's score in percent, comparable with that of the best: on rows that it was not measured on,
        it counts as the best does.
        """
        if trial.rows is None or trial.program is None or not self.measured:
            return trial.score
        lead = sum(self._measurements.steps(program_digest(trial.program), self.best.subscores))
        return round(100 * (sum(self.best.subscores) + lead) / max(self._rows, 1), 2)

    def run(
        self, candidates: Proposer | Iterable[Candidate | Partly], at_once: int | Callable[[], int] = 1
    ) -> Trial:
        """Try candidates until there are no more, the goal is reached or the budget is used up.

        A candidate that cannot be made or measured is left out, and reported at the end.

        Args:
            candidates: the candidates, or what proposes them.
            at_once: how many of them to try before the proposer hears of the first; asked for each time where
                it changes. It must not depend on the number of threads, or the result does, too.

        Returns:
            the best trial.

        Raises:
            OptimizerError: no candidate could be made and measured.
        """
        proposer = Listed(iter(candidates)) if isinstance(candidates, Iterable) else candidates
        with publishing() as publish:
            while exhausted() is None and not self._is_reached():
                count = at_once if isinstance(at_once, int) else at_once()
                asked = ask_for(proposer, count)
                if not asked:
                    break
                if not self._take(self._try(asked), proposer):
                    self._is_cut_off = True
                    break
                if self.measured:
                    publish(self.best.program, self.best.score)
            else:
                self._is_cut_off = not self._is_reached() and len(self.trials) != self._total
        self._report()
        return self.best

    def search(self, steps: Steps) -> Trial:
        """Try what a search written as a generator yields, group by group; see `Steps` and `run`."""
        proposer = Stepwise(steps)
        return self.run(proposer, at_once=proposer.room)

    def _is_reached(self) -> bool:
        return self._goal is not None and any(_score_of(trial) >= self._goal for trial in self.measured)

    def _take(self, trials: Sequence[Trial], proposer: Proposer) -> bool:
        """Keep trials and tell the proposer; whether there was room for all of them."""
        had_room = True
        for trial in trials:
            if trial.error is not None and exhausted() is not None:
                # Not the candidate's failure: there was no room to measure it.
                had_room = False
                continue
            self.trials.append(trial)
            tell_trial(trial)
            if trial.score is not None and self.measured:
                # With the last one, the score would be read as that of the search.
                score = None if trial.number == self._total else trial.score
                report("candidates", trial.number, self._total, f"best {self.best.score} %", score)
            proposer.tell(trial)
        return had_room

    def _try(self, asked: Sequence[Candidate | Partly]) -> list[Trial]:
        first = len(self.trials) + 1
        trials = [begun(first + index, each) for index, each in enumerate(asked)]
        with within(self._label(trials)), reproducible():
            return self._measurements.measure(self._built(trials))

    def _label(self, trials: Sequence[Trial]) -> str:
        first, last = trials[0].number, trials[-1].number
        which = f"candidate {first}" if first == last else f"candidates {first} to {last}"
        return f"{which} of {self._total}" if self._total else which

    def _built(self, trials: Sequence[Trial]) -> list[Trial]:
        """The trials with their programs, made at the same time."""
        threads = int(lookup("num_threads"))

        def build(trial: Trial) -> Trial:
            with stage(f"candidate {trial.number}"):
                try:
                    return replace(trial, program=self._build(trial.candidate))
                except (OptimizerError, EvaluationError) as error:
                    return replace(trial, error=error)

        if len(trials) == 1 or threads == 1:
            return [build(trial) for trial in trials]
        with context(num_threads=max(1, threads // len(trials))):
            made = pool.run_all(build, trials, num_threads=min(threads, len(trials)))
        return [outcome.get() for outcome in made if outcome is not None]

    def _report(self) -> None:
        errors = [trial.error for trial in self.trials if trial.error is not None]
        limit = exhausted()
        if limit is not None and self.measured:
            logger.warning(
                "the search stopped after %d candidates: its budget of %s is used up",
                len(self.trials) - len(errors),
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
