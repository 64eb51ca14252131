"""The search of `GEPA`: look at runs of a good candidate, rewrite an instruction, keep what is better."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from ..errors import OptimizerError
from ..evaluate.rows import describe_errors
from ..example import Example
from ..execution.progress import report
from ..execution.settings import context
from ..interface import Metric
from ..lm.base import BaseLM
from ..modules.base import Module
from ..values.rendering import to_json_types
from ..work.identity import digest
from ..work.run import exhausted, is_journalled, perform, stage
from ..work.task import Codec
from .evolution import Batches, Member, Merge, Population
from .instructions import instructions_of, with_instructions
from .prompting import Proposals
from .reflection import InstructionWriter, Reflection, ReflectiveExample, propose_one
from .reflection_runs import Trajectory, run_trajectories
from .trials import Candidate, Partly, Steps, Trial

logger = logging.getLogger("dspyc")

ComponentSelector: TypeAlias = Callable[
    [Any, Sequence[Trajectory], Sequence[float], int, Mapping[str, str]], Sequence[str]
]
"""Chooses the predictors to improve: `(state, trajectories, scores, number, candidate) -> names`."""
_AS_IS: Codec[Any] = Codec(lambda value: value, lambda task, plain: dict(plain))


@dataclass(frozen=True)
class Settings:
    """How to search; see `GEPA`."""

    metric: Metric
    metric_calls: int
    minibatch: int
    strategy: Literal["pareto", "current_best"]
    skip_perfect_score: bool
    perfect_score: float
    failure_score: float
    selector: Literal["round_robin", "all"] | ComponentSelector
    merges: int
    at_once: int
    num_threads: int
    seed: int


@dataclass
class _Mutation:
    """A candidate that is being improved.

    Attributes:
        parent: its number.
        batch: the numbers of the examples that are looked at.
        runs: what its program makes of them.
        names: the predictors whose instructions are to be written.
        dataset: what is shown for each of them.
        texts: the new instructions, where there are any.
    """

    parent: int
    batch: list[int]
    runs: list[Trajectory] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    dataset: dict[str, list[ReflectiveExample]] = field(default_factory=dict)
    texts: dict[str, str] | None = None


class Search:
    """The candidates that are tried. It is the `state` that selectors of components are given.

    Args:
        settings: how to search.
        student: the program.
        train: the examples that are looked at.
        rows: how many rows the valset has.
        writer: writes new instructions.
        writing_model: the model that is in force when it does.
        reflection: what it is shown.
    """

    def __init__(
        self,
        settings: Settings,
        student: Module,
        train: Sequence[Example],
        rows: int,
        writer: InstructionWriter,
        writing_model: BaseLM | None,
        reflection: Reflection,
    ) -> None:
        self.population = Population()
        self.spent = 0
        self.rounds = 0
        self._settings = settings
        self._student = student
        self._train = train
        self._rows = rows
        self._writer = writer
        self._writing_model = writing_model
        self._reflection = reflection
        self._proposals = Proposals("instruction")
        self._rng = random.Random(settings.seed)
        self._batches = Batches(len(train), settings.minibatch, self._rng)
        self._next_component: list[int] = []
        self._merges_due = 0
        self._merges_made = 0
        self._seen: dict[tuple[tuple[str, ...], int], Trajectory] = {}

    @property
    def program_candidates(self) -> list[Mapping[str, str]]:
        """The instructions of all candidates."""
        return [member.texts for member in self.population.members]

    def build(self, candidate: Candidate) -> Module:
        """The program of a candidate."""
        return with_instructions(self._student, candidate["instructions"])

    def steps(self) -> Steps:
        """The program as it is, then what comes of it, round by round."""
        (first,) = yield [{"instructions": instructions_of(self._student)}]
        if first.score is None:
            return
        self._add(first, ())
        found_new = False
        while self._has_room():
            self.rounds += 1
            merge = self.population.merge(self._rng) if found_new and self._merges_due > 0 else None
            found_new = False
            if merge is not None:
                yield from self._merge(merge)
                continue
            accepted = self._improved()
            while accepted and self._has_room():
                # As many as there is room for; there is always room for the first.
                count = max(1, (self._settings.metric_calls - self.spent) // self._rows)
                group, accepted = accepted[:count], accepted[count:]
                trials = yield [{"instructions": each.texts} for each in group]
                for mutation, trial in zip(group, trials, strict=True):
                    if trial.score is not None:
                        self._add(trial, (mutation.parent,))
                        found_new = True
                        self._merges_due += self._merges_made < self._settings.merges
                    else:
                        self.spent += self._rows
        self._proposals.verify()

    def _has_room(self) -> bool:
        report("metric calls", min(self.spent, self._settings.metric_calls), self._settings.metric_calls)
        return self.spent < self._settings.metric_calls and exhausted() is None

    def _add(self, trial: Trial, parents: tuple[int, ...]) -> None:
        assert trial.program is not None
        mean = sum(trial.subscores) / len(trial.subscores)
        self.population.members.append(
            Member(
                trial.candidate["instructions"],
                trial.program,
                mean,
                trial.subscores,
                parents,
                self.spent,
                trial.predictions,
            )
        )
        # A new candidate goes on where its parent was, so that all of its predictors have their turn.
        self._next_component.append(self._next_component[parents[0]] if parents else 0)
        self.spent += self._rows

    # --- two candidates put together --------------------------------------------------------------------

    def _merge(self, merge: Merge) -> Steps:
        candidate = {"instructions": merge.texts}
        (part,) = yield [Partly(candidate, merge.rows)]
        self.spent += len(merge.rows)
        parents = [self.population.members[number] for number in merge.parents]
        wanted = max(sum(parent.subscores[row] for row in merge.rows) for parent in parents)
        if part.score is None or sum(part.subscores) < wanted:
            return
        self._merges_due -= 1
        self._merges_made += 1
        (trial,) = yield [candidate]
        if trial.score is not None:
            self._add(trial, merge.parents)
        else:
            self.spent += self._rows

    # --- one candidate improved -------------------------------------------------------------------------

    def _improved(self) -> list[_Mutation]:
        """Candidates that do better on a minibatch than what they were made of, the greatest step first."""
        per_mutation = 2 * self._settings.minibatch
        room = -(-(self._settings.metric_calls - self.spent) // per_mutation)
        mutations = [
            _Mutation(self._chosen(), self._batches.next())
            for _ in range(max(1, min(self._settings.at_once, room)))
        ]
        with stage(f"round {self.rounds}"):
            if not self._look(mutations):
                return []
            promising = [each for each in mutations if self._is_to_improve(each)]
            self._reflect(promising)
            written = self._new(promising)
            return self._better(written) if written else []

    def _chosen(self) -> int:
        if self._settings.strategy == "current_best":
            return self.population.best()
        return self.population.drawn(self._rng)

    def _look(self, mutations: Sequence[_Mutation]) -> bool:
        """Run the candidates on their minibatches; whether there was room for that."""
        members = self.population.members
        found = self._runs([(members[each.parent].texts, each.batch) for each in mutations], "parent")
        for mutation, runs in zip(mutations, found, strict=True):
            if runs is None:
                return False
            mutation.runs = runs
        return True

    def _is_to_improve(self, mutation: _Mutation) -> bool:
        """Whether anything is to be learned from its runs; prepares what is shown of them."""
        settings = self._settings
        scores = [run.score for run in mutation.runs]
        if settings.skip_perfect_score and all(score >= settings.perfect_score for score in scores):
            return False
        member = self.population.members[mutation.parent]
        predictors = dict(member.program.named_predictors())
        names = self._components(mutation, scores, list(member.texts))
        runs = [(self._train[row], run) for row, run in zip(mutation.batch, mutation.runs, strict=True)]
        for name in names:
            shown = self._reflection.examples(name, runs, predictors[name].signature, self._rng)
            if shown:
                mutation.names.append(name)
                mutation.dataset[name] = shown
        return bool(mutation.names)

    def _components(self, mutation: _Mutation, scores: list[float], names: list[str]) -> Sequence[str]:
        selector = self._settings.selector
        if selector == "all":
            return names
        if callable(selector):
            texts = self.population.members[mutation.parent].texts
            chosen = list(selector(self, mutation.runs, scores, mutation.parent, texts))
            if unknown := [name for name in chosen if name not in names]:
                raise OptimizerError(
                    f"`component_selector` returned {unknown[0]!r}; the predictors are {', '.join(names)}"
                )
            return chosen
        turn = self._next_component[mutation.parent]
        self._next_component[mutation.parent] = (turn + 1) % len(names)
        return [names[turn]]

    def _reflect(self, mutations: Sequence[_Mutation]) -> None:
        """Let new instructions be written, at the same time."""
        if not mutations:
            return
        proposals = [
            (dict(self.population.members[each.parent].texts), each.dataset, each.names) for each in mutations
        ]
        changed = {} if self._writing_model is None else {"lm": self._writing_model}
        # With what is shown, or a run that is resumed with other answers would get the words on these.
        name = (
            digest([[texts, names, to_json_types(dataset)] for texts, dataset, names in proposals])[:8]
            if is_journalled()
            else ""
        )
        with context(**changed), stage(f"instructions {name}"):
            outcomes = perform(
                "ask",
                self._student,
                range(len(proposals)),
                propose_one,
                {"proposer": self._writer, "proposals": proposals},
                codec=_AS_IS,
                num_threads=self._settings.num_threads,
            )
        errors = [outcome.error for outcome in outcomes if outcome is not None and outcome.error is not None]
        if errors:
            logger.warning("%d of %d instructions could not be written, %s",
                           len(errors), len(proposals), describe_errors(errors))  # fmt: skip
        self._proposals.take(outcome and (outcome.error or outcome) for outcome in outcomes)
        for mutation, outcome in zip(mutations, outcomes, strict=True):
            if outcome is not None and outcome.error is None:
                mutation.texts = {**self.population.members[mutation.parent].texts, **outcome.get()}

    def _new(self, mutations: Sequence[_Mutation]) -> list[_Mutation]:
        """Those whose instructions no candidate has yet."""
        found: list[_Mutation] = []
        for each in mutations:
            texts = each.texts
            if (
                texts is not None
                and not self.population.has(texts)
                and all(texts != one.texts for one in found)
            ):
                found.append(each)
        return found

    def _better(self, mutations: Sequence[_Mutation]) -> list[_Mutation]:
        """Those that do better on their minibatches than what they were made of."""
        found = self._runs([(each.texts or {}, each.batch) for each in mutations], "child")
        steps: list[tuple[float, int]] = []
        for number, (mutation, runs) in enumerate(zip(mutations, found, strict=True)):
            if runs is None:
                continue
            step = sum(run.score for run in runs) - sum(run.score for run in mutation.runs)
            if step > 0:
                steps.append((-step, number))
        return [mutations[number] for _, number in sorted(steps)]

    def _runs(
        self, wanted: Sequence[tuple[Mapping[str, str], Sequence[int]]], what: str
    ) -> list[list[Trajectory] | None]:
        """What programs with these instructions make of these examples; None where there was no room for it.

        A program is run on an example once. Examples that were looked at before count as metric calls all the
        same, or a search that finds nothing new could go on for ever.
        """
        missing: dict[tuple[str, ...], dict[int, None]] = {}
        for texts, rows in wanted:
            key = tuple(texts.values())
            fresh = {row: None for row in rows if (key, row) not in self._seen}
            if fresh:
                missing.setdefault(key, {}).update(fresh)
        names = list(self.population.members[0].texts)
        jobs = [
            (self.build({"instructions": dict(zip(names, key, strict=True))}), list(rows), f"{what} {number}")
            for number, (key, rows) in enumerate(missing.items(), 1)
        ]
        settings = self._settings
        found = run_trajectories(
            jobs, self._train, settings.metric, settings.failure_score, settings.num_threads
        )
        for (key, fresh), made in zip(missing.items(), found, strict=True):
            if made is not None:
                self._seen.update({(key, row): run for row, run in zip(fresh, made, strict=True)})
        answers: list[list[Trajectory] | None] = []
        for texts, rows in wanted:
            known = [self._seen.get((tuple(texts.values()), row)) for row in rows]
            runs = [run for run in known if run is not None]
            self.spent += len(runs)
            answers.append(runs if len(runs) == len(known) else None)
        return answers
