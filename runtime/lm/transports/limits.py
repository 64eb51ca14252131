"""The time that one attempt of a request may take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..request import ATTEMPT

FIRST_CONNECT_SECONDS = 1.8
"""What cannot be reached is told within two seconds."""
CONNECT_SECONDS = 10.0
"""Later attempts have longer, for slow networks."""
ANSWER_SECONDS = 600.0


class TimeLimit(NamedTuple):
    """In seconds: how long an answer may take, and making the connection as a part of that."""

    answer: float
    connect: float


def time_limit(settings: Mapping[str, Any]) -> TimeLimit:
    """The limit of an attempt, by the settings `timeout` or `request_timeout`: a number of seconds, or an
    object with the parts `read` and `connect`, like httpx's `Timeout`.
    """
    longest = FIRST_CONNECT_SECONDS if settings.get(ATTEMPT, 0) == 0 else CONNECT_SECONDS
    given = settings.get("timeout") or settings.get("request_timeout")
    if given is None:
        return TimeLimit(ANSWER_SECONDS, longest)
    if hasattr(given, "read") and hasattr(given, "connect"):
        answer = given.read if given.read is not None else ANSWER_SECONDS
        return TimeLimit(float(answer), float(given.connect if given.connect is not None else longest))
    return TimeLimit(float(given), min(float(given), longest))
