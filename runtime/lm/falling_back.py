"""`fallbacks`: the models that are asked where one fails."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from ...base.frozen import replaced
from ...base.models import REASONING_MAX_TOKENS, is_reasoning_model
from ..errors import (
    BudgetExceededError,
    ContextWindowExceededError,
    EmptyAnswerError,
    FilteredAnswerError,
    LMAuthError,
    LMBillingError,
    LMError,
    LMTimeoutError,
    LMUnknownModelError,
)
from . import asking
from .request import Request, Response
from .stream import Delta

logger = logging.getLogger("dspyc")

PATIENCE = 5.0
"""The seconds that a model is waited for which has too much to do, where another one can be asked."""

_ANOTHER_MAY = (
    BudgetExceededError,
    ContextWindowExceededError,
    EmptyAnswerError,
    FilteredAnswerError,
    LMAuthError,
    LMBillingError,
    LMTimeoutError,
    LMUnknownModelError,
)
_OF_A_PLACE = frozenset(
    {
        "api_key", "api_base", "base_url", "headers", "extra_headers", "default_headers", "organization",
        "project", "extra_body", "extra_query", "api_version", "azure_ad_token", "input_cost_per_token",
        "output_cost_per_token", "custom_llm_provider", "client",
    }
)  # fmt: skip
"""Settings that say where a model is, what opens it and what it costs there."""


def may_help(error: LMError) -> bool:
    """Whether another model may answer where one failed like this; not where the request is wrong."""
    return error.retryable or isinstance(error, _ANOTHER_MAY)


def named_model(lm: Any, name: str) -> Any:
    """The model of a name, with the settings and the budget of another one; with its key and address where
    the provider is the same.
    """
    changes: dict[str, Any] = {"model": name, "fallbacks": None, "max_concurrency": None}
    changes |= {"rpm": None, "tpm": None}
    if name.partition("/")[0] != lm.model.partition("/")[0]:
        changes |= dict.fromkeys(_OF_A_PLACE & lm.kwargs.keys())
    twin = lm.copy(**changes)
    twin.kwargs = _fitting(twin.kwargs, is_reasoning_model(name))
    return twin


def _fitting(settings: Mapping[str, Any], thinks: bool) -> dict[str, Any]:
    """Settings under the names, and of the kinds, that a reasoning model or another one takes."""
    wanted, other = "max_tokens", "max_completion_tokens"
    if thinks:
        wanted, other = other, wanted
    fitting = dict(settings)
    limit = fitting.pop(other, None)
    if limit is not None and wanted not in fitting and not (thinks and limit < REASONING_MAX_TOKENS):
        fitting[wanted] = limit
    if thinks and fitting.get("temperature") not in (None, 1):
        del fitting["temperature"]
    return fitting


async def ask_others(lm: Any, request: Request, error: LMError, others: Sequence[Any]) -> Response:
    """What the first model answers that does not fail.

    Args:
        lm: the model that has failed.
        request: what it was asked.
        error: why it failed.
        others: the models to ask, in turn.

    Raises:
        LMError: how the last of them failed, with a note of how the others did, or that of `lm` where no
            other model can help.
    """
    failed = [error]
    for other in others:
        if not may_help(failed[-1]):
            break
        _say(failed[-1], other)
        try:
            response = await asking.fetch(other, _request_to(other, lm, request))
        except LMError as found:
            failed.append(found)
        else:
            return response.answered_by_another(other.model)
    raise _with_notes(failed)


async def stream_others(
    lm: Any, request: Request, error: LMError, others: Sequence[Any]
) -> AsyncIterator[Delta]:
    """The pieces of what the first model answers that does not fail before its first one."""
    failed = [error]
    for other in others:
        if not may_help(failed[-1]):
            break
        _say(failed[-1], other)
        begun = False
        try:
            async for delta in other.stream(_request_to(other, lm, request)):
                begun = True
                yield replaced(delta, answered_by=delta.answered_by or other.model)
        except LMError as found:
            if begun:
                raise
            failed.append(found)
        else:
            return
    raise _with_notes(failed)


def _say(error: LMError, other: Any) -> None:
    reason = str(error).partition("\n")[0].rstrip(".")
    logger.warning("%s; trying `%s` instead", reason, other.model)


def _with_notes(failed: list[LMError]) -> LMError:
    *earlier, last = failed
    for error in earlier:
        reason = str(error).partition("\n")[0].rstrip(".")
        last.add_note(f"before that: {reason}")
    return last


def _request_to(other: Any, lm: Any, request: Request) -> Request:
    """The request as another model gets it: with that one's settings, and those of the call."""
    of_call = {
        name: value
        for name, value in request.settings.items()
        if name not in lm.kwargs or lm.kwargs[name] is not value
    }
    return Request(
        other.model,
        request.given,
        {**other.kwargs, **_fitting(of_call, is_reasoning_model(other.model))},
        other.model_type,
        request.prompt,
        request.tools,
        request.output,
    )
