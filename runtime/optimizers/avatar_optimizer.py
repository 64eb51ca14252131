"""`AvatarOptimizer`: better instructions for an agent, from what it did well and what it did not."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from ..errors import OptimizerError
from ..evaluate import Evaluate
from ..evaluate.scores import as_number, judge
from ..example import Example
from ..execution.callables import accepted
from ..interface import Examples, Metric
from ..limits import Ge
from ..lm.base import BaseLM
from ..modules.avatar import Avatar
from ..modules.base import Module
from ..modules.predict import Predict
from ..modules.toolbox import numbered
from ..parameters import KW_ONLY, parameters
from ..signature.fields import InputField, OutputField
from ..signature.signature import Signature
from ..values.rendering import to_json_types
from .base import Candidates, Optimizer, as_examples
from .instructions import cleaned, with_instructions
from .plan import Planned, Span
from .prompting import Proposals, Question, ask_all, model_for
from .study import Study
from .trials import Steps, Trial

logger = logging.getLogger("dspyc")

_Runs: TypeAlias = list[dict[str, Any]]
"""Runs as a model is shown them: the example's inputs, the score and the actions."""
_MOST_INPUTS = 10
_SHORTEST = 400
"""How many characters the prompts have at least in which runs are compared and instructions are written."""


@parameters
class AvatarOptimizer(Optimizer):
    """Rewrites the instructions of `Avatar` agents, round by round, from contrasting runs.

    In each round a model compares inputs on which the best agent so far did well with some on which it did
    not, and what it did there with its tools; from that criticism it writes new instructions, which are
    measured. The agent that scores best is returned, the student among them. The rounds end early where no
    input is left on which the agent did badly.

    Paper: Wu et al., "AvaTaR: Optimizing LLM Agents for Tool Usage via Contrastive Reasoning" (2024),
    arXiv:2406.11200.
    """

    metric: Metric
    """How good a prediction is."""
    max_iters: Annotated[int, Ge(1)] = 10
    """How many rounds."""
    lower_bound: float = 0
    """The score up to which an input counts as one on which the agent did badly."""
    upper_bound: float = 1
    """The score from which on an input counts as one on which it did well."""
    max_positive_inputs: Annotated[int, Ge(1)] | None = None
    """How many inputs of the good ones are compared at most; 10 when None."""
    max_negative_inputs: Annotated[int, Ge(1)] | None = None
    """How many of the bad ones; 10 when None."""
    optimize_for: Literal["max", "min"] = "max"
    """Whether a high score is good, or a low one; of a low one, what is missing to 1 counts."""
    _: KW_ONLY
    prompt_model: BaseLM | None = None
    """What compares and writes; the configured model when None."""
    num_threads: Annotated[int, Ge(1)] | None = None
    """How many examples to run at a time; `settings.num_threads` unless given."""
    seed: int = 0
    """The seed by which the compared inputs are drawn."""

    def compile(self, student: Module, *, trainset: Examples) -> Module:
        """Return the best agent.

        Args:
            student: an `Avatar`, or a program with one or several inside; it is not changed.
            trainset: the examples.

        Raises:
            OptimizerError: there is no `Avatar`, the agent could not be measured, or no score reaches a
                bound.
        """
        examples = as_examples("trainset", trainset)
        rounds = _Rounds(self, student, examples)
        evaluate = Evaluate(
            devset=examples,
            metric=_Turned(self.metric) if self.optimize_for == "min" else self.metric,
            num_threads=self.num_threads,
            # Of a metric that is to become low, too, a run that fails is a bad one.
            failure_score=self._turned(max(1.0, self.upper_bound)) if self.optimize_for == "min" else 0.0,
            max_errors=len(examples) + 1,
        )
        study = Study(
            lambda candidate: with_instructions(student, candidate["instructions"]),
            evaluate,
            keep_predictions=True,
        )
        winner: Any = study.search(rounds.steps()).program
        winner._compiled = True
        winner.candidate_programs = Candidates(
            [
                {
                    "score": trial.score,
                    "mean": self._turned((trial.score or 0) / 100),
                    "program": trial.program,
                }
                for trial in study.measured
            ]
        )
        return winner  # type: ignore[no-any-return]

    def verify(self, student: Module, *, trainset: Examples) -> None:
        """Raise what `compile` would reject.

        Args:
            student: as in `compile`.
            trainset: as in `compile`.

        Raises:
            OptimizerError: what `compile` would raise before its first call.
        """
        as_examples("trainset", trainset)
        _actors(student)

    def plan(self, student: Module, **arguments: Any) -> Sequence[Planned]:
        """What `compile` will ask of models; see `Optimizer.plan`."""
        rows = len(arguments["trainset"])
        return [
            # A comparison and an instruction in each round; none where no input is left that went badly.
            Planned(
                "prompt model",
                Span(0, 2 * self.max_iters),
                lm=self.prompt_model,
                # What tools have returned is shown, too, and may be of any length.
                prompt=Span(_SHORTEST, None),
            ),
            Planned("program", Span(rows, rows * (1 + self.max_iters)), student),
        ]

    def _turned(self, value: float) -> float:
        """What a score counts, or the score that counts so."""
        return round(1.0 - value, 12) if self.optimize_for == "min" else value


