"""The search of `MIPROv2`: which instruction and which set of demos each predictor gets."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..example import Example
from ..execution import pool
from ..execution.settings import lookup
from ..interface import Metric
from ..lm.base import BaseLM
from ..modules.base import Module
from .base import Candidates
from .bayesian import Choice, Sampler
from .demo_sets import DemoPlan, make_demo_sets
from .grounded_proposer import GroundedProposer
from .instructions import give_instructions, instructions_of
from .labels import Labels
from .log_dir import save_programs
from .study import Study
from .trials import Candidate, Partly, Steps, Trial

DEMOS_FOR_PROPOSALS = 3
"""How many demos a proposal shows, and how many are made for that alone where only instructions are searched.
"""
AT_ONCE = 5
"""How many choices are tried at the same time where each is measured on all rows."""


@dataclass(frozen=True)
class Settings:
    """How to search.

    Attributes:
        seed: draws everything that is drawn.
        trials: how many choices to try.
        demo_sets: how many sets of demos there are.
        instructions: how many instructions each predictor can choose from, its own included.
        zero_shot: whether only instructions are searched.
        max_bootstrapped_demos: the most demos from runs in a set.
        max_labeled_demos: the number of demos up to which labelled ones are added to a set.
        minibatch_size: how many rows a choice is measured on; None for all.
        full_eval_steps: after how many choices the best is measured on all rows.
        program_aware: show the program to the model that writes.
        data_aware: show it a summary of the data.
        view_data_batch_size: how many rows it looks at in each call.
        tip_aware: give it a tip.
        fewshot_aware: show it demos.
        metric: accepts runs as demos.
        metric_threshold: the lowest accepted score.
        teacher_settings: settings for the teacher's runs.
        max_errors: how many failed runs end the making of a set of demos.
        init_temperature: the temperature at which instructions are written.
        verbose: log each instruction.
        log_dir: a folder for states.
    """

    seed: int
    trials: int
    demo_sets: int
    instructions: int
    zero_shot: bool
    max_bootstrapped_demos: int
    max_labeled_demos: int
    minibatch_size: int | None
    full_eval_steps: int
    program_aware: bool
    data_aware: bool
    view_data_batch_size: int
    tip_aware: bool
    fewshot_aware: bool
    metric: Metric
    metric_threshold: float | None
    teacher_settings: dict[str, Any] | None
    max_errors: int | None
    init_temperature: float
    verbose: bool
    log_dir: str | None

    @property
    def total_trials(self) -> int:
        """How many programs are tried, with the one there is and those measured once more on all rows."""
        full = 0 if self.minibatch_size is None else math.ceil(self.trials / self.full_eval_steps)
        return 1 + self.trials + full


class Search:
    """The choices that are tried.

    Args:
        settings: how to search.
        student: the program.
        train: the examples to make demos and instructions from.
        teacher: whose runs become demos.
        prompt_model: the model that writes instructions.
        rows: how many rows the valset has.
    """

    def __init__(
        self,
        settings: Settings,
        student: Module,
        train: Sequence[Example],
        teacher: Module | Labels | None,
        prompt_model: BaseLM | None,
        rows: int,
    ) -> None:
        self._settings = settings
        self._student = student
        self._train = train
        self._teacher = teacher
        self._prompt_model = prompt_model
        self._rows = rows
        self._rng = random.Random(settings.seed)
        self._texts: list[list[str]] = [[text] for text in instructions_of(student).values()]
        self._sets: dict[int, list[list[Any]]] = {}

    def build(self, candidate: Candidate) -> Module:
        """The program of a choice."""
        program = self._student.deepcopy()
        for number, predictor in enumerate(program.predictors()):
            give_instructions(predictor, self._texts[number][candidate[_instruction(number)]])
            if (chosen := candidate.get(_demos(number))) is not None and chosen > 0:
                predictor.demos = list(self._sets[number][chosen])
        return program

    def steps(self) -> Steps:
        """The program as it is, then choices in groups."""
        settings = self._settings
        own = self._own()
        (first,) = yield [own]
        self._sets, proposer = self._prepared()
        if proposer is not None:
            self._texts = self._proposed(proposer)
        if settings.zero_shot:
            self._sets = {}
        sizes = dict(self._sizes())
        sampler = Sampler("MIPROv2", sizes, settings.seed)
        own = dict.fromkeys(sizes, 0)
        sampler.note(own, first.score or 0.0)
        known = {_key(own)}
        means: dict[tuple[int, ...], list[float]] = {}
        left = settings.trials
        while left > 0 and math.prod(sizes.values()) > 1:
            minibatches = settings.minibatch_size is not None
            count = min(left, settings.full_eval_steps if minibatches else AT_ONCE)
            left -= count
            asked = [sampler.ask() for _ in range(count)]
            trials = yield [self._measured(choice) for _, choice in asked]
            for (number, choice), trial in zip(asked, trials, strict=True):
                # One that cannot be measured is as bad as one that gets nothing right.
                sampler.tell(number, trial.score or 0.0)
                if trial.score is not None:
                    means.setdefault(_key(choice), []).append(trial.score)
            best = max(
                (key for key in means if key not in known), key=lambda key: _mean(means[key]), default=None
            )
            if minibatches and best is not None:
                known.add(best)
                choice = dict(zip(sizes, best, strict=True))
                (trial,) = yield [choice]
                sampler.note(choice, trial.score or 0.0)

    def attach(self, winner: Any, study: Study, paths: Mapping[int, str]) -> None:
        """Put onto the winner what was tried, and where its states are."""
        entries = [_entry(trial) for trial in study.trials if trial.score is not None]
        full = {id(entry["program"]): entry for entry in entries if entry["full_eval"]}
        winner.candidate_programs = Candidates(_distinct(full.values()))
        winner.mb_candidate_programs = Candidates([entry for entry in entries if not entry["full_eval"]])
        winner.score = next(study.score_of(trial) for trial in study.trials if trial.program is winner)
        winner.total_calls = sum(self._row_count(trial) for trial in study.trials)
        winner.trial_logs = TrialLogs(self._logs(study.trials, paths))

    def save(self, study: Study) -> dict[int, str]:
        """Write the states of the programs that were tried, where that is asked for; the paths by trial."""
        if self._settings.log_dir is None:
            return {}
        programs = {trial.number: trial.program for trial in study.trials if trial.program is not None}
        return save_programs(Path(self._settings.log_dir) / "evaluated_programs", programs)

    # --- what there is to choose from -------------------------------------------------------------------

    def _prepared(self) -> tuple[dict[int, list[list[Any]]], GroundedProposer | None]:
        """The sets of demos, and what proposes instructions where any are wanted: it looks at the data, call
        by call, while the demos are made.
        """
        work: list[Callable[[], Any]] = [self._demo_sets]
        if self._settings.instructions > 1:
            work.append(self._proposer)
        threads = min(len(work), int(lookup("num_threads", self._student._defaults)))
        outcomes = pool.run_all(lambda each: each(), work, num_threads=threads)
        made = [outcome.get() for outcome in outcomes if outcome is not None]
        return made[0], made[1] if len(made) > 1 else None

    def _demo_sets(self) -> dict[int, list[list[Any]]]:
        settings = self._settings
        if settings.zero_shot and not settings.fewshot_aware:
            return {}
        plan = DemoPlan(
            count=settings.instructions if settings.zero_shot else settings.demo_sets,
            metric=settings.metric,
            metric_threshold=settings.metric_threshold,
            max_bootstrapped_demos=DEMOS_FOR_PROPOSALS
            if settings.zero_shot
            else settings.max_bootstrapped_demos,
            max_labeled_demos=settings.max_labeled_demos,
            teacher_settings=settings.teacher_settings,
            max_errors=settings.max_errors,
            seed=settings.seed,
        )
        return make_demo_sets(self._student, self._train, self._teacher, plan)

    def _proposer(self) -> GroundedProposer:
        settings = self._settings
        return GroundedProposer(
            self._prompt_model,
            self._student,
            self._train,
            view_data_batch_size=settings.view_data_batch_size,
            use_dataset_summary=settings.data_aware,
            program_aware=settings.program_aware,
            use_task_demos=settings.fewshot_aware,
            num_demos_in_context=DEMOS_FOR_PROPOSALS,
            use_instruct_history=False,
            use_tip=settings.tip_aware,
            set_tip_randomly=settings.tip_aware,
            set_history_randomly=False,
            verbose=settings.verbose,
            rng=self._rng,
            init_temperature=settings.init_temperature,
        )

    def _proposed(self, proposer: GroundedProposer) -> list[list[str]]:
        """The instructions of each predictor, its own first; none twice."""
        # The first would be replaced by the predictor's own.
        found = proposer.propose_instructions_for_program(
            self._train, self._student, self._sets, {}, self._settings.instructions, first=1
        )
        return [
            list(dict.fromkeys([*own, *(text for text in found[number] if text)]))
            for number, own in enumerate(self._texts)
        ]

    def _sizes(self) -> Iterator[tuple[str, int]]:
        for number, texts in enumerate(self._texts):
            yield _instruction(number), len(texts)
            if self._sets:
                yield _demos(number), len(self._sets[number])

    def _own(self) -> Choice:
        return {_instruction(number): 0 for number in range(len(self._texts))}

    def _measured(self, choice: Choice) -> Candidate | Partly:
        size = self._settings.minibatch_size
        if size is None or size >= self._rows:
            return choice
        return Partly(choice, self._rng.sample(range(self._rows), size))

    # --- what is told of it -----------------------------------------------------------------------------

    def _row_count(self, trial: Trial) -> int:
        return self._rows if trial.rows is None else len(trial.rows)

    def _logs(self, trials: Sequence[Trial], paths: Mapping[int, str]) -> dict[int, dict[str, Any]]:
        logs: dict[int, dict[str, Any]] = {}
        total = 0
        for trial in trials:
            kind = "full_eval" if trial.rows is None else "mb"
            total += self._row_count(trial)
            logs[trial.number] = {
                **trial.candidate,
                f"{kind}_program": trial.program,
                f"{kind}_program_path": paths.get(trial.number),
                f"{kind}_score": trial.score,
                "total_eval_calls_so_far": total,
            }
        return logs


class TrialLogs(Mapping[int, dict[str, Any]]):
    """What is known of each trial, by its number.

    The programs in it are no parts of the program that it is kept on, which is why this is not a dict: a
    program's parts are found in its dicts.
    """

    def __init__(self, logs: Mapping[int, dict[str, Any]]) -> None:
        self._logs = dict(logs)

    def __getitem__(self, number: int) -> dict[str, Any]:
        return self._logs[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._logs)

    def __len__(self) -> int:
        return len(self._logs)

    def __deepcopy__(self, memo: dict[int, Any]) -> TrialLogs:
        return self

    def __repr__(self) -> str:
        return f"TrialLogs({len(self)} trials)"


def _entry(trial: Trial) -> dict[str, Any]:
    return {
        "score": trial.score,
        "subscores": list(trial.subscores),
        "seed": None,
        "program": trial.program,
        "full_eval": trial.rows is None,
        "choice": dict(trial.candidate),
    }


def _distinct(entries: Any) -> list[dict[str, Any]]:
    """The entries without those whose choice was tried before."""
    found: dict[tuple[tuple[str, int], ...], dict[str, Any]] = {}
    for entry in entries:
        found.setdefault(
            tuple(sorted((name, number) for name, number in entry["choice"].items() if number)), entry
        )
    return list(found.values())


def _instruction(number: int) -> str:
    return f"{number}_predictor_instruction"


def _demos(number: int) -> str:
    return f"{number}_predictor_demos"


def _key(choice: Choice) -> tuple[int, ...]:
    return tuple(choice.values())


def _mean(scores: Sequence[float]) -> float:
    return sum(scores) / len(scores)
