"""The one retry layer: which failures are tried again, and after how long."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from ..errors import EmptyAnswerError, LMConfigurationError, LMError, LMTimeoutError, LMTransportError
from ..execution import drive
from .control.passing import Limits, Way, time_left
from .request import ATTEMPT, Request, Response
from .stream import Delta
from .transports.base import Transport
from .transports.limits import time_limit
from .verify import verify_response

logger = logging.getLogger("dspyc")

FIRST_DELAY = 0.5
LONGEST_DELAY = 60.0
LONGEST_ASKED_DELAY = 600.0
FEW_RETRIES = 2
"""How often a request is sent again where waiting for long does not help: a server that restarts is back
soon, and a model that gives nothing twice will give nothing.
"""


async def send(
    transport: Transport,
    request: Request,
    num_retries: int,
    limits: Limits | None = None,
    patience: float | None = None,
) -> Response:
    """Send a request; failures that may pass are tried again, up to `num_retries` times.

    Waiting and sending happen in this thread when nothing else runs in it, else on the event loop.

    Args:
        transport: carries it.
        request: what to send; its setting `deadline` limits the seconds of all attempts and waits together.
        num_retries: how often it is tried again.
        limits: those of the model.
        patience: the longest wait, in seconds, where another model can be asked instead.

    Raises:
        LMError: the last failure, with a note of how many attempts there were.
    """
    until = _end_of(request.settings)
    attempt, asked = 0, request
    while True:
        try:
            way = Way(asked, limits)
            await way.enter(until, patience)
            if until is not None:
                asked = _hurried(asked, until)
            try:
                if drive.blocking.get():
                    response = transport.complete(asked)
                else:
                    response = await transport.acomplete(asked)
            except BaseException as error:
                way.failed(error)
                raise
            way.answered(response.usage, response.cost)
            return verify_response(response, request.model)
        except LMError as error:
            await _pause(_next_delay(error, attempt, num_retries, until, patience))
        attempt += 1
        asked = request.with_settings({ATTEMPT: attempt})


async def stream(
    transport: Transport,
    request: Request,
    num_retries: int,
    limits: Limits | None = None,
    patience: float | None = None,
) -> AsyncIterator[Delta]:
    """Send a request and give its answer in pieces; what fails before the first piece is tried again."""
    until = _end_of(request.settings)
    attempt, asked = 0, request
    while True:
        begun = False
        usage: Mapping[str, Any] = {}
        cost: float | None = None
        try:
            way = Way(asked, limits)
            await way.enter(until, patience)
            if until is not None:
                asked = _hurried(asked, until)
            try:
                async for delta in transport.astream(asked):
                    begun = True
                    if delta.usage:
                        usage, cost = delta.usage, delta.cost
                    yield delta
            except BaseException as error:
                way.failed(error)
                raise
            way.answered(usage, cost)
            return
        except LMError as error:
            if begun:
                raise
            await _pause(_next_delay(error, attempt, num_retries, until, patience))
        attempt += 1
        asked = request.with_settings({ATTEMPT: attempt})


def _end_of(settings: Mapping[str, Any]) -> float | None:
    """When the time of a request is over, as `time.monotonic` counts."""
    deadline = settings.get("deadline")
    if deadline is None:
        return None
    if not isinstance(deadline, (int, float)) or isinstance(deadline, bool) or not deadline > 0:
        raise LMConfigurationError(f"`deadline` must be a number of seconds above 0, not {deadline!r}")
    return time.monotonic() + deadline


def _hurried(request: Request, until: float) -> Request:
    """The request, with no longer for its attempt than there is until the end."""
    left = max(time_left(until) or 0.0, 0.001)
    limits = {"deadline": left}
    if left < time_limit(request.settings).answer:
        limits["timeout"] = left
    return request.with_settings(limits)


def _next_delay(
    error: LMError,
    attempt: int,
    num_retries: int,
    until: float | None = None,
    patience: float | None = None,
) -> float:
    """The seconds to wait before the next attempt.

    Raises:
        LMError: there is none; the failure itself.
    """
    allowed = min(num_retries, FEW_RETRIES) if _will_stay(error) else num_retries
    if not error.retryable or attempt >= allowed:
        if attempt:
            error.add_note(f"after {attempt + 1} attempts")
        raise error
    seconds = delay(attempt, error.retry_after)
    if patience is not None and seconds > patience:
        raise error
    left = time_left(until)
    if left is not None and seconds >= left:
        if not isinstance(error, LMTimeoutError) or left > 0:
            error.add_note("its deadline leaves no time for another attempt")
        raise error
    reason = str(error).partition("\n")[0].rstrip(".")
    logger.warning("%s; trying again in %.1f s (%d of %d)", reason, seconds, attempt + 1, allowed)
    return seconds


def delay(
    attempt: int, asked: float | None, uniform: Callable[[float, float], float] = random.uniform
) -> float:
    """How long to wait after a failed attempt: exponential with full jitter, never less than the server asked
    for.

    Args:
        attempt: how many attempts failed before this one.
        asked: the seconds of the server's Retry-After, when it sent one.
        uniform: the source of chance.
    """
    longest = min(FIRST_DELAY * 2**attempt, LONGEST_DELAY)
    chosen = uniform(longest / 2, longest)
    return chosen if asked is None else min(asked, LONGEST_ASKED_DELAY) + chosen * 0.1


def _will_stay(error: LMError) -> bool:
    return isinstance(error, EmptyAnswerError) or (isinstance(error, LMTransportError) and error.unreachable)


async def _pause(seconds: float) -> Any:
    if drive.blocking.get():
        time.sleep(seconds)
        return
    import asyncio

    await asyncio.sleep(seconds)
