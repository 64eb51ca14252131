"""`MIPROv2`: instructions and demos, chosen together by Bayesian optimisation."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from ..errors import OptimizerError, also_as
from ..evaluate import Evaluate
from ..example import Example
from ..execution.settings import context
from ..interface import Examples, Metric
from ..limits import Ge
from ..lm.base import BaseLM
from ..modules.base import Module
from ..parameters import parameters
from .base import Optimizer, as_examples
from .bayesian import verify_optuna
from .bootstrap_few_shot import bootstrapped
from .dataset_summary import ENOUGH, MOST_BATCHES
from .instructions import instructions_of
from .labels import Labels, verify_teacher
from .log_dir import verify_log_dir
from .mipro_search import DEMOS_FOR_PROPOSALS, Search, Settings
from .plan import Planned, Span, writing_prompt
from .prompting import model_for
from .study import Study
from .teaching import tell_of_unused_model

AUTO_RUN_SETTINGS = {"light": (6, 100), "medium": (12, 300), "heavy": (18, 1000)}
"""For each `auto`, how many candidates there are and how many rows are measured at most."""
MIN_MINIBATCH_SIZE = 50
"""The number of rows up to which every trial of an `auto` run is measured on all of them."""


@parameters
class MIPROv2(Optimizer):
    """Searches instructions and demos of all predictors together.

    First it bootstraps sets of demos; then a model that has seen the program, a summary of the data and demos
    writes instructions (`GroundedProposer`); then a tree-structured Parzen estimator (Optuna) chooses, for
    every predictor, an instruction and a set of demos, measured on minibatches of the valset, and on all of
    it whenever a few have been tried. The program as it is competes, so that the result never scores below
    it. `auto` sets how many candidates and trials there are; without it, `num_candidates` and `num_trials`
    do.

    From MIPRO (Opsahl-Ong et al., 2024, arXiv:2406.11695).
    """

    metric: Metric
    """How good a prediction is: accepts runs as demos, and scores candidates."""
    prompt_model: BaseLM | None = None
    """The model that writes instructions; the configured one when None."""
    task_model: BaseLM | None = None
    """The model that the program runs with, where it has none of its own; the configured one when None."""
    teacher_settings: dict[str, Any] | None = None
    """Settings for the teacher's runs: those of `configure`, such as a stronger `lm`, and those of requests,
    such as `temperature`.
    """
    max_bootstrapped_demos: Annotated[int, Ge(0)] = 4
    """The most demos from runs in a set. With no demos of either kind, only instructions are searched."""
    max_labeled_demos: Annotated[int, Ge(0)] = 4
    """The number of demos up to which labelled examples are added to a set."""
    auto: Literal["light", "medium", "heavy"] | None = "light"
    """How much to search."""
    num_candidates: Annotated[int, Ge(1)] | None = None
    """How many sets of demos, and how many instructions, each predictor can choose from; without `auto`."""
    num_threads: Annotated[int, Ge(1)] | None = None
    """How many examples to run at a time; `settings.num_threads` unless given."""
    max_errors: Annotated[int, Ge(1)] | None = None
    """The number of errors after which a set of demos, or a candidate, is given up."""
    seed: int = 9
    """Draws the rows, the sets of demos, the tips and the choices."""
    init_temperature: Annotated[float, Ge(0)] = 1.0
    """The temperature at which instructions are written."""
    verbose: bool = False
    """Log each instruction."""
    track_stats: bool = True
    """Keep on the result what was tried: `trial_logs`, `candidate_programs`, `mb_candidate_programs`,
    `score`.
    """
    log_dir: str | None = None
    """A folder for the states of the programs that are tried."""
    metric_threshold: float | None = None
    """The lowest score for a run to become a demo; without one, any score that is true or not 0."""

    def compile(
        self,
        student: Module,
        *,
        trainset: Examples,
        teacher: Module | Labels | None = None,
        valset: Examples | None = None,
        num_trials: Annotated[int, Ge(1)] | None = None,
        max_bootstrapped_demos: int | None = None,
        max_labeled_demos: int | None = None,
        seed: int | None = None,
        minibatch: bool = True,
        minibatch_size: Annotated[int, Ge(1)] = 35,
        minibatch_full_eval_steps: Annotated[int, Ge(1)] = 5,
        program_aware_proposer: bool = True,
        data_aware_proposer: bool = True,
        view_data_batch_size: Annotated[int, Ge(1)] = 10,
        tip_aware_proposer: bool = True,
        fewshot_aware_proposer: bool = True,
        requires_permission_to_run: bool | None = None,
        provide_traceback: bool | None = None,
    ) -> Module:
        """Return the best program.

        Args:
            student: the program; it is not changed.
            trainset: the examples to make demos and instructions from.
            teacher: the program whose runs become demos; a copy of the student when None, and the rows' own
                labels when "labels".
            valset: the examples to measure on; when None, the last four fifths of the trainset, at most 1000.
            num_trials: how many choices to try, without `auto`.
            max_bootstrapped_demos: instead of the optimizer's.
            max_labeled_demos: instead of the optimizer's.
            seed: instead of the optimizer's.
            minibatch: measure choices on minibatches; with `auto`, only where there are many rows.
            minibatch_size: how many rows a minibatch has.
            minibatch_full_eval_steps: after how many choices the best so far is measured on all rows.
            program_aware_proposer: show the program to the model that writes instructions.
            data_aware_proposer: show it a summary of the data.
            view_data_batch_size: how many rows it looks at in each call.
            tip_aware_proposer: give it a tip.
            fewshot_aware_proposer: show it demos.
            requires_permission_to_run: DSPy's former parameter; nobody is asked, so true is refused.
            provide_traceback: log errors with their traceback.

        Raises:
            OptimizerError: the arguments do not fit together, Optuna is not installed, or no candidate could
                be measured.
        """
        run = self._run(
            student, trainset, valset, num_trials, max_bootstrapped_demos, max_labeled_demos, seed, minibatch
        )
        _refuse_permission(requires_permission_to_run)
        run.verify(student, teacher, minibatch_size)
        verify_log_dir(self.log_dir)
        settings = Settings(
            seed=run.seed,
            trials=run.trials,
            demo_sets=run.demo_sets,
            instructions=run.instructions,
            zero_shot=run.zero_shot,
            max_bootstrapped_demos=run.bootstrapped,
            max_labeled_demos=run.labeled,
            minibatch_size=minibatch_size if run.minibatch else None,
            full_eval_steps=minibatch_full_eval_steps,
            program_aware=program_aware_proposer,
            data_aware=data_aware_proposer,
            view_data_batch_size=view_data_batch_size,
            tip_aware=tip_aware_proposer,
            fewshot_aware=fewshot_aware_proposer,
            metric=self.metric,
            metric_threshold=self.metric_threshold,
            teacher_settings=self.teacher_settings,
            max_errors=self.max_errors,
            init_temperature=self.init_temperature,
            verbose=self.verbose,
            log_dir=self.log_dir,
        )
        evaluate = Evaluate(
            devset=run.val,
            metric=self.metric,
            num_threads=self.num_threads,
            max_errors=self.max_errors,
            provide_traceback=provide_traceback,
        )
        # Before the task model takes its place.
        prompt_model = model_for(self.prompt_model, student)
        tell_of_unused_model(self.task_model, student)
        changed: dict[str, Any] = {} if self.task_model is None else {"lm": self.task_model}
        if self.num_threads is not None:
            changed["num_threads"] = self.num_threads
        with context(**changed) if changed else nullcontext():
            search = Search(settings, student, run.train, teacher, prompt_model, len(run.val))
            study = Study(search.build, evaluate, total=settings.total_trials)
            best = study.search(search.steps())
            winner = (study.promising() or best).program
        assert winner is not None
        paths = search.save(study)
        if self.track_stats:
            search.attach(winner, study, paths)
        return winner

    def verify(
        self,
        student: Module,
        *,
        trainset: Examples,
        teacher: Module | Labels | None = None,
        valset: Examples | None = None,
        num_trials: int | None = None,
        max_bootstrapped_demos: int | None = None,
        max_labeled_demos: int | None = None,
        seed: int | None = None,
        minibatch: bool = True,
        minibatch_size: int = 35,
        requires_permission_to_run: bool | None = None,
        **others: Any,
    ) -> None:
        """Raise what `compile` would reject.

        Args:
            student: the program.
            trainset: as in `compile`.
            teacher: as in `compile`.
            valset: as in `compile`.
            num_trials: as in `compile`.
            max_bootstrapped_demos: as in `compile`.
            max_labeled_demos: as in `compile`.
            seed: as in `compile`.
            minibatch: as in `compile`.
            minibatch_size: as in `compile`.
            requires_permission_to_run: as in `compile`.
            others: further arguments of `compile`, which fit whatever they are.

        Raises:
            OptimizerError: what `compile` would raise before its first call.
        """
        run = self._run(
            student, trainset, valset, num_trials, max_bootstrapped_demos, max_labeled_demos, seed, minibatch
        )
        _refuse_permission(requires_permission_to_run)
        run.verify(student, teacher, minibatch_size)
        verify_log_dir(self.log_dir)

    def plan(self, student: Module, **arguments: Any) -> Sequence[Planned]:
        """What `compile` will ask of models; see `Optimizer.plan`."""
        given = arguments.get
        run = self._run(
            student,
            arguments["trainset"],
            given("valset"),
            given("num_trials"),
            given("max_bootstrapped_demos"),
            given("max_labeled_demos"),
            given("seed"),
            given("minibatch", True),
        )
        rows, count = len(run.val), len(instructions_of(student))
        measured = run.trials * rows
        if run.minibatch:
            full = math.ceil(run.trials / given("minibatch_full_eval_steps", 5))
            measured = run.trials * min(given("minibatch_size", 35), rows) + full * rows
        sets = max(0, (run.instructions if run.zero_shot else run.demo_sets) - 2)
        written = count * (run.instructions - 1)
        batches = math.ceil(len(run.train) / given("view_data_batch_size", 10))
        looked = min(batches, MOST_BATCHES) + 1 if given("data_aware_proposer", True) else 0
        described = 1 + count if given("program_aware_proposer", True) else 0
        shown = writing_prompt(student, run.train[: given("view_data_batch_size", 10)])
        demos = run.bootstrapped or DEMOS_FOR_PROPOSALS
        asked = Span(min(looked, 2 + ENOUGH) + described + written, looked + described + written)
        guide = (self.teacher_settings or {}).get("lm") or self.task_model
        return [
            bootstrapped(student, given("teacher"), len(run.train), demos, run.labeled, sets=sets, lm=guide),
            Planned(
                "prompt model",
                asked if run.instructions > 1 else Span(0, 0),
                lm=self.prompt_model,
                prompt=shown,
            ),
            Planned(
                "program",
                Span(rows, rows + measured),
                student,
                lm=self.task_model,
                demos=run.bootstrapped + run.labeled,
            ),
        ]

    def _run(
        self,
        student: Module,
        trainset: Examples,
        valset: Examples | None,
        num_trials: int | None,
        max_bootstrapped_demos: int | None,
        max_labeled_demos: int | None,
        seed: int | None,
        minibatch: bool,
    ) -> _Run:
        """What the arguments amount to."""
        given = self.seed if seed is None else seed
        bootstrapped = (
            self.max_bootstrapped_demos if max_bootstrapped_demos is None else max_bootstrapped_demos
        )
        labeled = self.max_labeled_demos if max_labeled_demos is None else max_labeled_demos
        zero_shot = bootstrapped == 0 and labeled == 0
        count = len(instructions_of(student))
        self._verify_amounts(num_trials, count, zero_shot)
        train, val = _split(as_examples("trainset", trainset), valset)
        if self.auto is None:
            assert num_trials is not None
            assert self.num_candidates is not None
            candidates = self.num_candidates
            return _Run(
                train,
                val,
                given,
                num_trials,
                candidates,
                candidates,
                bootstrapped,
                labeled,
                zero_shot,
                minibatch,
            )
        candidates, rows = AUTO_RUN_SETTINGS[self.auto]
        if len(val) > rows:
            val = [val[number] for number in random.Random(given).sample(range(len(val)), rows)]
        return _Run(
            train,
            val,
            given,
            trials_for(candidates, count, zero_shot),
            candidates,
            candidates if zero_shot else candidates // 2,
            bootstrapped,
            labeled,
            zero_shot,
            minibatch and len(val) > MIN_MINIBATCH_SIZE,
        )

    def _verify_amounts(self, num_trials: int | None, predictors: int, zero_shot: bool) -> None:
        if self.auto is not None:
            given = [
                name
                for name, value in (("num_candidates", self.num_candidates), ("num_trials", num_trials))
                if value is not None
            ]
            if given:
                raise OptimizerError(
                    f'`auto="{self.auto}"` sets how much is searched, so `{given[0]}` cannot be given too; '
                    "write MIPROv2(auto=None, …) to set it yourself"
                )
        elif self.num_candidates is None:
            raise OptimizerError(
                "without `auto`, MIPROv2 needs `num_candidates=`, and `compile` needs `num_trials=`"
            )
        elif num_trials is None:
            advised = trials_for(self.num_candidates, predictors, zero_shot)
            raise OptimizerError(
                f"without `auto`, `compile` needs `num_trials=`; for {self.num_candidates} candidates, about "
                f"{advised} are good"
            )


@dataclass(frozen=True)
class _Run:
    """A run, as its arguments describe it."""

    train: list[Example]
    val: list[Example]
    seed: int
    trials: int
    demo_sets: int
    instructions: int
    bootstrapped: int
    labeled: int
    zero_shot: bool
    minibatch: bool

    def verify(self, student: Module, teacher: Module | Labels | None, minibatch_size: int) -> None:
        """Raise what does not fit."""
        verify_optuna("MIPROv2")
        if self.minibatch and minibatch_size > len(self.val):
            raise OptimizerError(
                f"a minibatch of {minibatch_size} rows is larger than the valset of {len(self.val)}; give a "
                "smaller `minibatch_size=`, or `minibatch=False`"
            )
        verify_teacher(student, teacher, self.train)


def _refuse_permission(is_asked_for: bool | None) -> None:
    """Complain where a run is not to begin before somebody has agreed to what it costs."""
    if is_asked_for:
        raise also_as(
            OptimizerError(
                "MIPROv2 asks nobody before it runs; leave out `requires_permission_to_run`, and see with "
                "`dspyc optimize --plan` what a run costs at most"
            ),
            ValueError(),
        )


def trials_for(candidates: int, predictors: int, zero_shot: bool) -> int:
    """How many choices to try for so many candidates: enough for each, and more for each predictor."""
    variables = predictors if zero_shot else 2 * predictors
    return int(max(2 * variables * math.log2(candidates), 1.5 * candidates))


def _split(train: list[Example], valset: Sequence[Example] | None) -> tuple[list[Example], list[Example]]:
    if valset is not None:
        return train, as_examples("valset", valset)
    if len(train) < 2:
        raise OptimizerError(
            "without a valset, the trainset needs at least 2 examples, one of them to measure on"
        )
    rows = min(1000, max(1, int(len(train) * 0.8)))
    return train[: len(train) - rows], train[len(train) - rows :]
