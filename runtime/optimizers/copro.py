"""`COPRO`: instructions that a model writes, improved one predictor after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import Annotated, Any

from ..errors import OptimizerError
from ..evaluate import Evaluate
from ..interface import Examples, Metric
from ..limits import Ge, Gt
from ..lm.base import BaseLM
from ..modules.base import Module
from ..modules.predict import Predict
from ..parameters import parameters
from ..signature.fields import InputField, OutputField
from ..signature.signature import Signature
from .base import Candidates, Optimizer, as_examples
from .instructions import cleaned, instructions_of, with_instructions
from .plan import Planned, Span, writing_prompt
from .prompting import Proposals, Question, ask_all, model_for
from .study import Study
from .trials import Candidate, Steps, Trial


class GenerateInstruction(Signature):
    """You improve the instructions that language models work by. You get the current instruction of a task.
    Write one that will make a capable model do the task well. Be inventive.
    """

    basic_instruction: str = InputField(desc="the instruction so far")
    proposed_instruction: str = OutputField(desc="the better instruction")


class GenerateInstructionGivenAttempts(Signature):
    """You improve the instructions that language models work by. You get instructions that were tried for a
    task, from the worst to the best, each with the score that it reached; higher is better. Write a new
    instruction that will make a capable model do the task better still. Be inventive.
    """

    attempted_instructions: list[str] = InputField(desc="what was tried, and the scores")
    proposed_instruction: str = OutputField(desc="the better instruction")


@parameters
class COPRO(Optimizer):
    """Lets a model write instructions, and keeps those that score best: coordinate ascent.

    For each predictor, `breadth - 1` instructions are proposed beside its own. All are measured on the
    trainset; the best stays while the next predictor is improved. Then, `depth - 1` times, a model that sees
    what was tried and how it scored proposes `breadth` more. The winner lists everything that was tried, best
    first, in `candidate_programs`. A program that was measured before is not measured again.

    From DSPy (Khattab et al., 2023, arXiv:2310.03714); the history of scored attempts is that of OPRO (Yang
    et al., 2023, arXiv:2309.03409).
    """

    prompt_model: BaseLM | None = None
    """The model that writes instructions; the configured one when None."""
    metric: Metric | None = None
    """How good a prediction is."""
    breadth: Annotated[int, Gt(1)] = 10
    """How many instructions to try for each predictor in each round."""
    depth: Annotated[int, Ge(1)] = 3
    """How many rounds."""
    init_temperature: Annotated[float, Ge(0)] = 1.4
    """The temperature at which instructions are written."""
    track_stats: bool = False
    """Keep the best, worst and mean scores of each round on the winner: `results_best`, `results_latest`."""

    def compile(
        self, student: Module, *, trainset: Examples, eval_kwargs: Mapping[str, Any] | None = None
    ) -> Module:
        """Return the best program.

        Args:
            student: the program; it is not changed.
            trainset: the examples to measure on.
            eval_kwargs: further parameters of the evaluation, such as `num_threads`.

        Raises:
            OptimizerError: there is no metric, the program has no predictor, or no candidate could be
                measured.
        """
        examples = as_examples("trainset", trainset)
        ascent = _Ascent(self, student)
        evaluate = Evaluate(devset=examples, metric=self._metric(), **dict(eval_kwargs or {}))
        study = Study(lambda candidate: with_instructions(student, candidate["instructions"]), evaluate)
        winner: Any = study.search(ascent.steps()).program
        winner.candidate_programs = Candidates(_unique(study.measured))
        winner.total_calls = len(study.measured)
        if self.track_stats:
            winner.results_best, winner.results_latest = ascent.results_best, ascent.results_latest
        return winner  # type: ignore[no-any-return]

    def verify(
        self, student: Module, *, trainset: Examples, eval_kwargs: Mapping[str, Any] | None = None
    ) -> None:
        """Raise what `compile` would reject.

        Args:
            student: the program.
            trainset: as in `compile`.
            eval_kwargs: as in `compile`.

        Raises:
            OptimizerError: what `compile` would raise before its first call.
        """
        as_examples("trainset", trainset)
        instructions_of(student)
        self._metric()

    def plan(self, student: Module, **arguments: Any) -> Sequence[Planned]:
        """What `compile` will ask of models; see `Optimizer.plan`."""
        rows, count = len(arguments["trainset"]), len(instructions_of(student))
        rounds = range(1, self.depth + 1)
        tried = self.breadth * (count * sum(rounds) if count > 1 else self.depth)
        return [
            Planned("program", Span(rows, rows * tried), student),
            Planned(
                "prompt model",
                Span(count, count * self.depth),
                lm=self.prompt_model,
                prompt=writing_prompt(student, []),
                answers=self.breadth,
            ),
        ]

    def _metric(self) -> Metric:
        if self.metric is None:
            raise OptimizerError(
                "COPRO needs a metric, to know which instructions are better: COPRO(metric=…)"
            )
        return self.metric


@dataclass
class _Tried:
    """The best score that an instruction of a predictor has reached, and in which round."""

    score: float
    depth: int


class _Ascent:
    """The search, as groups of candidates that do not depend on each other."""

    def __init__(self, settings: COPRO, student: Module) -> None:
        self._settings = settings
        self._model = model_for(settings.prompt_model, student)
        self._current = instructions_of(student)
        self._proposals = Proposals("instruction")
        self._all: dict[str, list[str]] = {}
        self._latest: dict[str, list[str]] = {}
        self._tried: dict[str, dict[str, _Tried]] = {name: {} for name in self._current}
        self.results_best = {name: _statistics() for name in self._current}
        self.results_latest = {name: _statistics() for name in self._current}

    def steps(self) -> Steps:
        """What to try, round by round and predictor by predictor."""
        for name, own in self._current.items():
            self._all[name] = [*self._proposed(name), own]
        self._latest = {name: list(texts) for name, texts in self._all.items()}
        for depth in range(self._settings.depth):
            if depth > 0:
                if not any(self._tried.values()):
                    # All of them failed, and for the same reason the next ones would.
                    return
                for name in self._current:
                    self._latest[name] = self._proposed(name)
                    self._all[name] += self._latest[name]
            if depth == self._settings.depth - 1:
                self._proposals.verify()
            for name in self._current:
                # With several predictors, what was tried may do better beside what the others now say.
                texts = self._all[name] if len(self._current) > 1 else self._latest[name]
                trials = yield [self._candidate(name, text, depth) for text in dict.fromkeys(texts)]
                self._learn(name, depth, trials)

    def _candidate(self, name: str, text: str, depth: int) -> Candidate:
        return {"instructions": {**self._current, name: text}, "predictor": name, "depth": depth}

    def _learn(self, name: str, depth: int, trials: list[Trial]) -> None:
        scores = []
        for trial in trials:
            if trial.score is None:
                continue
            text = trial.candidate["instructions"][name]
            known = self._tried[name].get(text)
            if known is None or trial.score > known.score:
                self._tried[name][text] = _Tried(trial.score, depth)
            if text in self._latest[name]:
                scores.append(trial.score)
        if not self._tried[name]:
            return
        self._current[name] = max(self._tried[name], key=lambda text: self._tried[name][text].score)
        _note(self.results_latest[name], depth, scores)
        _note(self.results_best[name], depth, [score for _, score in self._ranked(name)][-10:])

    def _ranked(self, name: str) -> list[tuple[str, float]]:
        """What was tried for a predictor, the worst first."""
        found = [(text, tried.score) for text, tried in self._tried[name].items()]
        return sorted(found, key=lambda pair: pair[1])

    def _proposed(self, name: str) -> list[str]:
        """New instructions for a predictor; fewer, or none, where the model gives no more."""
        settings = self._settings
        if not self._tried[name]:
            predictor, count = Predict(GenerateInstruction), settings.breadth - 1
            inputs: dict[str, Any] = {"basic_instruction": self._current[name]}
        else:
            predictor, count = Predict(GenerateInstructionGivenAttempts), settings.breadth
            shown = self._ranked(name)[-settings.breadth :]
            lines = [
                line
                for number, (text, score) in enumerate(shown, 1)
                for line in (f"Instruction {number}: {text}", f"Score of instruction {number}: {score}")
            ]
            inputs = {"attempted_instructions": lines}
        config = {"n": count, "temperature": settings.init_temperature}
        (found,) = ask_all(predictor, [Question(inputs, self._model, config)], what=f"instructions of {name}")
        self._proposals.take([found])
        if found is None or isinstance(found, Exception):
            return []
        completions = found.completions
        texts = (
            [found.proposed_instruction] if completions is None else list(completions.proposed_instruction)
        )
        return [text for text in map(cleaned, texts) if text]


def _statistics() -> dict[str, list[float]]:
    return {"depth": [], "max": [], "average": [], "min": [], "std": []}


def _note(found: dict[str, list[float]], depth: int, scores: list[float]) -> None:
    if scores:
        values = (depth, max(scores), fmean(scores), min(scores), pstdev(scores))
        for name, value in zip(found, values, strict=True):
            found[name].append(value)


def _unique(trials: list[Trial]) -> list[dict[str, Any]]:
    """One entry for each program that was tried, with the instruction it was tried for."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for trial in trials:
        candidate = trial.candidate
        found.setdefault(
            tuple(candidate["instructions"].values()),
            {
                "score": trial.score,
                "subscores": list(trial.subscores),
                "seed": None,
                "program": trial.program,
                "instruction": candidate["instructions"][candidate["predictor"]],
                "depth": candidate["depth"],
            },
        )
    return list(found.values())
