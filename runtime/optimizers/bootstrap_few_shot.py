"""`BootstrapFewShot`: demos made of the teacher's own successful runs."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass, field
from typing import Annotated, Any

from annotated_types import Ge

from ..errors import OptimizerError
from ..evaluate.scores import judge, succeeded
from ..example import Example
from ..execution.pool import run_all
from ..execution.progress import report
from ..execution.settings import context, lookup
from ..interface import Examples, Metric
from ..modules.base import Module
from ..parameters import parameters
from ..signature.inputs import typed_example
from .base import Optimizer, as_examples, fresh_copy, verify_structure
from .labeled_few_shot import LabeledFewShot, fitting_demos
from .rollouts import Call, calls_of, marked_copy, models_of, run_traced

logger = logging.getLogger("dspyc")


@parameters
class BootstrapFewShot(Optimizer):
    """Gives every predictor demos from accepted runs of a teacher, filled up with labelled examples.

    The teacher (the student itself unless another is given) runs on one training example after the other;
    where the metric accepts its prediction, what went in and out of each predictor becomes a demo. Examples
    run at the same time only as far as all of them would run anyway, so the outcome and the calls are those
    of running one by one.

    From DSPy (Khattab et al., 2023, arXiv:2310.03714).
    """

    metric: Metric | None = None
    """Whether a prediction is good enough to learn from; without one all are."""
    metric_threshold: float | None = None
    """The score from which on it is; without one, any that is true or not 0."""
    teacher_settings: dict[str, Any] | None = None
    """Settings for the teacher's runs, such as a stronger `lm`."""
    max_bootstrapped_demos: Annotated[int, Ge(0)] = 4
    """How many demos from runs each predictor gets, at most."""
    max_labeled_demos: Annotated[int, Ge(0)] = 16
    """How many demos each predictor gets at most, those from runs and labelled ones together."""
    max_rounds: Annotated[int, Ge(1)] = 1
    """How often to try an example; from the second time on at temperature 1."""
    max_errors: Annotated[int, Ge(1)] | None = None
    """After how many failed runs to give up; `settings.max_errors` unless given."""

    def compile(self, student: Module, *, teacher: Module | None = None, trainset: Examples) -> Module:
        """Return a copy of the student with demos.

        Args:
            student: the program; it stays as it is.
            teacher: the program whose runs become demos: of the student's structure; a copy of the student
                when None.
            trainset: the examples, with their inputs marked.

        Raises:
            OptimizerError: the student is compiled already, teacher and student differ, too many runs failed.
        """
        examples = as_examples("trainset", trainset)
        program = fresh_copy(student)
        if program._compiled:
            raise OptimizerError(
                "the student has been compiled before; give BootstrapFewShot the program as it was written"
            )
        guide = self._teacher(student, teacher, examples)
        verify_structure(program, guide)
        with context(**(self.teacher_settings or {})):
            found = self._bootstrap(marked_copy(guide), examples)
        self._give_demos(program, found, examples)
        program._compiled = True
        return program

    def _teacher(self, student: Module, teacher: Module | None, examples: list[Example]) -> Module:
        guide = student.deepcopy() if teacher is None else teacher.deepcopy()
        if self.max_labeled_demos and not guide._compiled:
            guide = LabeledFewShot(k=self.max_labeled_demos).compile(guide, trainset=examples)
        return guide

    def _bootstrap(self, teacher: Module, examples: list[Example]) -> _Bootstrapped:
        found = _Bootstrapped()
        allowed = self.max_errors or lookup("max_errors", teacher._defaults)
        threads = lookup("num_threads", teacher._defaults)
        errors = begun = 0
        while begun < len(examples) and len(found.examples) < self.max_bootstrapped_demos:
            # However these runs end, one by one would also have made every one of them.
            needed = self.max_bootstrapped_demos - len(found.examples)
            batch = list(enumerate(examples))[begun : begun + needed]
            begun += len(batch)
            outcomes = run_all(lambda item: self._run(teacher, item[1]), batch, num_threads=threads)
            for (index, _), outcome in zip(batch, outcomes, strict=True):
                run = outcome.get() if outcome is not None else _Run()
                errors += len(run.errors)
                for error in run.errors:
                    logger.warning("the teacher failed on example %d: %s", index, error)
                if run.errors and errors >= allowed:
                    last = run.errors[-1]
                    raise OptimizerError(
                        f"{errors} runs of the teacher failed, the last with: {last}"
                    ) from last
                if run.calls is not None:
                    found.add(index, run.calls)
            report("bootstrap", len(found.examples), self.max_bootstrapped_demos, f"{begun} examples tried")
        if self.max_bootstrapped_demos and not found.examples:
            logger.warning(
                "the metric accepted none of the teacher's %d runs: there are no demos from runs", begun
            )
        return found

    def _run(self, teacher: Module, example: Example) -> _Run:
        """Run the teacher on an example until the metric accepts what it did, `max_rounds` times at most."""
        run = _Run()
        for attempt in range(self.max_rounds):
            try:
                program = _for_attempt(teacher, example, attempt)
                typed = typed_example(program.declared_signature(), example)
                prediction, trace = run_traced(program, typed)
                if self.metric is not None:
                    score = judge(self.metric, typed, prediction, trace=trace)
                    if not succeeded(self.metric, score, self.metric_threshold):
                        continue
                run.calls = calls_of(trace)
                break
            except Exception as error:  # noqa: BLE001  a failed run is counted, and the next round may do better
                run.errors.append(error)
        return run

    def _give_demos(self, program: Module, found: _Bootstrapped, examples: list[Example]) -> None:
        rest = [example for index, example in enumerate(examples) if index not in found.examples]
        random.Random(0).shuffle(rest)
        rng = random.Random(0)
        for name, predictor in program.named_predictors():
            bootstrapped = found.demos.get(name, [])[: self.max_bootstrapped_demos]
            fitting = fitting_demos(predictor.signature, rest)
            count = max(0, min(self.max_labeled_demos - len(bootstrapped), len(fitting)))
            predictor.demos = bootstrapped + rng.sample(fitting, count)


