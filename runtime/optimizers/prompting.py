"""Asking a model for what an optimizer needs: instructions, advice, descriptions.

Such calls go through `work` as the runs of programs do, so they are journalled, bounded by the budget, and
made at the same time where they do not depend on each other.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..errors import OptimizerError
from ..evaluate.rows import describe_errors
from ..execution import trace as tracing
from ..execution.settings import lookup
from ..lm.base import BaseLM
from ..lm.reproducible import reproducible
from ..modules.base import Module
from ..prediction import Prediction
from ..state.demos import typed_values
from ..values.rendering import to_json_types
from ..work.identity import digest
from ..work.run import is_journalled, perform, stage
from ..work.task import Codec, Registry, Task

logger = logging.getLogger("dspyc")


@dataclass(frozen=True)
class Question:
    """A call of a predictor.

    Attributes:
        inputs: its inputs.
        lm: the model; the one in force when None.
    """

    _is_saved: ClassVar[bool] = True
    """It goes to the workers of a cluster."""

    inputs: Mapping[str, Any]
    lm: BaseLM | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the model for this call."""


def ask(predictor: Any, question: Question, *, what: str) -> Prediction | None:
    """The prediction for one question; None where the budget leaves no room for it.

    Args:
        predictor: what to call.
        question: what to ask.
        what: what is asked for, in a word or two: "dataset summary".

    Raises:
        OptimizerError: the call failed.
    """
    (found,) = ask_all(predictor, [question], what=what)
    if isinstance(found, Exception):
        raise OptimizerError(f"asking for the {what} failed, {describe_errors([found])}") from found
    return found


def ask_all(
    predictor: Any, questions: Sequence[Question], *, what: str, num_threads: int | None = None
) -> list[Prediction | Exception | None]:
    """The predictions for several questions, asked at the same time.

    Args:
        predictor: what to call.
        questions: what to ask.
        what: what is asked for, in a word or two: "instructions".
        num_threads: how many at a time; `settings.num_threads` unless given.

    Returns:
        for each question the prediction, the error that the call ended with, or None where the budget leaves
        no room for it.

    Raises:
        NotConfiguredError, LMConfigurationError, LMAuthError, LMUnknownModelError: the first of these, which
            all others would raise too.
    """
    # With the questions in its name, an answer is never taken for that of another question.
    name = digest([to_json_types(dict(each.inputs)) for each in questions])[:8] if is_journalled() else ""
    with stage(f"{what} {name}"), reproducible():
        outcomes = perform(
            "ask",
            predictor,
            range(len(questions)),
            ask_one,
            {"questions": questions},
            codec=_codec(predictor),
            num_threads=num_threads or int(lookup("num_threads")),
        )
    found: list[Prediction | Exception | None] = []
    for outcome in outcomes:
        if outcome is not None and outcome.error is not None:
            logger.warning("asking for the %s failed, %s", what, describe_errors([outcome.error]))
        found.append(None if outcome is None else outcome.error or outcome.get())
    return found


class Proposals:
    """What became of the proposals that a search asks a model for. One that failed does not end the search,
    which goes on with what there is; proposals that all fail do.

    Args:
        what: what is proposed: "instruction".
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._errors: list[Exception] = []
        self._found_any = False

    def take(self, answers: Iterable[Any]) -> None:
        """Note what came of some proposals: what was found, an error, or None where there was no room.

        Raises:
            OptimizerError: so many failed, and none did not, that further ones would, too.
        """
        for answer in answers:
            if isinstance(answer, Exception):
                self._errors.append(answer)
            elif answer is not None:
                self._found_any = True
        if len(self._errors) >= _ENOUGH_FAILURES:
            self.verify()

    def verify(self) -> None:
        """Complain where proposals were asked for and all failed.

        Raises:
            OptimizerError: with what they failed.
        """
        if self._errors and not self._found_any:
            error = self._errors[0]
            raise OptimizerError(
                f"no {self._what} could be written, {describe_errors(self._errors)}"
            ) from error


_ENOUGH_FAILURES = 4
"""How many proposals fail before a search in which none did not is ended."""


def ask_one(task: Task, registry: Registry) -> Prediction:
    """Ask the task's question.

    Args:
        task: which predictor, which question.
        registry: the predictor and `questions`.
    """
    question: Question = registry["questions"][task.example]
    settings: dict[str, Any] = {} if question.lm is None else {"lm": question.lm}
    if question.config:
        settings["config"] = dict(question.config)
    token = tracing.start(None)
    try:
        found: Prediction = registry[task.program](**question.inputs, **settings)
    finally:
        tracing.stop(token)
    return found


def model_for(given: BaseLM | None, student: Module) -> BaseLM | None:
    """The model that an optimizer asks: the given one, or the one in force for a program."""
    return given if given is not None else lookup("lm", student._defaults)


def _write(found: Prediction) -> Any:
    completions = found.completions
    count = 1 if completions is None else len(completions)
    rows = [found] if completions is None or count < 2 else list(completions)
    return [to_json_types(dict(row.items())) for row in rows]


def _codec(predictor: Any) -> Codec[Prediction]:
    def read(task: Task, plain: Any) -> Prediction:
        rows = [typed_values(predictor.signature, row) for row in plain]
        if len(rows) == 1:
            return Prediction(rows[0])
        return Prediction.from_completions(rows, predictor.signature)

    return Codec(_write, read)
