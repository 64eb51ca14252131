"""`BootstrapFewShotWithOptuna`: the best single demo for each predictor, searched with Optuna."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from ..errors import OptimizerError
from ..evaluate import Evaluate
from ..example import Example
from ..interface import Examples, Metric
from ..limits import Ge
from ..modules.base import Module
from ..parameters import parameters
from ..work.run import stage
from .base import Candidates, Optimizer, as_examples, has_learned
from .bayesian import Sampler, require_optuna, verify_optuna
from .bootstrap_few_shot import BootstrapFewShot, bootstrapped
from .labels import Labels, verify_teacher
from .plan import Planned, Span
from .study import Study
from .trials import Candidate, Steps, Trial

_AT_ONCE = 4
"""How many choices to try before the sampler hears of the first."""


@parameters
class BootstrapFewShotWithOptuna(Optimizer):
    """Bootstraps demos, and looks for the one demo for each predictor with which the program scores best.

    A candidate gives each predictor one demo of those that `BootstrapFewShot` found, beside the demos that it
    had. Optuna's sampler proposes which; where there are no more combinations than candidates, all are tried.
    A student that has learned something is a candidate too. The winner lists all of them, best first, in
    `candidate_programs`. Needs the package `optuna` (`dspyc[optuna]`).

    From DSPy (Khattab et al., 2023, arXiv:2310.03714); the search is by tree-structured Parzen estimators
    (Bergstra et al., 2011, "Algorithms for Hyper-Parameter Optimization").
    """

    metric: Metric
    """How good a prediction is: accepts runs as demos, and scores candidates."""
    teacher_settings: dict[str, Any] | None = None
    """Settings for the teacher's runs: those of `configure`, such as a stronger `lm`, and those of requests,
    such as `temperature`.
    """
    max_bootstrapped_demos: Annotated[int, Ge(0)] = 4
    """How many demos from runs there are to choose from, where `compile` does not say `max_demos`."""
    max_labeled_demos: Annotated[int, Ge(0)] = 16
    """The number of demos up to which labelled examples are added to choose from."""
    max_rounds: Annotated[int, Ge(1)] = 1
    """How often to try an example while bootstrapping; from the second time at temperature 1, unless
    `teacher_settings` or the predictor sets one.
    """
    num_candidate_programs: Annotated[int, Ge(1)] = 16
    """How many combinations to try."""
    num_threads: Annotated[int, Ge(1)] | None = None
    """How many examples to evaluate at a time; `settings.num_threads` unless given."""
    seed: int = 0
    """The seed of the sampler."""

    def compile(
        self,
        student: Module,
        *,
        teacher: Module | Labels | None = None,
        max_demos: int | None = None,
        trainset: Examples,
        valset: Examples | None = None,
    ) -> Module:
        """Return the best candidate.

        Args:
            student: the program; it is not changed.
            teacher: the program whose runs become demos; a copy of the student when None, and the rows' own
                labels when "labels".
            max_demos: how many demos from runs to choose from; `max_bootstrapped_demos` when None.
            trainset: the examples to make demos from.
            valset: the examples to score candidates on; the trainset when None.

        Raises:
            OptimizerError: there is no demo to choose, no candidate could be evaluated, or Optuna is not
                installed.
        """
        require_optuna(type(self).__name__)
        train = as_examples("trainset", trainset)
        val = train if valset is None else as_examples("valset", valset)
        pool = self._pool(student, teacher, max_demos, train)
        study = Study(
            lambda candidate: _with_demos(student, pool, candidate["demos"]),
            Evaluate(devset=val, metric=self.metric, num_threads=self.num_threads),
        )
        winner: Any = study.search(self._steps(student, pool)).program
        winner._compiled = True
        winner.candidate_programs = Candidates([_entry(trial) for trial in study.measured])
        return winner  # type: ignore[no-any-return]

    def verify(
        self,
        student: Module,
        *,
        teacher: Module | Labels | None = None,
        max_demos: int | None = None,
        trainset: Examples,
        valset: Examples | None = None,
    ) -> None:
        """Raise what `compile` would reject.

        Args:
            student: the program.
            teacher: as in `compile`.
            max_demos: as in `compile`.
            trainset: as in `compile`.
            valset: as in `compile`.

        Raises:
            OptimizerError: what `compile` would raise before its first call.
        """
        verify_optuna(type(self).__name__)
        train = as_examples("trainset", trainset)
        if valset is not None:
            as_examples("valset", valset)
        verify_teacher(student, teacher, train)

    def plan(self, student: Module, **arguments: Any) -> Sequence[Planned]:
        """What `compile` will ask of models; see `Optimizer.plan`."""
        given = arguments.get
        train = len(arguments["trainset"])
        val = train if given("valset") is None else len(arguments["valset"])
        demos = given("max_demos")
        demos = self.max_bootstrapped_demos if demos is None else demos
        tried = self.num_candidate_programs + has_learned(student)
        return [
            bootstrapped(
                student, given("teacher"), train, demos, self.max_labeled_demos, self.max_rounds,
                lm=(self.teacher_settings or {}).get("lm"),
            ),
            Planned("program", Span(val, val * tried), student, demos=1),
        ]  # fmt: skip

    def _pool(
        self, student: Module, teacher: Module | Labels | None, count: int | None, train: list[Example]
    ) -> dict[str, list[Any]]:
        """The demos to choose from, by predictor; without predictors that have none.

        Raises:
            OptimizerError: there is none at all.
        """
        bootstrap = BootstrapFewShot(
            metric=self.metric,
            teacher_settings=self.teacher_settings,
            max_bootstrapped_demos=self.max_bootstrapped_demos if count is None else count,
            max_labeled_demos=self.max_labeled_demos,
            max_rounds=self.max_rounds,
        )
        with stage("demos"):
            taught = bootstrap.compile(student, teacher=teacher, trainset=train)
        had = {name: len(predictor.demos or ()) for name, predictor in student.named_predictors()}
        new = {name: predictor.demos[had[name] :] for name, predictor in taught.named_predictors()}
        pool = {name: demos for name, demos in new.items() if demos}
        if not pool:
            raise OptimizerError(
                "there are no demos to choose from: the metric accepted no run of the teacher, and no "
                "example has the inputs and outputs of a predictor"
            )
        return pool

    def _steps(self, student: Module, pool: dict[str, list[Any]]) -> Steps:
        if has_learned(student):
            yield [{"demos": {}}]
        sizes = {name: len(demos) for name, demos in pool.items()}
        if math.prod(sizes.values()) <= self.num_candidate_programs:
            yield list(_all(sizes))
            return
        sampler = Sampler(type(self).__name__, sizes, self.seed)
        for first in range(0, self.num_candidate_programs, _AT_ONCE):
            count = min(_AT_ONCE, self.num_candidate_programs - first)
            asked = [sampler.ask() for _ in range(count)]
            trials = yield [{"demos": dict(choice)} for _, choice in asked]
            for (number, _), trial in zip(asked, trials, strict=False):
                sampler.tell(number, trial.score)


def _all(sizes: dict[str, int]) -> Iterator[Candidate]:
    for choice in itertools.product(*(range(size) for size in sizes.values())):
        yield {"demos": dict(zip(sizes, choice, strict=True))}


def _with_demos(student: Module, pool: dict[str, list[Any]], choice: dict[str, int]) -> Module:
    program = student.deepcopy()
    for name, predictor in program.named_predictors():
        if name in choice:
            predictor.demos = [*(predictor.demos or ()), pool[name][choice[name]]]
    return program


def _entry(trial: Trial) -> dict[str, Any]:
    return {
        "score": trial.score,
        "subscores": list(trial.subscores),
        "demos": dict(trial.candidate["demos"]),
        "program": trial.program,
    }
