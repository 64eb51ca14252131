"""`BootstrapFewShotWithRandomSearch`: the best of several bootstrapped sets of demos."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from typing import Annotated, Any

from annotated_types import Ge

from ..errors import EvaluationError, OptimizerError
from ..evaluate import Evaluate, EvaluationResult
from ..example import Example
from ..execution.progress import report, within
from ..interface import Examples, Metric
from ..modules.base import Module
from ..parameters import parameters
from .base import Candidates, Optimizer, as_examples, fresh_copy
from .bootstrap_few_shot import BootstrapFewShot
from .labeled_few_shot import LabeledFewShot

logger = logging.getLogger("dspyc")

_ZERO_SHOT, _LABELED, _UNSHUFFLED = -3, -2, -1


@parameters
class BootstrapFewShotWithRandomSearch(Optimizer):
    """Tries several sets of demos and keeps the program that scores best.

    The candidates, by their seeds: -3 the program without demos, -2 with labelled demos only, -1 bootstrapped
    from the trainset in its order, and from 0 on bootstrapped from the trainset shuffled by the seed, with a
    number of demos drawn by it. All are evaluated on the valset; of equal scores the first wins. The winner
    has all of them, best first, as `candidate_programs`.

    From DSPy (Khattab et al., 2023, arXiv:2310.03714).
    """

    metric: Metric
    """How good a prediction is: accepts runs as demos, and scores candidates."""
    teacher_settings: dict[str, Any] | None = None
    """Settings for the teacher's runs, such as a stronger `lm`."""
    max_bootstrapped_demos: Annotated[int, Ge(0)] = 4
    """How many demos from runs each predictor gets, at most."""
    max_labeled_demos: Annotated[int, Ge(0)] = 16
    """How many demos each predictor gets at most, those from runs and labelled ones together."""
    max_rounds: Annotated[int, Ge(1)] = 1
    """How often to try an example while bootstrapping; from the second time on at temperature 1."""
    num_candidate_programs: Annotated[int, Ge(0)] = 16
    """How many candidates to bootstrap from a shuffled trainset, beside the first three."""
    num_threads: Annotated[int, Ge(1)] | None = None
    """How many examples to evaluate at a time; `settings.num_threads` unless given."""
    max_errors: Annotated[int, Ge(1)] | None = None
    """After how many errors to give up on bootstrapping or evaluating; `settings.max_errors` unless given."""
    stop_at_score: float | None = None
    """A score, in percent, that is good enough to stop."""
    metric_threshold: float | None = None
    """The score from which on a run becomes a demo; without one, any that is true or not 0."""

    def compile(
        self,
        student: Module,
        *,
        teacher: Module | None = None,
        trainset: Examples,
        valset: Examples | None = None,
        restrict: Sequence[int] | None = None,
        labeled_sample: bool = True,
    ) -> Module:
        """Return the best candidate.

        Args:
            student: the program; it stays as it is.
            teacher: the program whose runs become demos; a copy of the student when None.
            trainset: the examples to make demos of.
            valset: the examples to score candidates on; the trainset when None.
            restrict: the seeds of the candidates to try; all when None.
            labeled_sample: draw the demos of the labelled candidate, instead of taking the first.

        Raises:
            OptimizerError: no candidate could be made or evaluated; of each the reason is logged.
        """
        train = as_examples("trainset", trainset)
        val = train if valset is None else as_examples("valset", valset)
        seeds = [
            seed
            for seed in range(_ZERO_SHOT, self.num_candidate_programs)
            if restrict is None or seed in restrict
        ]
        evaluate = Evaluate(
            devset=val, metric=self.metric, num_threads=self.num_threads, max_errors=self.max_errors
        )
        tried: list[dict[str, Any]] = []
        failure: OptimizerError | EvaluationError | None = None
        for number, seed in enumerate(seeds, 1):
            with within(f"candidate {number} of {len(seeds)}"):
                try:
                    program = self._candidate(seed, student, teacher, train, labeled_sample)
                    result = evaluate(program)
                except (OptimizerError, EvaluationError) as error:
                    # One that cannot be made or measured is no reason to lose the others.
                    logger.warning("candidate %d is left out: %s", seed, error)
                    failure = error
                    continue
            tried.append(_entry(seed, program, result))
            best = max(tried, key=lambda candidate: candidate["score"])
            report("candidates", number, len(seeds), f"best {best['score']} %", result.score)
            if self.stop_at_score is not None and result.score >= self.stop_at_score:
                break
        if not tried:
            raise OptimizerError(f"no candidate could be made: {failure or 'no seed to try'}") from failure
        winner: Module = max(tried, key=lambda candidate: candidate["score"])["program"]
        winner.candidate_programs = Candidates(tried)  # type: ignore[attr-defined]
        return winner

    def _candidate(
        self, seed: int, student: Module, teacher: Module | None, train: list[Example], labeled_sample: bool
    ) -> Module:
        if seed == _ZERO_SHOT:
            return fresh_copy(student)
        if seed == _LABELED:
            labeled = LabeledFewShot(k=self.max_labeled_demos)
            return labeled.compile(student, trainset=train, sample=labeled_sample)
        examples, demos = list(train), self.max_bootstrapped_demos
        if seed >= 0:
            random.Random(seed).shuffle(examples)
            demos = random.Random(seed).randint(min(1, demos), demos)
        bootstrap = BootstrapFewShot(
            metric=self.metric,
            metric_threshold=self.metric_threshold,
            teacher_settings=self.teacher_settings,
            max_bootstrapped_demos=demos,
            max_labeled_demos=self.max_labeled_demos,
            max_rounds=self.max_rounds,
            max_errors=self.max_errors,
        )
        return bootstrap.compile(student, teacher=teacher, trainset=examples)


BootstrapRS = BootstrapFewShotWithRandomSearch
"""The short name of `BootstrapFewShotWithRandomSearch`."""


def _entry(seed: int, program: Module, result: EvaluationResult) -> dict[str, Any]:
    subscores = [row.score for row in result.rows]
    return {"score": result.score, "subscores": subscores, "seed": seed, "program": program}
