"""`SIMBA`: instructions and demos that grow from what a program's better runs do differently."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Annotated, Any

from ..errors import OptimizerError
from ..evaluate import Evaluate
from ..example import Example
from ..execution.progress import within
from ..execution.settings import context
from ..interface import Examples, Metric
from ..limits import Ge, Gt
from ..lm.base import BaseLM
from ..modules.base import Module
from ..parameters import KW_ONLY, parameters
from ..work.identity import program_digest
from ..work.run import exhausted, stage
from .advice import advice_inputs, advisor
from .base import Candidates, Optimizer, as_examples
from .best import Publisher, publishing
from .instructions import instructions_of, with_instructions
from .plan import Planned, Span, writing_prompt
from .prompting import Proposals, Question, ask_all, model_for
from .rollouts import Call, sampling
from .study import Study
from .teaching import let_ask, of_requests, of_runs
from .trajectories import Bucket, Draw, Trajectory, buckets_of, percentile, poisson, sampled, softmax_draw
from .trials import Partly, Steps

logger = logging.getLogger("dspyc")

_LOW, _HIGH = 0.1, 0.9
_TAUGHT = "sample 0"
"""The runs that are made with the teacher's settings."""
_DEMOS_WITHOUT_LIMIT = 3
_SHOWN_ROWS = 10
"""How many rows' worth of text two runs of a program on one row are, in a plan."""


@parameters
class SIMBA(Optimizer):
    """Samples runs of a program on small batches, and learns from the examples on which they differ most.

    In each step, programs of the pool run several times on a batch. From the examples with the largest gap
    between their best and their worst run come new programs: one of the pool with the best run as a demo, or
    with advice in its instructions that a model gives after comparing the two runs. They are scored on the
    batch and join the pool. At the end, the winners of the steps are scored on the whole trainset, and the
    best is returned; the student is among them, so the result never scores below it. It has
    `candidate_programs`, best first, and `trial_logs`, what each step scored.

    From DSPy: stochastic introspective mini-batch ascent (https://dspy.ai/api/optimizers/SIMBA/; Khattab et
    al., 2023, arXiv:2310.03714). Comparing runs for advice is as in Reflexion (Shinn et al., 2023,
    arXiv:2303.11366).
    """

    _: KW_ONLY
    metric: Metric
    """How good a prediction is; what it says beside the score is shown to the model that gives advice."""
    bsize: Annotated[int, Ge(1)] = 32
    """How many examples a batch has; the whole trainset where that has fewer."""
    num_candidates: Annotated[int, Ge(1)] = 6
    """How often to run on each example of a batch, and about how many new programs to make in a step."""
    max_steps: Annotated[int, Ge(1)] = 8
    """How many steps."""
    max_demos: Annotated[int, Ge(0)] = 4
    """About how many demos a predictor gets before older ones are dropped; 0 makes advice only."""
    prompt_model: BaseLM | None = None
    """What gives advice; the configured model when None."""
    teacher_settings: dict[str, Any] | None = None
    """Settings for one of the runs on each example: those of `configure`, such as a stronger `lm`, which then
    answers for all predictors, and those of requests, such as `temperature`.
    """
    demo_input_field_maxlen: Annotated[int, Ge(1)] = 100_000
    """The number of characters after which a text in a demo's inputs is cut."""
    num_threads: Annotated[int, Ge(1)] | None = None
    """How many examples to run at a time; `settings.num_threads` unless given."""
    temperature_for_sampling: Annotated[float, Gt(0)] = 0.2
    """How freely to choose the programs that run: low prefers the best, high makes all equal."""
    temperature_for_candidates: Annotated[float, Gt(0)] = 0.2
    """How freely to choose the programs that new ones are made of."""

    def compile(self, student: Module, *, trainset: Examples, seed: int = 0) -> Module:
        """Return the best program.

        Args:
            student: the program; it is not changed.
            trainset: the examples.
            seed: the seed of all draws.

        Raises:
            OptimizerError: the program has no predictor, or no program could be measured.
        """
        examples = as_examples("trainset", trainset)
        instructions_of(student)
        ascent = _Ascent(self, student.deepcopy(), examples, random.Random(seed))
        evaluate = Evaluate(
            devset=examples,
            metric=self.metric,
            num_threads=self.num_threads,
            # A program that fails scores 0 there; that is no reason to end.
            max_errors=len(examples) + 1,
        )
        study = Study(lambda candidate: ascent.pool[candidate["program"]].program, evaluate)
        try:
            with publishing() as publish:
                found = study.search(ascent.steps(publish))
            winner: Any = (study.promising() or found).program
        except OptimizerError:
            if exhausted() is None or len(ascent.pool) == 1:
                raise
            winner = ascent.leader()
            logger.warning("the budget is used up; the best program on a batch is kept")
        winner = winner.deepcopy()
        winner._compiled = True
        winner.candidate_programs = Candidates(
            [
                {"score": trial.score, "subscores": list(trial.subscores), "program": trial.program}
                for trial in study.measured
            ]
        )
        winner.trial_logs = ascent.logs
        return winner  # type: ignore[no-any-return]

    def verify(self, student: Module, *, trainset: Examples, seed: int = 0) -> None:
        """Raise what `compile` would reject.

        Args:
            student: the program.
            trainset: as in `compile`.
            seed: as in `compile`.

        Raises:
            OptimizerError: what `compile` would raise before its first call.
        """
        as_examples("trainset", trainset)
        instructions_of(student)

    def plan(self, student: Module, **arguments: Any) -> Sequence[Planned]:
        """What `compile` will ask of models; see `Optimizer.plan`."""
        examples = list(arguments["trainset"])
        batch, runs = min(self.bsize, len(examples)), self.num_candidates
        # In each step at most one program more than asked for; in the end the winners, the student first.
        made = self.max_steps * (runs + 1)
        finalists = min(self.max_steps, runs) + 1
        teacher = (self.teacher_settings or {}).get("lm")
        taught = self.max_steps * batch if teacher is not None else 0
        sampled = self.max_steps * batch * runs - taught
        most = sampled + made * batch + finalists * len(examples)
        longest = sorted(examples, key=lambda row: -len(str(row)))[:_SHOWN_ROWS]
        return [
            Planned("teacher", Span(taught, taught), student, lm=teacher, demos=self._most_demos),
            Planned("program", Span(sampled + len(examples), most), student, demos=self._most_demos),
            Planned(
                "prompt model",
                Span(0, made),
                lm=self.prompt_model,
                prompt=writing_prompt(student, longest),
            ),
        ]

    @property
    def _most_demos(self) -> int:
        """About as many demos as a predictor gets: each step may add one before any is dropped."""
        return self.max_steps if self.max_demos else 0


