"""`BootstrapFewShotWithRandomSearch`: the best of several bootstrapped sets of demos."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Annotated, Any

from ..evaluate import Evaluate
from ..example import Example
from ..execution.settings import lookup
from ..interface import Examples, Metric
from ..limits import Ge
from ..modules.base import Module
from ..parameters import parameters
from ..work.run import is_bounded
from .base import Candidates, Optimizer, as_examples, fresh_copy, has_learned
from .bootstrap_few_shot import BootstrapFewShot, bootstrapped
from .labeled_few_shot import LabeledFewShot
from .labels import Labels, verify_teacher
from .plan import Planned, Span
from .study import Study
from .trials import Trial

_AT_ONCE = 4
"""How many candidates are made and measured at the same time, at least."""
_THREADS_EACH = 4
"""How many threads each candidate gets at least, where more are made at the same time."""

_AS_IT_IS, _ZERO_SHOT, _LABELED, _UNSHUFFLED = -4, -3, -2, -1


@parameters
class BootstrapFewShotWithRandomSearch(Optimizer):
    """Tries several sets of demos and keeps the program that scores best.

    The candidates, by their seeds: -3 the program without demos, -2 with labelled demos only, -1 bootstrapped
    from the trainset in its order, and from 0 on bootstrapped from the trainset shuffled by the seed, with a
    number of demos drawn by it. A student that has learned something is a candidate too: -4, before
    the others, which add to its demos (-3 drops them). So the winner never scores below the student. All are
    evaluated on the valset; of equal scores, the first wins. The winner lists all of them, best first, in
    `candidate_programs`.

    From DSPy (Khattab et al., 2023, arXiv:2310.03714).
    """

    metric: Metric
    """How good a prediction is: accepts runs as demos, and scores candidates."""
    teacher_settings: dict[str, Any] | None = None
    """Settings for the teacher's runs: those of `configure`, such as a stronger `lm`, and those of requests,
    such as `temperature`.
    """
    max_bootstrapped_demos: Annotated[int, Ge(0)] = 4
    """The most demos from runs that each predictor gets, besides those that it has."""
    max_labeled_demos: Annotated[int, Ge(0)] = 16
    """The number of demos up to which labelled examples are added to each predictor."""
    max_rounds: Annotated[int, Ge(1)] = 1
    """How often to try an example while bootstrapping; from the second time at temperature 1, unless
    `teacher_settings` or the predictor sets one.
    """
    num_candidate_programs: Annotated[int, Ge(0)] = 16
    """How many candidates to bootstrap from a shuffled trainset, besides the first three."""
    num_threads: Annotated[int, Ge(1)] | None = None
    """How many examples to evaluate at a time; `settings.num_threads` unless given."""
    max_errors: Annotated[int, Ge(1)] | None = None
    """The number of errors after which the search gives up; `settings.max_errors` unless given."""
    stop_at_score: float | None = None
    """A score, in percent, that is good enough to stop."""
    metric_threshold: float | None = None
    """The lowest score for a run to become a demo; without one, any score that is true or not 0."""

    def compile(
        self,
        student: Module,
        *,
        teacher: Module | Labels | None = None,
        trainset: Examples,
        valset: Examples | None = None,
        restrict: Sequence[int] | None = None,
        labeled_sample: bool = True,
    ) -> Module:
        """Return the best candidate.

        Args:
            student: the program; it is not changed.
            teacher: the program whose runs become demos; a copy of the student when None, and the rows' own
                labels when "labels".
            trainset: the examples to make demos from.
            valset: the examples to score candidates on; the trainset when None.
            restrict: the seeds of the candidates to try; all when None.
            labeled_sample: draw the demos of the labelled candidate at random, instead of taking the first.

        Raises:
            OptimizerError: no candidate could be made or evaluated.
        """
        train = as_examples("trainset", trainset)
        val = train if valset is None else as_examples("valset", valset)
        seeds = self._seeds(student, restrict)
        evaluate = Evaluate(
            devset=val, metric=self.metric, num_threads=self.num_threads, max_errors=self.max_errors
        )
        study = Study(
            lambda candidate: self._build(candidate["seed"], student, teacher, train, labeled_sample),
            evaluate,
            goal=self.stop_at_score,
            total=len(seeds),
        )
        winner: Any = study.run(({"seed": seed} for seed in seeds), at_once=self._at_once(student)).program
        winner.candidate_programs = Candidates([_entry(trial) for trial in study.measured])
        return winner  # type: ignore[no-any-return]

    def verify(
        self,
        student: Module,
        *,
        teacher: Module | Labels | None = None,
        trainset: Examples,
        valset: Examples | None = None,
        restrict: Sequence[int] | None = None,
        labeled_sample: bool = True,
    ) -> None:
        """Raise what `compile` would reject.

        Args:
            student: the program.
            teacher: as in `compile`.
            trainset: as in `compile`.
            valset: as in `compile`.
            restrict: as in `compile`.
            labeled_sample: as in `compile`.

        Raises:
            OptimizerError: what `compile` would raise before its first call.
        """
        train = as_examples("trainset", trainset)
        if valset is not None:
            as_examples("valset", valset)
        verify_teacher(student, teacher, train)

    def plan(self, student: Module, **arguments: Any) -> Sequence[Planned]:
        """What `compile` will ask of models; see `Optimizer.plan`."""
        seeds = self._seeds(student, arguments.get("restrict"))
        valset = arguments.get("valset")
        train, val = len(arguments["trainset"]), len(arguments["trainset"] if valset is None else valset)
        demos = self.max_bootstrapped_demos + self.max_labeled_demos
        sets = sum(seed >= _UNSHUFFLED for seed in seeds)
        return [
            bootstrapped(
                student,
                arguments.get("teacher"),
                train,
                self.max_bootstrapped_demos,
                self.max_labeled_demos,
                self.max_rounds,
                lm=(self.teacher_settings or {}).get("lm"),
                sets=sets,
            ),
            Planned("program", Span(val, val * len(seeds)), student, demos=demos),
        ]

    def _at_once(self, student: Module) -> int:
        """How many candidates are tried at the same time; they do not depend on each other."""
        if self.stop_at_score is not None:
            # Those after one that is good enough are not wanted.
            return 1
        threads = self.num_threads or int(lookup("num_threads", student._defaults))
        # Within a budget, no calls are spent on making candidates that could not be measured.
        most = _AT_ONCE if is_bounded() else max(_AT_ONCE, threads // _THREADS_EACH)
        return min(most, threads)

    def _seeds(self, student: Module, restrict: Sequence[int] | None) -> list[int]:
        seeds = [
            seed
            for seed in range(_ZERO_SHOT, self.num_candidate_programs)
            if restrict is None or seed in restrict
        ]
        # What was learned before competes as it is, so that a search never makes a program worse.
        return [_AS_IT_IS, *seeds] if has_learned(student) else seeds

    def _build(
        self,
        seed: int,
        student: Module,
        teacher: Module | Labels | None,
        train: list[Example],
        labeled_sample: bool,
    ) -> Module:
        if seed == _AS_IT_IS:
            return student.deepcopy()
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


def _entry(trial: Trial) -> dict[str, Any]:
    return {
        "score": trial.score,
        "subscores": list(trial.subscores),
        "seed": trial.candidate["seed"],
        "program": trial.program,
    }
