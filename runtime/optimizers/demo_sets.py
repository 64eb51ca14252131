"""Sets of demos to choose from: none, labelled ones, and those of bootstrapped runs on differently shuffled
data.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..errors import OptimizerError
from ..example import Example
from ..execution import pool
from ..execution.progress import within
from ..execution.settings import context, lookup
from ..interface import Metric
from ..modules.base import Module
from ..work.identity import program_digest
from ..work.run import stage
from .base import fresh_copy
from .bootstrap_few_shot import BootstrapFewShot
from .labeled_few_shot import LabeledFewShot
from .labels import Labels

logger = logging.getLogger("dspyc")


@dataclass(frozen=True)
class DemoPlan:
    """How sets of demos are made.

    Attributes:
        count: how many sets.
        metric: accepts runs.
        metric_threshold: the lowest accepted score.
        max_bootstrapped_demos: the most demos from runs in a set.
        max_labeled_demos: the number of demos up to which labelled ones are added.
        teacher_settings: settings for the teacher's runs.
        max_errors: how many failed runs end the making of a set.
        seed: draws the order of the data, and the number of demos, of each set.
    """

    count: int
    metric: Metric
    metric_threshold: float | None = None
    max_bootstrapped_demos: int = 4
    max_labeled_demos: int = 4
    teacher_settings: dict[str, Any] | None = None
    max_errors: int | None = None
    seed: int = 0


def make_demo_sets(
    student: Module, trainset: Sequence[Example], teacher: Module | Labels | None, plan: DemoPlan
) -> dict[int, list[list[Any]]]:
    """Sets of demos for each predictor, by its number.

    The first set is what the student has. Then come, up to the number of the plan, no demos where the student
    has some, labelled ones, those of runs on the data in its order, and those of runs on shuffled data. The
    sets are made at the same time; what each holds depends on the seed and its number alone.

    Args:
        student: the program.
        trainset: the data.
        teacher: whose runs become demos; see `BootstrapFewShot`.
        plan: how.

    Raises:
        OptimizerError: no set could be made of runs.
    """
    makers = _makers(student, list(trainset), teacher, plan)
    threads = int(lookup("num_threads", student._defaults))

    def make(number: int) -> Module | OptimizerError:
        with stage(f"demos {number + 1}"), within(f"demo set {number + 1} of {len(makers)}"):
            try:
                return makers[number]()
            except OptimizerError as error:
                return error

    with context(num_threads=max(1, threads // len(makers))):
        outcomes = pool.run_all(make, range(len(makers)), num_threads=min(threads, len(makers)))
    made = [outcome.get() for outcome in outcomes if outcome is not None]
    failures = [each for each in made if isinstance(each, OptimizerError)]
    if failures and len(failures) == sum(maker.func is _bootstrapped for maker in makers):
        raise failures[0]
    if failures:
        logger.warning(
            "%d of %d sets of demos could not be made: %s", len(failures), len(makers), failures[0]
        )
    sets: dict[int, list[list[Any]]] = {number: [] for number in range(len(student.predictors()))}
    for program in made:
        if not isinstance(program, OptimizerError):
            for number, predictor in enumerate(program.predictors()):
                sets[number].append(list(predictor.demos or ()))
    return sets


def _makers(
    student: Module, trainset: list[Example], teacher: Module | Labels | None, plan: DemoPlan
) -> list[partial[Module]]:
    """What makes each set: a program whose predictors have its demos."""
    makers = [partial(student.deepcopy)]
    if program_digest(student) != program_digest(fresh_copy(student)):
        makers.append(partial(fresh_copy, student))
    wanted = max(plan.count, 1) + len(makers) - 1
    if plan.max_labeled_demos > 0 and len(makers) < wanted:
        makers.append(partial(_labeled, student, trainset, plan.max_labeled_demos))
    if len(makers) < wanted:
        makers.append(partial(_bootstrapped, student, trainset, teacher, plan, plan.max_bootstrapped_demos))
    number = 0
    while len(makers) < wanted and plan.max_bootstrapped_demos > 0:
        rng = random.Random(f"{plan.seed} {number}")
        shuffled = list(trainset)
        rng.shuffle(shuffled)
        demos = rng.randint(1, plan.max_bootstrapped_demos)
        makers.append(partial(_bootstrapped, student, shuffled, teacher, plan, demos))
        number += 1
    return makers


def _labeled(student: Module, trainset: list[Example], count: int) -> Module:
    return LabeledFewShot(k=count).compile(student, trainset=trainset)


def _bootstrapped(
    student: Module, trainset: list[Example], teacher: Module | Labels | None, plan: DemoPlan, demos: int
) -> Module:
    bootstrap = BootstrapFewShot(
        metric=plan.metric,
        metric_threshold=plan.metric_threshold,
        teacher_settings=plan.teacher_settings,
        max_bootstrapped_demos=demos,
        max_labeled_demos=plan.max_labeled_demos,
        max_errors=plan.max_errors,
    )
    return bootstrap.compile(student, teacher=teacher, trainset=trainset)