@dataclass
class _Member:
    """A program of the pool, and its scores so far."""

    program: Module
    scores: list[float] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """Its mean score; 0 where there is none."""
        return sum(self.scores) / len(self.scores) if self.scores else 0.0


@dataclass
class _Plan:
    """A program that is to be made of one of the pool."""

    program: Module
    bucket: Bucket
    gives_advice: bool = False


class _Ascent:
    """The search: batches, what is made of them, and the winners of the steps."""

    def __init__(
        self, settings: SIMBA, student: Module, examples: Sequence[Example], rng: random.Random
    ) -> None:
        self.pool = [_Member(student)]
        self.logs: dict[int, dict[str, Any]] = {}
        self._winners = [0]
        self._settings = settings
        self._examples = examples
        self._rng = rng
        self._order = list(range(len(examples)))
        self._next = len(examples)
        self._known = {program_digest(student)}
        # What the student has learned before is never dropped.
        self._kept = {name: len(one.demos or ()) for name, one in student.named_predictors()}
        self._advisor = advisor()
        self._model = model_for(settings.prompt_model, student)
        self._proposals = Proposals("advice")

    def steps(self, publish: Publisher) -> Steps:
        """What to measure: the new programs of each step on its batch, the winners on all rows.

        Args:
            publish: told of the leader after each step, and of the best in the end.
        """
        for number in range(1, self._settings.max_steps + 1):
            rows = self._batch()
            with within(f"step {number} of {self._settings.max_steps}"), stage(f"step {number}"):
                made = self._made(rows)
            if made is None:
                break
            first = len(self.pool)
            self.pool += [_Member(program) for program in made]
            if made:
                trials = yield [Partly({"program": first + index}, rows) for index in range(len(made))]
                for trial in trials:
                    member = self.pool[trial.candidate["program"]]
                    member.scores += trial.subscores or [0.0] * len(rows)
                self._winners.append(max(range(first, len(self.pool)), key=lambda at: self.pool[at].mean))
                publish(self.leader(), round(100 * max(member.mean for member in self.pool), 2))
            means = [round(100 * member.mean, 2) for member in self.pool[first:]]
            self.logs[number - 1] = {"batch_scores": means}
        self._proposals.verify()
        finals = self._finalists()
        trials = yield [{"program": index} for index in finals]
        for trial in trials:
            step = self._winners.index(trial.candidate["program"]) - 1
            if step in self.logs:
                self.logs[step]["train_score"] = trial.score
        measured = [trial for trial in trials if trial.score is not None]
        if measured:
            best = max(measured, key=lambda trial: trial.score or 0.0)
            publish(best.program, best.score)

    def leader(self) -> Module:
        """The program with the best mean on what it was measured on so far."""
        return max(self.pool, key=lambda member: member.mean).program.deepcopy()

    def _batch(self) -> tuple[int, ...]:
        size = min(self._settings.bsize, len(self._order))
        if self._next + size > len(self._order):
            self._rng.shuffle(self._order)
            self._next = 0
        rows = tuple(self._order[self._next : self._next + size])
        self._next += size
        return rows

    def _finalists(self) -> list[int]:
        last, count = len(self._winners) - 1, self._settings.num_candidates + 1
        places = dict.fromkeys(round(index * last / (count - 1)) for index in range(count))
        return [self._winners[place] for place in places]

    # --- one step ---------------------------------------------------------------------------------------

    def _made(self, rows: tuple[int, ...]) -> list[Module] | None:
        """New programs from what the pool does on a batch; None where the budget is used up."""
        runs = self._sampled(self._draws(rows))
        if runs is None:
            return None
        self.pool[0].scores += [run.score for run in runs if run.index == 0]
        scores = [run.score for run in runs]
        plans = self._plans(
            buckets_of(runs, self._examples), percentile(scores, _LOW), percentile(scores, _HIGH)
        )
        return self._carried_out(plans)

    def _sampled(self, draws: Sequence[Draw]) -> list[Trajectory] | None:
        """The runs of all draws; those of the teacher apart where it has settings of its own."""
        settings = self._settings
        own = {name: value for name, value in of_runs(settings.teacher_settings).items() if name != "lm"}
        taught = [draw for draw in draws if own and draw.name == _TAUGHT]
        runs: list[Trajectory] = []
        for given, some in ((own, taught), ({}, [draw for draw in draws if draw not in taught])):
            with context(**given) if given else nullcontext():
                found = sampled(some, self._examples, settings.metric, settings.num_threads)
            if found is None:
                return None
            runs += found
        return runs

    def _draws(self, rows: tuple[int, ...]) -> list[Draw]:
        """Which program runs on which example, in which sample: for each sample, drawn for each example."""
        top, settings = self._top(), self._settings
        teacher = (settings.teacher_settings or {}).get("lm")
        draws: list[Draw] = []
        for number in range(settings.num_candidates):
            chosen: dict[int, list[int]] = {}
            for row in rows:
                index = top[self._drawn(top, settings.temperature_for_sampling)]
                chosen.setdefault(index, []).append(row)
            name = f"sample {number}"
            for index, found in chosen.items():
                twin = sampling(self.pool[index].program, number, teacher if name == _TAUGHT else None)
                if name == _TAUGHT:
                    let_ask(twin, of_requests(settings.teacher_settings))
                draws.append(Draw(index, twin, tuple(found), name))
        return draws

    def _top(self) -> list[int]:
        """The best programs of the pool, and the student."""
        ordered = sorted(range(len(self.pool)), key=lambda index: -self.pool[index].mean)
        top = ordered[: self._settings.num_candidates]
        return list(dict.fromkeys(top if 0 in top else [*top[:-1], 0]))

    def _drawn(self, top: Sequence[int], temperature: float) -> int:
        return softmax_draw(self._rng, [self.pool[index].mean for index in top], temperature)

    def _plans(self, buckets: Sequence[Bucket], low: float, high: float) -> list[_Plan]:
        """What is to be made of the buckets; one from which nothing can be learned gives no program."""
        plans: list[_Plan] = []
        settings = self._settings
        for bucket in buckets:
            if len(plans) > settings.num_candidates:
                break
            top = self._top()
            source = self.pool[top[self._drawn(top, settings.temperature_for_candidates)]].program
            program = source.deepcopy()
            self._drop_demos(program)
            gives_advice = settings.max_demos == 0 or self._rng.random() < 0.5
            is_good = bucket.best.score > low
            if is_good and not gives_advice:
                self._add_demo(program, bucket.best)
            plans.append(_Plan(program, bucket, gives_advice and is_good and bucket.worst.score < high))
        return plans

    def _carried_out(self, plans: Sequence[_Plan]) -> list[Module] | None:
        """The programs of plans, with their advice; without those that the pool has already."""
        asked = [plan for plan in plans if plan.gives_advice]
        answers = ask_all(
            self._advisor,
            [Question(_shown(plan), self._model) for plan in asked],
            what="advice",
            num_threads=self._settings.num_threads,
        )
        advice = {id(plan): answer for plan, answer in zip(asked, answers, strict=True)}
        made: list[Module] = []
        for plan in plans:
            program = plan.program
            if plan.gives_advice:
                answer = advice[id(plan)]
                if answer is None:
                    return None
                if isinstance(answer, Exception):
                    continue
                program = _advised(program, answer.module_advice)
            if (name := program_digest(program)) not in self._known:
                self._known.add(name)
                made.append(program)
        self._proposals.take([*answers, *made])
        return made

    def _drop_demos(self, program: Module) -> None:
        """Drop some of the demos that this search has added: the more there are, the more."""
        added = {name: list(one.demos or ())[self._kept[name] :] for name, one in program.named_predictors()}
        most = max(map(len, added.values()), default=0)
        limit = self._settings.max_demos or _DEMOS_WITHOUT_LIMIT
        count = min(max(poisson(self._rng, most / limit), int(most >= limit)), most)
        dropped = {self._rng.randrange(most) for _ in range(count)}
        for name, predictor in program.named_predictors() if dropped else ():
            kept = [demo for index, demo in enumerate(added[name]) if index not in dropped]
            predictor.demos = [*predictor.demos[: self._kept[name]], *kept]

    def _add_demo(self, program: Module, run: Trajectory) -> None:
        """Show a run to a program: the last call of each predictor."""
        last: dict[str, Call] = {call.predictor: call for call in run.rollout.calls}
        for name, predictor in program.named_predictors():
            if name not in last:
                continue
            inputs = {each: self._cut(value) for each, value in last[name].inputs.items()}
            demo = Example(augmented=True, **{**inputs, **dict(last[name].outputs)})
            if demo not in (predictor.demos or ()):
                predictor.demos = [*(predictor.demos or ()), demo]

    def _cut(self, value: Any) -> Any:
        most = self._settings.demo_input_field_maxlen
        return f"{value[:most]}\n… (cut)" if isinstance(value, str) and len(value) > most else value


def _shown(plan: _Plan) -> dict[str, Any]:
    """What the advisor sees; of two runs that scored the same, only the one that is telling."""
    same = plan.bucket.best.score <= plan.bucket.worst.score
    return advice_inputs(plan.program, plan.bucket, is_good_known=not same, is_bad_known=True)


def _advised(program: Module, advice: dict[str, str]) -> Module:
    own = instructions_of(program)
    return with_instructions(
        program, {name: f"{own[name]}\n\n{text}" for name, text in advice.items() if name in own and text}
    )
