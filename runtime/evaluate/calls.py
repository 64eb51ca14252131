"""The model calls behind a row of an evaluation: what was asked, what was answered, what it cost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..errors import list_names
from ..execution.settings import begin_call, end_call
from ..lm.doors import render_outputs
from ..lm.history import text_of, text_of_output
from ..modules.models import models_of
from ..work.task import Usage

logger = logging.getLogger("dspyc")

Seen: TypeAlias = list[tuple[Any, Any]]
"""Responses of models, with the requests that they answer."""


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call of a model.

    Attributes:
        model: the model's name.
        messages: the role and the text of each message.
        answer: the text of the first answer.
        cached: whether the answer came from the cache.
        tokens: of prompt and answer together.
        cost: in US dollars; None where it is not known.
    """

    model: str
    messages: tuple[tuple[str, str], ...]
    answer: str
    cached: bool = False
    tokens: int = 0
    cost: float | None = None

    def as_json(self) -> list[Any]:
        """The call as JSON's types, which `from_json` reads."""
        messages = [list(message) for message in self.messages]
        return [self.model, messages, self.answer, self.cached, self.tokens, self.cost]

    @classmethod
    def from_json(cls, plain: Sequence[Any]) -> ModelCall:
        """A call again."""
        model, messages, answer, cached, tokens, cost = plain
        return cls(model, tuple((role, text) for role, text in messages), answer, cached, tokens, cost)


def call_anew(run: Callable[..., Any], inputs: Mapping[str, Any], rollout: int) -> Any:
    """Call a program for a further run of the same example, which models answer anew; the first run, 0, is a
    plain call.
    """
    if not rollout:
        return run(**inputs)
    token = begin_call({"config": {"rollout_id": rollout}})
    try:
        return run(**inputs)
    finally:
        end_call(token)


def warn_of_equal_runs(program: Any) -> None:
    """Say which models answer each further run of an example as they did the first, because their temperature
    is 0. It is said here for the evaluation, so that the models do not say it of each call.
    """
    models = models_of(program)
    settled: dict[str, Any] = {}
    for name, predictor in program.named_predictors():
        lm = models[name]
        temperature = predictor.config.get("temperature", getattr(lm, "kwargs", {}).get("temperature"))
        if lm is not None and temperature == 0:
            settled[str(getattr(lm, "model", type(lm).__name__))] = lm
    for lm in settled.values():
        lm.warned_of_rollout = True
    if settled:
        logger.warning(
            "all runs of an example may be alike, because %s %s at temperature 0; for `repeats`, set a "
            "higher one, like `LM(…, temperature=1.0)`",
            list_names(settled), "answers" if len(settled) == 1 else "answer",
        )  # fmt: skip


def usage_of(seen: Seen) -> Usage | None:
    """What the calls of a row took; None where no model was asked, or the cache answered."""
    # As `Count` does, without its lock: this is every row.
    calls, tokens, cost = 0, 0, 0.0
    for response, _ in seen:
        if not response.cache_hit:
            calls += 1
            tokens += int(response.usage.get("total_tokens") or 0)
            cost += float(response.cost or 0.0)
    return Usage(calls, tokens, cost) if calls else None


def calls_of(seen: Seen) -> tuple[ModelCall, ...]:
    """The calls of a row, in the order of their answers."""
    return tuple(_call(request, response) for response, request in seen)


def _call(request: Any, response: Any) -> ModelCall:
    messages = [("prompt", request.text_prompt)]
    if request.model_type != "text":
        messages = [
            (str(message["role"]), text_of(message.get("content")).strip())
            for message in request.openai_messages
        ]
    outputs = render_outputs(response)
    answer = text_of_output(outputs[0]).strip() if outputs else ""
    tokens = int(response.usage.get("total_tokens") or 0)
    return ModelCall(request.model, tuple(messages), answer, response.cache_hit, tokens, response.cost)
