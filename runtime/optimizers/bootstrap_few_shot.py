"""`BootstrapFewShot`: demos made of the teacher's own successful runs."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from ..errors import OptimizerError, also_as
from ..evaluate.scores import raised_by
from ..example import Example
from ..execution.progress import report
from ..execution.settings import lookup
from ..interface import Examples, Metric
from ..limits import Ge
from ..modules.base import Module
from ..parameters import parameters
from ..work.run import exhausted
from .base import Optimizer, as_examples, shown_by, verify_structure
from .labeled_few_shot import LabeledFewShot, filled_up
from .labels import Labels, is_labels, runs_by_labels, verify_teacher
from .plan import Planned, Span
from .rollouts import Acceptance, Call, Rollout, marked_copy, report_failures, roll_out
from .teaching import teaching, tell_of_unused

logger = logging.getLogger("dspyc")


@parameters
class BootstrapFewShot(Optimizer):
    """Gives every predictor demos from accepted runs of a teacher, topped up with labelled examples.

    The teacher (the student itself unless another is given) runs on one training example after another;
    if the metric accepts its prediction, the inputs and outputs of each predictor become a demo. Examples
    run at the same time only if all of them would run anyway, so the result and the calls are the same as
    when running one by one. The student keeps its demos, including those of an earlier optimizer; examples
    that that they show are not tried again.

    From DSPy (Khattab et al., 2023, arXiv:2310.03714).
    """

    metric: Metric | None = None
    """Whether a prediction is good enough to learn from; without a metric, all are."""
    metric_threshold: float | None = None
    """The lowest accepted score; without one, any score that is true or not 0."""
    teacher_settings: dict[str, Any] | None = None
    """Settings for the teacher's runs: those of `configure`, such as a stronger `lm`, and those of requests,
    such as `temperature`.
    """
    max_bootstrapped_demos: Annotated[int, Ge(0)] = 4
    """The most demos from runs that each predictor gets, besides those that it has."""
    max_labeled_demos: Annotated[int, Ge(0)] = 16
    """The number of demos up to which labelled examples are added to each predictor."""
    max_rounds: Annotated[int, Ge(1)] = 1
    """How often to try an example; from the second time at temperature 1, unless `teacher_settings` or the
    predictor sets one.
    """
    max_errors: Annotated[int, Ge(1)] | None = None
    """The number of failed runs after which to give up; `settings.max_errors` unless given."""

    def compile(
        self, student: Module, *, teacher: Module | Labels | None = None, trainset: Examples
    ) -> Module:
        """Return a copy of the student with demos.

        Args:
            student: the program; it is not changed.
            teacher: the program whose runs become demos, with the student's structure; a copy of the student
                when None. "labels" takes the rows' own labels as runs, so that no model is called.
            trainset: the examples, with their inputs marked.

        Raises:
            OptimizerError: teacher and student differ, too many runs failed, or all did.
        """
        examples = as_examples("trainset", trainset)
        program = student.deepcopy()
        if is_labels(teacher):
            tell_of_unused(self.teacher_settings, student, None)
            found = self._by_labels(program, examples)
        else:
            assert not isinstance(teacher, str)
            guide = self._teacher(student, teacher, examples)
            verify_structure(program, guide)
            tell_of_unused(self.teacher_settings, student, guide)
            guide = marked_copy(guide)
            with teaching(self.teacher_settings, guide):
                found = self._bootstrap(guide, program, examples)
        self._give_demos(program, found, examples)
        program._compiled = True
        return program

    def verify(self, student: Module, *, teacher: Module | Labels | None = None, trainset: Examples) -> None:
        """Raise what `compile` would reject.

        Args:
            student: the program.
            teacher: as in `compile`.
            trainset: the examples.

        Raises:
            OptimizerError: what `compile` would raise before its first call.
        """
        verify_teacher(student, teacher, as_examples("trainset", trainset))

    def plan(self, student: Module, **arguments: Any) -> Sequence[Planned]:
        """What `compile` will ask of models; see `Optimizer.plan`."""
        return [
            bootstrapped(
                student, arguments.get("teacher"), len(arguments["trainset"]), self.max_bootstrapped_demos,
                self.max_labeled_demos, self.max_rounds, lm=(self.teacher_settings or {}).get("lm"),
            )
        ]  # fmt: skip

    def _by_labels(self, program: Module, examples: list[Example]) -> _Bootstrapped:
        """The demos that the first rows give which the program does not show yet."""
        found = _Bootstrapped()
        is_shown = _shown(program)
        for number, calls in enumerate(runs_by_labels(program, examples)):
            if len(found.examples) >= self.max_bootstrapped_demos:
                break
            if calls and not is_shown(examples[number]):
                found.add(number, calls)
        return found

    def _teacher(self, student: Module, teacher: Module | None, examples: list[Example]) -> Module:
        guide = student.deepcopy() if teacher is None else teacher.deepcopy()
        if self.max_labeled_demos and not guide._compiled:
            guide = LabeledFewShot(k=self.max_labeled_demos).compile(guide, trainset=examples)
        return guide

    def _bootstrap(self, teacher: Module, program: Module, examples: list[Example]) -> _Bootstrapped:
        found = _Bootstrapped()
        threads = lookup("num_threads", teacher._defaults)
        acceptance = Acceptance(self.metric, self.metric_threshold, self.max_rounds, hides_example=True)
        is_shown = _shown(program)
        waiting = [number for number, one in enumerate(examples) if not is_shown(one)]
        rollouts: list[Rollout | None] = []
        while waiting and len(found.examples) < self.max_bootstrapped_demos and exhausted() is None:
            # However these runs end, one by one would also have made every one of them.
            needed = self.max_bootstrapped_demos - len(found.examples)
            batch, waiting = waiting[:needed], waiting[needed:]
            made = roll_out(teacher, examples, batch, acceptance, threads)
            rollouts += made
            for number, rollout in zip(batch, made, strict=True):
                if rollout is not None:
                    self._note_errors(number, rollout.errors, found, teacher)
                    if rollout.accepted:
                        found.add(number, rollout.calls)
            tried = f"{len(rollouts)} examples tried"
            report("bootstrap", len(found.examples), self.max_bootstrapped_demos, tried)
        report_failures("the teacher", rollouts)
        if rollouts and not found.examples:
            logger.warning(
                "the metric accepted none of the teacher's %d runs, so there are no demos from runs",
                len(rollouts),
            )
        return found

    def _note_errors(
        self, number: int, errors: Sequence[Exception], found: _Bootstrapped, teacher: Module
    ) -> None:
        """Count the errors of an example, and give up after too many."""
        for error in errors:
            logger.warning("the teacher failed on example %d: %s%s", number, error, raised_by(error))
        found.errors += len(errors)
        allowed = self.max_errors or lookup("max_errors", teacher._defaults)
        if errors and found.errors >= allowed:
            last = f"{errors[-1]}{raised_by(errors[-1])}"
            failed = OptimizerError(f"{found.errors} runs of the teacher failed, the last with: {last}")
            # DSPy raises the program's own error, so `except` with its class works here, too.
            raise also_as(failed, errors[-1]) from errors[-1]

    def _give_demos(self, program: Module, found: _Bootstrapped, examples: list[Example]) -> None:
        rest = [example for number, example in enumerate(examples) if number not in found.examples]
        random.Random(0).shuffle(rest)
        rng = random.Random(0)
        for name, predictor in program.named_predictors():
            learned = found.demos.get(name, [])[: self.max_bootstrapped_demos]
            kept = list(predictor.demos or ())
            predictor.demos = kept + [demo for demo in learned if demo not in kept]
            predictor.demos = filled_up(predictor, rest, self.max_labeled_demos, rng)


def bootstrapped(
    student: Module,
    teacher: Any,
    rows: int,
    demos: int,
    labeled: int,
    rounds: int = 1,
    sets: int = 1,
    lm: Any = None,
) -> Planned:
    """The runs of a teacher in which sets of demos are made.

    Args:
        student: the program.
        teacher: the teacher; a copy of the student when None.
        rows: how many rows there are to run on.
        demos: the most demos from runs in a set.
        labeled: the number of demos up to which labelled ones are added.
        rounds: how often a row is tried.
        sets: how many sets are made.
        lm: the model that is configured for the teacher; that of now when None.
    """
    least, most = min(demos, 1) * sets, (rows * rounds if demos else 0) * sets
    if isinstance(teacher, str):
        least, most = 0, 0
    guide = teacher if isinstance(teacher, Module) else student
    return Planned("teacher", Span(least, most), guide, lm=lm, demos=max(labeled, demos))


@dataclass
class _Bootstrapped:
    """The demos by predictor, the numbers of the examples that they are from, and how many runs failed."""

    demos: dict[str, list[Example]] = field(default_factory=dict)
    examples: set[int] = field(default_factory=set)
    errors: int = 0

    def add(self, index: int, calls: list[Call]) -> None:
        """Take over a run: one demo for each predictor that was called."""
        self.examples.add(index)
        by_predictor: dict[str, list[Example]] = {}
        for call in calls:
            demo = Example(augmented=True, **{**call.inputs, **dict(call.outputs)})
            by_predictor.setdefault(call.predictor, []).append(demo)
        for name, demos in by_predictor.items():
            self.demos.setdefault(name, []).append(_one_of(demos, f"{index} {name}"))


def _shown(program: Module) -> Callable[[Example], bool]:
    """What says of an example whether every predictor that gets its inputs from examples has a demo of it."""
    predictors = [
        (list(one.signature.input_fields), shown_by(one.demos or (), one.signature))
        for one in program.predictors()
    ]

    def is_shown(example: Example) -> bool:
        asked = [shows for inputs, shows in predictors if all(name in example for name in inputs)]
        return bool(asked) and all(shows(example) for shows in asked)

    return is_shown


def _one_of(demos: list[Example], seed: str) -> Example:
    """Of several calls of one predictor in a run: every other time the last, else an earlier one."""
    if len(demos) == 1:
        return demos[0]
    rng = random.Random(seed)
    return rng.choice(demos[:-1]) if rng.random() < 0.5 else demos[-1]
