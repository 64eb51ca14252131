"""`BetterTogether`: optimizers one after the other, each on what the one before has made."""

from __future__ import annotations

import inspect
import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from ..errors import DspycError, EvaluationError, OptimizerError, also_as, did_you_mean, list_names
from ..evaluate import Evaluate
from ..example import Example
from ..execution.progress import within
from ..interface import Examples, Metric
from ..lm.reproducible import reproducible
from ..modules.base import Module
from ..modules.models import models_of
from ..parameters import parameters
from ..work.identity import program_digest
from ..work.run import exhausted, stage
from .base import Candidates, Optimizer, as_examples
from .best import publishing
from .bootstrap_finetune import BootstrapFinetune
from .hearing import tell_trial
from .labels import Labels
from .plan import Planned, Span
from .random_search import BootstrapFewShotWithRandomSearch
from .trials import Trial

logger = logging.getLogger("dspyc")

_SEPARATOR = "->"
_SHARED = ("trainset", "teacher", "valset")


@parameters(extra="optimizers")
class BetterTogether(Optimizer):
    """Runs several optimizers one after the other, each on what the one before has made, and keeps the best.

        both = BetterTogether(metric=exact, p=MIPROv2(metric=exact), w=BootstrapFinetune(metric=exact))
        both.compile(student, trainset=train, strategy="p -> w -> p")

    The program is measured before the first step and after each. The optimizers are given by names of one's
    choice, which the strategy uses; without any, `p` is `BootstrapFewShotWithRandomSearch` and `w`
    `BootstrapFinetune`, both with this metric.

    From Soylu et al., 2024, "Fine-Tuning and Prompt Optimization: Two Great Steps that Work Better Together",
    arXiv:2407.10930.
    """

    metric: Metric
    """How good a prediction is: scores the program after each step."""
    optimizers: ClassVar[Mapping[str, Optimizer]]
    """The optimizers, by the names that the strategy uses."""

    def __post_init__(self) -> None:
        """Take the default optimizers where there are none.

        Raises:
            OptimizerError: what was given by a name is no optimizer.
        """
        given = self.optimizers
        for name, one in given.items():
            if not isinstance(one, Optimizer):
                raise also_as(
                    OptimizerError(
                        f"`{name}` of `BetterTogether` must be a Teleprompter (an optimizer), not {one!r:.60}"
                    ),
                    TypeError(),
                )
        self.__dict__["optimizers"] = given or {
            "p": BootstrapFewShotWithRandomSearch(metric=self.metric),
            "w": BootstrapFinetune(metric=self.metric),
        }

    def compile(
        self,
        student: Module,
        *,
        trainset: Examples,
        teacher: Module | Sequence[Module] | Labels | None = None,
        valset: Examples | None = None,
        num_threads: int | None = None,
        max_errors: int | None = None,
        provide_traceback: bool | None = None,
        seed: int | None = None,
        valset_ratio: float = 0.1,
        shuffle_trainset_between_steps: bool = True,
        strategy: str = "p -> w -> p",
        optimizer_compile_args: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Module:
        """Return the best program that there was before or after a step; of equal ones, the earliest.

        A step that fails ends the run with the best so far, and so does a budget that is used up. The result
        lists the programs in `candidate_programs`, best first, and says in `flag_compilation_error_occurred`
        whether a step failed.

        Args:
            student: the program; it is not changed.
            trainset: the examples, for each step.
            teacher: for the optimizers that take one: a program, several, or the rows' own "labels".
            valset: what programs are measured on; a part of the trainset when None.
            num_threads: how many examples to measure at a time.
            max_errors: the number of errors after which a measurement is given up.
            provide_traceback: log errors with their tracebacks.
            seed: the seed of the shuffling; 0 when None.
            valset_ratio: the share of the trainset, from its beginning, that becomes the valset; with 0
                nothing is measured, and the last program is returned.
            shuffle_trainset_between_steps: shuffle the trainset before each step.
            strategy: the names of the optimizers, in the order in which they run: "p -> w -> p".
            optimizer_compile_args: further arguments for the `compile` of each optimizer, by its name.

        Raises:
            OptimizerError: the strategy names no optimizer of this one, an optimizer rejects its
                arguments, or none of the programs could be measured.
            Exception: what the first step ends with, if it fails.
        """
        steps, further = self._steps(strategy), optimizer_compile_args or {}
        train, val = _split(as_examples("trainset", trainset), valset, valset_ratio)
        shared = {"trainset": train, "teacher": teacher, "valset": val or None}
        self._verify(student, steps, further, shared)
        evaluate = Evaluate(
            devset=val,
            metric=self.metric,
            num_threads=num_threads,
            max_errors=max_errors,
            provide_traceback=provide_traceback,
        )
        course = _Course(evaluate if val else None)
        with _served() as serve, publishing() as publish:
            serve(student)
            course.measure(student.deepcopy(), "")
            rng = random.Random(seed or 0)
            for number, name in enumerate(steps, 1):
                if exhausted() is not None:
                    break
                if shuffle_trainset_between_steps:
                    rng.shuffle(train)
                given = {**shared, "trainset": list(train), **further.get(name, {})}
                label = f"step {number} of {len(steps)}, {name}"
                with within(label), stage(f"step {number}"):
                    program = course.step(self.optimizers[name], given, name)
                    if program is None:
                        break
                    serve(program)
                    course.measure(program, f" {_SEPARATOR} ".join(steps[:number]))
                publish(*course.leader())
        return course.best()

    def verify(
        self,
        student: Module,
        *,
        trainset: Examples,
        teacher: Module | Sequence[Module] | Labels | None = None,
        valset: Examples | None = None,
        valset_ratio: float = 0.1,
        strategy: str = "p -> w -> p",
        optimizer_compile_args: Mapping[str, Mapping[str, Any]] | None = None,
        **others: Any,
    ) -> None:
        """Raise what `compile` would reject.

        Args:
            student: the program.
            trainset: as in `compile`.
            teacher: as in `compile`.
            valset: as in `compile`.
            valset_ratio: as in `compile`.
            strategy: as in `compile`.
            optimizer_compile_args: as in `compile`.
            others: what else `compile` takes.

        Raises:
            OptimizerError: what `compile` would raise before its first call.
        """
        train, val = _split(as_examples("trainset", trainset), valset, valset_ratio)
        shared = {"trainset": train, "teacher": teacher, "valset": val or None}
        self._verify(student, self._steps(strategy), optimizer_compile_args or {}, shared)

    def plan(self, student: Module, **arguments: Any) -> Sequence[Planned] | None:
        """What `compile` will ask of models; see `Optimizer.plan`."""
        given = arguments.get
        examples = as_examples("trainset", arguments["trainset"])
        train, val = _split(examples, given("valset"), given("valset_ratio", 0.1))
        shared = {"trainset": train, "teacher": given("teacher"), "valset": val or None}
        steps, further = self._steps(given("strategy", "p -> w -> p")), given("optimizer_compile_args") or {}
        planned: list[Planned] = []
        taught, demos = _taught(student, train), 0
        for number, name in enumerate(steps):
            optimizer, is_first = self.optimizers[name], number == 0
            accepted = _accepted(optimizer, {**shared, **further.get(name, {})})
            found = optimizer.plan(student if is_first else taught, **accepted)
            if found is None:
                return None
            later = found if is_first else [_later(one, student, taught, demos) for one in found]
            measured_calls = Span(0, len(val) if number == len(steps) - 1 else None)
            planned += [each for one in later for each in _with_own_calls(one, measured_calls)]
            demos = max([demos, *(one.demos for one in found)])
        measured = Span(len(val), len(val) * (1 + len(steps)))
        return [*planned, Planned("program", measured, student, demos=demos)]

    def get_params(self) -> dict[str, Any]:
        """The metric, and the optimizers with their parameters."""
        made = {
            name: {"name": type(one).__name__, **one.get_params()} for name, one in self.optimizers.items()
        }
        return {"metric": self.metric, **made}

    def _steps(self, strategy: str) -> list[str]:
        steps = [name.strip() for name in strategy.split(_SEPARATOR)]
        if not strategy.strip():
            raise OptimizerError('the strategy cannot be empty; it says which optimizers run, "p -> w -> p"')
        for name in steps:
            if name not in self.optimizers:
                raise OptimizerError(
                    f"the strategy {strategy!r} names `{name}`{did_you_mean(name, self.optimizers)}; the "
                    f"optimizers are {list_names(self.optimizers)}"
                )
        return steps

    def _verify(
        self,
        student: Module,
        steps: Sequence[str],
        further: Mapping[str, Mapping[str, Any]],
        shared: Mapping[str, Any],
    ) -> None:
        """Complain about arguments that no optimizer takes, and let each optimizer that runs complain.

        Raises:
            OptimizerError: naming the optimizer.
        """
        for name, arguments in further.items():
            if name not in self.optimizers:
                raise OptimizerError(
                    f"`optimizer_compile_args` names `{name}`{did_you_mean(name, self.optimizers)}; the "
                    f"optimizers are {list_names(self.optimizers)}"
                )
            taken = _taken(self.optimizers[name])
            if unknown := [each for each in arguments if each not in taken or each == "student"]:
                kind = type(self.optimizers[name]).__name__
                raise OptimizerError(
                    f"`optimizer_compile_args` gives `{name}` {list_names(unknown)}, which the `compile` of "
                    f"{kind} does not take; it takes {list_names(sorted(taken - {'student'}))}"
                )
        if shared["teacher"] is not None and not any(
            "teacher" in _taken(self.optimizers[name]) for name in steps
        ):
            raise OptimizerError(
                f"`teacher` would have no effect: none of {list_names(dict.fromkeys(steps))} takes one"
            )
        for name in dict.fromkeys(steps):
            optimizer = self.optimizers[name]
            try:
                optimizer.verify(student, **_accepted(optimizer, {**shared, **further.get(name, {})}))
            except DspycError as error:
                raise OptimizerError(f"the step `{name}` cannot run: {error}") from error


@dataclass
class _Course:
    """The programs so far, and the last of them."""

    evaluate: Evaluate | None
    programs: list[dict[str, Any]] = field(default_factory=list)
    failed: bool = False
    _better: Any = None
    _measured: dict[str, dict[str, Any]] = field(default_factory=dict)
    _unmeasured: EvaluationError | None = None

    def step(self, optimizer: Optimizer, arguments: dict[str, Any], name: str) -> Module | None:
        """What an optimizer makes of the last program; None where it fails and there is another one."""
        last: Module = self.programs[-1]["program"]
        try:
            return optimizer.compile(last, **_accepted(optimizer, arguments))
        except Exception as error:
            if len(self.programs) == 1 and exhausted() is None:
                raise
            self.failed = exhausted() is None
            # What is no error of ours may be a mistake in the optimizer, which only its traceback shows.
            logger.warning(
                "the step `%s` failed, and the best program so far is kept: %s: %s",
                name, type(error).__name__, error,
                exc_info=not isinstance(error, DspycError),
            )  # fmt: skip
            return None

    def measure(self, program: Module, strategy: str) -> None:
        """Take a program in, with its score. One that the budget leaves no room to measure counts as better
        than what it was made of where its own optimizer has measured it: none returns a worse one.
        """
        entry: dict[str, Any] = {"program": program, "score": None, "strategy": strategy}
        before = self.programs[-1]["program"] if self.programs else None
        self.programs.append(entry)
        if self.evaluate is None:
            return
        if exhausted() is not None:
            own = getattr(program, "candidate_programs", None)
            if own and own is not getattr(before, "candidate_programs", None) and before is self.leader()[0]:
                self._better = program
            return
        name = program_digest(program)
        if (same := self._measured.get(name)) is not None:
            entry.update(score=same["score"], subscores=same["subscores"])
            return
        with stage("measure"), reproducible():
            try:
                result = self.evaluate(program)
            except EvaluationError as error:
                logger.warning("the program was not measured: %s", error)
                self._unmeasured = error
                return
        entry.update(score=result.score, subscores=[row.value for row in result.rows])
        self._measured[name] = entry
        made = {"after": strategy} if strategy else {"program": "as it was"}
        tell_trial(Trial(len(self.programs), made, program, result.score, tuple(entry["subscores"])))

    def leader(self) -> tuple[Any, float | None]:
        """The program with the highest score, or where none has one the last, and the score; it has none
        where only its own optimizer has measured it.
        """
        if self._better is not None:
            return self._better, None
        measured = [entry for entry in self.programs if entry["score"] is not None]
        chosen = max(measured, key=lambda entry: entry["score"]) if measured else self.programs[-1]
        return chosen["program"], chosen["score"]

    def best(self) -> Module:
        """The leader, as the result.

        Raises:
            OptimizerError: none of the programs could be measured, because of errors.
        """
        program, score = self.leader()
        if score is None and self._better is None and self._unmeasured is not None and exhausted() is None:
            raise OptimizerError(f"none of the programs could be measured: {self._unmeasured}")
        program.candidate_programs = Candidates(self.programs)
        program.flag_compilation_error_occurred = self.failed
        program._compiled = True
        return program  # type: ignore[no-any-return]


@contextmanager
def _served() -> Iterator[Any]:
    """A function that has the models of a program served, where their providers serve models; each one that
    was begun here ends with the block.
    """
    from ..lm.training.served import is_served

    running: dict[int, Any] = {}

    def serve(program: Module) -> None:
        for lm in models_of(program).values():
            if id(lm) not in running and callable(launch := getattr(lm, "launch", None)):
                if is_served(lm):
                    # By whoever gave it: it goes on being served.
                    continue
                launch()
                running[id(lm)] = lm

    try:
        yield serve
    finally:
        for lm in running.values():
            getattr(lm, "kill", lambda: None)()


def _split(
    train: list[Example], valset: Examples | None, ratio: float
) -> tuple[list[Example], list[Example]]:
    """The rows to learn from, and those to measure on."""
    if not 0 <= ratio < 1:
        raise OptimizerError(f"`valset_ratio` must be in range [0, 1), so less than 1, not {ratio!r}")
    if valset is not None:
        return list(train), as_examples("valset", valset)
    count = int(ratio * len(train))
    return train[count:], train[:count]


def _taught(student: Module, rows: Sequence[Example]) -> Module:
    """A program that has learned something, as it is after a step: some optimizers do more then."""
    twin = student.deepcopy()
    for predictor in twin.predictors():
        predictor.demos = list(predictor.demos or ()) or list(rows[:1])
    return twin


def _later(planned: Planned, student: Module, taught: Module, demos: int) -> Planned:
    """What a step after the first asks, planned for a taught program in the place of the student.

    It may be missing: where a step fails, the run ends with the best so far.
    """
    program = student if planned.program is taught else planned.program
    return replace(
        planned, program=program, count=Span(0, planned.count.most), demos=max(demos, planned.demos)
    )


def _with_own_calls(planned: Planned, calls: Span) -> list[Planned]:
    """What a step plans, and what calls of the program that it made ask while the run goes on.

    Args:
        planned: what the step plans.
        calls: how often the run calls that program; without bound where other steps work on it.
    """
    if not planned.in_calls:
        return [planned]
    # The run may end with a program of another step.
    after = replace(planned, count=Span(0, planned.count.most))
    return [replace(planned, count=planned.count * calls, in_calls=False), after]


def _taken(optimizer: Optimizer) -> set[str]:
    """The names of what an optimizer's `compile` takes."""
    return set(inspect.signature(optimizer.compile).parameters)


def _accepted(optimizer: Optimizer, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Of some arguments those that an optimizer's `compile` takes."""
    taken = _taken(optimizer)
    return {name: value for name, value in arguments.items() if name not in _SHARED or name in taken}
