"""`InferRules`: rules that a model reads off examples, added to the instructions."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from ..errors import ContextWindowExceededError, OptimizerError
from ..evaluate import Evaluate
from ..example import Example
from ..execution.settings import context
from ..interface import Examples, Metric
from ..limits import Ge
from ..modules.base import Module
from ..modules.chain_of_thought import ChainOfThought
from ..modules.models import models_of
from ..parameters import KW_ONLY, parameters
from ..signature.fields import InputField, OutputField
from ..signature.signature import Signature
from ..values.rendering import to_json_types
from ..work.run import stage
from .base import Candidates, Optimizer, as_examples, has_learned
from .bootstrap_few_shot import BootstrapFewShot, bootstrapped
from .instructions import instructions_of, with_instructions
from .labeled_few_shot import fitting_demos
from .labels import Labels, is_labels, verify_teacher
from .plan import Planned, Span, writing_prompt
from .prompting import Proposals, Question, ask_all, model_for
from .study import Study
from .teaching import of_requests, of_runs
from .trials import Steps, Trial

_AS_IT_IS, _WITHOUT_RULES = -2, -1


@parameters
class InferRules(Optimizer):
    """Bootstraps demos, lets a model read rules off the examples, and keeps the rules that score best.

    The program gets demos as from `BootstrapFewShot`. Then, for each candidate, a model writes rules for each
    predictor from the examples that it could have been asked, and they are added to its instructions. The
    program without rules is a candidate too, and so is a student that has learned something, so the winner
    never scores below them. It lists all candidates, best first, in `candidate_programs`. Examples that are
    too many for the model's window are halved until they fit.

    From DSPy (Khattab et al., 2023, arXiv:2310.03714); inducing instructions from examples is from Honovich
    et al., 2022, "Instruction Induction", arXiv:2205.10782.
    """

    num_candidates: Annotated[int, Ge(1)] = 10
    """How many sets of rules to try."""
    num_rules: Annotated[int, Ge(1)] = 10
    """How many rules to ask for."""
    num_threads: Annotated[int, Ge(1)] | None = None
    """How many examples to evaluate at a time; `settings.num_threads` unless given."""
    teacher_settings: dict[str, Any] | None = None
    """Settings for the teacher's runs and for writing the rules: those of `configure`, such as a stronger
    `lm`, and those of requests, such as `temperature`.
    """
    _: KW_ONLY
    metric: Metric | None = None
    """How good a prediction is: accepts runs as demos, and scores candidates; needed."""
    metric_threshold: float | None = None
    """The lowest score for a run to become a demo; without one, any score that is true or not 0."""
    max_bootstrapped_demos: Annotated[int, Ge(0)] = 4
    """The most demos from runs that each predictor gets, besides those that it has."""
    max_labeled_demos: Annotated[int, Ge(0)] = 16
    """The number of demos up to which labelled examples are added to each predictor."""
    max_rounds: Annotated[int, Ge(1)] = 1
    """How often to try an example while bootstrapping; from the second time at temperature 1, unless
    `teacher_settings` or the predictor sets one.
    """
    max_errors: Annotated[int, Ge(1)] | None = None
    """The number of errors after which to give up; `settings.max_errors` unless given."""
    seed: int = 0
    """The seed of the samples by which the sets of rules differ."""

    def compile(
        self,
        student: Module,
        *,
        teacher: Module | Labels | None = None,
        trainset: Examples,
        valset: Examples | None = None,
    ) -> Module:
        """Return the best candidate.

        Args:
            student: the program; it is not changed.
            teacher: the program whose runs become demos; a copy of the student when None, and the rows' own
                labels when "labels".
            trainset: the examples to make demos and rules from.
            valset: the examples to score candidates on; the second half of the trainset when None, which is
                then not learned from.

        Raises:
            OptimizerError: there is no metric, or no candidate could be made and evaluated.
        """
        train, val = self._data(trainset, valset)
        evaluate = Evaluate(
            devset=val, metric=self._metric(), num_threads=self.num_threads, max_errors=self.max_errors
        )
        with stage("demos"):
            taught = self._bootstrap(teacher).compile(student, teacher=teacher, trainset=train)
        rules = _Rules(self, taught, train)
        study = Study(lambda candidate: _built(student, taught, rules, candidate["rules"]), evaluate)
        winner: Any = study.search(self._steps(student, rules)).program
        winner._compiled = True
        winner.candidate_programs = Candidates([_entry(trial) for trial in study.measured])
        return winner  # type: ignore[no-any-return]

    def verify(
        self,
        student: Module,
        *,
        teacher: Module | Labels | None = None,
        trainset: Examples,
        valset: Examples | None = None,
    ) -> None:
        """Raise what `compile` would reject.

        Args:
            student: the program.
            teacher: as in `compile`.
            trainset: as in `compile`.
            valset: as in `compile`.

        Raises:
            OptimizerError: what `compile` would raise before its first call.
        """
        self._metric()
        train, _ = self._data(trainset, valset)
        verify_teacher(student, teacher, train)

    def plan(self, student: Module, **arguments: Any) -> Sequence[Planned]:
        """What `compile` will ask of models; see `Optimizer.plan`."""
        train, val = self._data(arguments["trainset"], arguments.get("valset"))
        lm = (self.teacher_settings or {}).get("lm")
        written = self.num_candidates * len(instructions_of(student))
        tried = 1 + has_learned(student) + self.num_candidates
        demos = self.max_bootstrapped_demos + self.max_labeled_demos
        return [
            bootstrapped(
                student, arguments.get("teacher"), len(train), self.max_bootstrapped_demos,
                self.max_labeled_demos, self.max_rounds, lm=lm,
            ),
            # A predictor without rows and without demos gets no rules.
            Planned("prompt model", Span(0, written), lm=lm, prompt=writing_prompt(student, train)),
            Planned("program", Span(len(val), len(val) * tried), student, demos=demos),
        ]  # fmt: skip

    def _metric(self) -> Metric:
        if self.metric is None:
            raise OptimizerError(
                "InferRules needs a metric, to know which rules are better: InferRules(metric=…)"
            )
        return self.metric

    def _bootstrap(self, teacher: Module | Labels | None) -> BootstrapFewShot:
        return BootstrapFewShot(
            metric=self.metric,
            metric_threshold=self.metric_threshold,
            # With labels, only the rules are written with them.
            teacher_settings=None if is_labels(teacher) else self.teacher_settings,
            max_bootstrapped_demos=self.max_bootstrapped_demos,
            max_labeled_demos=self.max_labeled_demos,
            max_rounds=self.max_rounds,
            max_errors=self.max_errors,
        )

    def _data(self, trainset: Examples, valset: Examples | None) -> tuple[list[Example], list[Example]]:
        train = as_examples("trainset", trainset)
        if valset is not None:
            return train, as_examples("valset", valset)
        if len(train) < 2:
            raise OptimizerError(
                "`trainset` has 1 example; one half is to learn from and the other to measure on, so give "
                "more, or a valset"
            )
        return train[: len(train) // 2], train[len(train) // 2 :]

    def _steps(self, student: Module, rules: _Rules) -> Steps:
        if has_learned(student):
            yield [{"rules": _AS_IT_IS}]
        yield [{"rules": _WITHOUT_RULES}]
        rules.write()
        yield [{"rules": number} for number in range(self.num_candidates)]


@dataclass
class _Asked:
    """A question for the rules of a predictor, in one candidate."""

    number: int
    predictor: str
    examples: Sequence[Mapping[str, Any]]


class _Rules:
    """The rules of each candidate: by predictor, or why there are none."""

    def __init__(self, settings: InferRules, program: Module, train: Sequence[Example]) -> None:
        self._settings = settings
        self._program = program
        self._train = train
        self._predictor = ChainOfThought(_induction(settings.num_rules)).predict
        self.found: dict[int, dict[str, str]] = {number: {} for number in range(settings.num_candidates)}
        self.failures: dict[int, Exception] = {}

    def write(self) -> None:
        """Ask for the rules of all candidates.

        Raises:
            OptimizerError: all questions failed.
        """
        waiting = [
            _Asked(number, name, examples)
            for name, examples in self._examples().items()
            for number in self.found
        ]
        proposals = Proposals("rules")
        while waiting:
            with context(**of_runs(self._settings.teacher_settings)):
                answers = ask_all(
                    self._predictor,
                    [self._question(each) for each in waiting],
                    what="rules",
                    num_threads=self._settings.num_threads,
                )
            again = [self._take(each, answer) for each, answer in zip(waiting, answers, strict=True)]
            proposals.take(answer for answer, one in zip(answers, again, strict=True) if one is None)
            waiting = [one for one in again if one is not None]
        proposals.verify()

    def _take(self, asked: _Asked, answer: Any) -> _Asked | None:
        """Keep an answer; the question to ask instead, where it was too long."""
        if isinstance(answer, ContextWindowExceededError) and len(asked.examples) > 1:
            return _Asked(asked.number, asked.predictor, asked.examples[: len(asked.examples) // 2])
        if answer is None or isinstance(answer, Exception):
            self.failures[asked.number] = answer or OptimizerError("the budget left no room for its rules")
        else:
            self.found[asked.number][asked.predictor] = answer.natural_language_rules.strip()
        return None

    def _question(self, asked: _Asked) -> Question:
        settings = self._settings
        signature = dict(self._program.named_predictors())[asked.predictor].signature
        # Drawn by number, so that a candidate's sample does not depend on how many there are.
        rollout = random.Random(f"{settings.seed} {asked.number}").randint(1, 10**9)
        lm = model_for((settings.teacher_settings or {}).get("lm"), self._program)
        return Question(
            {"examples_text": _text(signature, asked.examples)},
            lm if lm is not None else models_of(self._program)[asked.predictor],
            {"rollout_id": rollout, "temperature": 1.0, **of_requests(settings.teacher_settings)},
        )

    def _examples(self) -> dict[str, list[Any]]:
        """What each predictor's rules are read off: rows with its labels, or else its demos."""
        found: dict[str, list[Any]] = {}
        for name, predictor in self._program.named_predictors():
            rows = fitting_demos(predictor.signature, self._train) or list(predictor.demos or ())
            if rows:
                found[name] = rows
        return found


