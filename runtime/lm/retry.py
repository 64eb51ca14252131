"""The one retry layer: which failures are tried again, and after how long."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import Any

from ..errors import LMError, LMTransportError
from ..execution import drive
from .request import Request, Response
from .transports.base import Transport

logger = logging.getLogger("dspyc")

FIRST_DELAY = 0.5
LONGEST_DELAY = 60.0
LONGEST_ASKED_DELAY = 600.0
RETRIES_WHEN_REFUSED = 2
"""A server that restarts is back soon; where nobody listens, waiting for long helps nobody."""


async def send(transport: Transport, request: Request, num_retries: int) -> Response:
    """Send a request; failures that may pass are tried again, up to `num_retries` times.

    Waiting and sending happen in this thread when nothing else runs in it, else on the event loop.

    Raises:
        LMError: the last failure, with a note of how many attempts there were.
    """
    attempt = 0
    while True:
        try:
            if drive.blocking.get():
                return transport.complete(request)
            return await transport.acomplete(request)
        except LMError as error:
            allowed = min(num_retries, RETRIES_WHEN_REFUSED) if _refused(error) else num_retries
            if not error.retryable or attempt >= allowed:
                if attempt:
                    error.add_note(f"after {attempt + 1} attempts")
                raise
            seconds = delay(attempt, error.retry_after)
            what = str(error).partition("\n")[0].rstrip(".")
            logger.warning("%s; trying again in %.1f s (%d of %d)", what, seconds, attempt + 1, allowed)
        attempt += 1
        await _pause(seconds)


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


def _refused(error: LMError) -> bool:
    return isinstance(error, LMTransportError) and error.refused


async def _pause(seconds: float) -> Any:
    if drive.blocking.get():
        time.sleep(seconds)
        return
    import asyncio

    await asyncio.sleep(seconds)