@dataclass
class _Run:
    """What became of an example: the calls of the run that the metric accepted, and the errors of others."""

    calls: list[Call] | None = None
    errors: list[Exception] = field(default_factory=list)


@dataclass
class _Bootstrapped:
    """The demos by predictor, and the numbers of the examples that they are from."""

    demos: dict[str, list[Example]] = field(default_factory=dict)
    examples: set[int] = field(default_factory=set)

    def add(self, index: int, calls: list[Call]) -> None:
        """Take over a run: one demo for each predictor that was called."""
        self.examples.add(index)
        by_predictor: dict[str, list[Example]] = {}
        for call in calls:
            demo = Example(augmented=True, **{**call.inputs, **dict(call.outputs)})
            by_predictor.setdefault(call.predictor, []).append(demo)
        for name, demos in by_predictor.items():
            self.demos.setdefault(name, []).append(_one_of(demos, f"{index} {name}"))


def _one_of(demos: list[Example], seed: str) -> Example:
    """Of several calls of one predictor in a run: every other time the last, else an earlier one."""
    if len(demos) == 1:
        return demos[0]
    rng = random.Random(seed)
    return rng.choice(demos[:-1]) if rng.random() < 0.5 else demos[-1]


def _for_attempt(teacher: Module, example: Example, attempt: int) -> Module:
    """The teacher without the example among its demos, and from the second attempt on with fresh samples."""
    if attempt == 0 and not any(example in (predictor.demos or ()) for predictor in teacher.predictors()):
        return teacher
    program = teacher.deepcopy()
    models = models_of(program)
    for name, predictor in program.named_predictors():
        predictor.demos = [demo for demo in predictor.demos or () if demo != example]
        if attempt > 0 and (lm := models[name]) is not None:
            predictor.lm = lm.copy(rollout_id=attempt, temperature=1.0)
    return program