def _induction(count: int) -> type[Signature]:
    rules = "a rule" if count == 1 else f"{count} rules"
    instructions = (
        f"Read the examples of a task and write {rules} that tell somebody who has not seen them how to do "
        "it. Each rule is short, can be acted on, holds for new inputs of this kind, and says something that "
        "the others do not."
    )
    fields = {
        "examples_text": (str, InputField(desc="examples of the task, with the right outputs")),
        "natural_language_rules": (str, OutputField(desc="the rules, one a line")),
    }
    return Signature(fields, instructions)  # type: ignore[call-arg,return-value]


def _text(signature: Any, examples: Sequence[Mapping[str, Any]]) -> str:
    parts = []
    for number, example in enumerate(examples, 1):
        lines = [f"Example {number}"]
        for title, fields in (("Inputs", signature.input_fields), ("Outputs", signature.output_fields)):
            given = {name: to_json_types(example[name]) for name in fields if name in example}
            lines += [f"{title}:", *(f"  {name}: {value}" for name, value in given.items())]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _built(student: Module, taught: Module, rules: _Rules, number: int) -> Module:
    if number == _AS_IT_IS:
        return student.deepcopy()
    if number == _WITHOUT_RULES:
        return taught.deepcopy()
    if (failure := rules.failures.get(number)) is not None:
        raise OptimizerError(f"its rules could not be written: {failure}") from failure
    own = instructions_of(taught)
    texts = {
        name: f"{own[name]}\n\nFollow these rules:\n{text}" for name, text in rules.found[number].items()
    }
    return with_instructions(taught, texts)


def _entry(trial: Trial) -> dict[str, Any]:
    return {"score": trial.score, "subscores": list(trial.subscores), "program": trial.program}