class _Turned:
    """A metric that is to become low, as one that is to become high."""

    _is_saved: ClassVar[bool] = True
    """It goes to the workers of a cluster."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self.__name__ = getattr(metric, "__name__", type(metric).__name__)

    def __call__(self, example: Any, pred: Any, trace: Any = None) -> float:
        offered = accepted(self._metric, {"trace": trace})
        return 1.0 - as_number(self._metric, judge(self._metric, example, pred, **offered))


def _actors(program: Module) -> dict[str, Avatar]:
    """The agents of a program, by the name of the predictor that chooses their actions.

    Raises:
        OptimizerError: there is none.
    """
    agents = {id(agent.actor): agent for _, agent in program.named_sub_modules(Avatar)}
    found = {name: agents[id(one)] for name, one in program.named_predictors() if id(one) in agents}
    if not found:
        raise OptimizerError(
            f"AvatarOptimizer improves agents that are made with `Avatar`; {type(program).__name__} has none"
        )
    return found


class _Rounds:
    """The search: each round asks for instructions that may be better than the best so far."""

    def __init__(self, settings: AvatarOptimizer, student: Module, examples: Sequence[Example]) -> None:
        self._settings = settings
        self._student = student
        self._examples = examples
        self._actors = _actors(student)
        self._rng = random.Random(settings.seed)
        self._model = model_for(settings.prompt_model, student)
        self._proposals = Proposals("instruction")
        self._comparator, self._writer = Predict(_comparison()), Predict(_writing())

    def steps(self) -> Steps:
        """The instructions to measure."""
        names = list(self._actors)
        predictors = dict(self._student.named_predictors())
        best_texts = {name: predictors[name].signature.instructions for name in names}
        trials = yield [{"instructions": dict(best_texts)}]
        best = trials[0]
        if best.score is None:
            return
        for number in range(self._settings.max_iters):
            name = names[number % len(names)]
            sides = self._sides(best)
            if not sides[1]:
                logger.info("the agent did badly on no input, so there is nothing to improve")
                break
            text = self._improved(name, best_texts[name], sides, number)
            self._proposals.take([text])
            if text is None:
                break
            if isinstance(text, Exception):
                continue
            texts = {**best_texts, name: text}
            trials = yield [{"instructions": texts}]
            score = trials[0].score
            if score is not None and best.score is not None and score > best.score:
                best, best_texts = trials[0], texts
        self._proposals.verify()

    def _improved(
        self, name: str, current: str, sides: tuple[_Runs, _Runs], number: int
    ) -> str | Exception | None:
        """New instructions for an agent, or why there are none; None where the budget leaves no room."""
        good, bad = sides
        # From the same runs, another sample: or the same instructions would be written again.
        config = {"rollout_id": number, "temperature": 1.0}
        question = Question(
            {
                "instruction": current,
                "actions": numbered(self._actors[name]._toolbox.tools),
                "pos_input_with_metrics": self._drawn(good, self._settings.max_positive_inputs),
                "neg_input_with_metrics": self._drawn(bad, self._settings.max_negative_inputs),
            },
            self._model,
            config,
        )
        (compared,) = ask_all(self._comparator, [question], what="comparison")
        if compared is None or isinstance(compared, Exception):
            return compared
        inputs = {"previous_instruction": current, "feedback": compared.feedback}
        (written,) = ask_all(self._writer, [Question(inputs, self._model, config)], what="instructions")
        if written is None or isinstance(written, Exception):
            return written
        return cleaned(written.new_instruction)

    def _sides(self, best: Trial) -> tuple[_Runs, _Runs]:
        """The runs that went well, and those that did not, as they are shown.

        Raises:
            OptimizerError: there are neither.
        """
        settings = self._settings
        good: _Runs = []
        bad: _Runs = []
        for example, value, prediction in zip(self._examples, best.subscores, best.predictions, strict=True):
            score = settings._turned(value)
            high, low = score >= settings.upper_bound, score <= settings.lower_bound
            if not (high or low):
                continue
            shown = {
                "example": to_json_types(dict(example.call_inputs())),
                "score": score,
                "actions": to_json_types(prediction.get("actions")),
            }
            (good if high == (settings.optimize_for == "max") else bad).append(shown)
        if not good and not bad:
            raise OptimizerError(
                f"no example scored {settings.upper_bound:g} or more, or {settings.lower_bound:g} or less, "
                "so there are no runs to compare: change `upper_bound` or `lower_bound`"
            )
        return good, bad

    def _drawn(self, shown: _Runs, most: int | None) -> _Runs:
        count = min(most or _MOST_INPUTS, len(shown))
        return [shown[index] for index in sorted(self._rng.sample(range(len(shown)), count))]


def _comparison() -> type[Signature]:
    runs = "with the score of each, and the actions that were taken"
    fields: dict[str, Any] = {
        "instruction": (str, InputField(desc="the instruction that the agent followed")),
        "actions": (list[str], InputField(desc="the tools that it has")),
        "pos_input_with_metrics": (
            list[dict[str, Any]],
            InputField(desc=f"inputs on which it did well, {runs}"),
        ),
        "neg_input_with_metrics": (
            list[dict[str, Any]],
            InputField(desc=f"inputs on which it did badly, {runs}"),
        ),
        "feedback": (str, OutputField(desc="what the agent should do differently")),
    }
    instructions = (
        "An agent with tools followed an instruction, and did well on some inputs and badly on others. Say "
        "what tells the two groups apart, where the actions that were taken on the bad ones make no sense, "
        "and how the tools should be used instead so that inputs like these go well."
    )
    return Signature(fields, instructions)  # type: ignore[call-arg,return-value]


def _writing() -> type[Signature]:
    fields: dict[str, Any] = {
        "previous_instruction": (str, InputField(desc="the instruction that the agent followed")),
        "feedback": (str, InputField(desc="what it should do differently")),
        "new_instruction": (str, OutputField(desc="the instruction to follow from now on")),
    }
    instructions = (
        "Write a new instruction for an agent with tools, which takes the feedback into account. Keep the "
        "general rules of the previous instruction, say in particular how the tools are used well, and need "
        "no more than three paragraphs."
    )
    return Signature(fields, instructions)  # type: ignore[call-arg,return-value]
