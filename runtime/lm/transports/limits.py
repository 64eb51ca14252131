"""The time that one attempt of a request may take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...errors import LMConfigurationError
from ..request import ATTEMPT

FIRST_CONNECT_SECONDS = 1.8
"""What cannot be reached is told within two seconds."""
CONNECT_SECONDS = 10.0
"""Later attempts have longer, for slow networks."""
ANSWER_SECONDS = 600.0
LONGEST_SECONDS = 1e6
"""Eleven days: more than anything takes, and no more than sockets and locks can count."""


class TimeLimit(NamedTuple):
    """In seconds: how long an answer may take, and making the connection as a part of that."""

    answer: float
    connect: float


def time_limit(settings: Mapping[str, Any]) -> TimeLimit:
    """The limit of an attempt, by the settings `timeout` or `request_timeout`: a number of seconds, or an
    object with the parts `read` and `connect`, like httpx's `Timeout`.

    Raises:
        LMConfigurationError: it is none.
    """
    longest = FIRST_CONNECT_SECONDS if settings.get(ATTEMPT, 0) == 0 else CONNECT_SECONDS
    given = settings.get("timeout")
    given = settings.get("request_timeout") if given is None else given
    if given is None:
        return TimeLimit(ANSWER_SECONDS, longest)
    if hasattr(given, "read") and hasattr(given, "connect"):
        answer = ANSWER_SECONDS if given.read is None else _seconds(given.read)
        return TimeLimit(answer, longest if given.connect is None else _seconds(given.connect))
    return TimeLimit(_seconds(given), min(_seconds(given), longest))


def _seconds(given: Any) -> float:
    try:
        found = float(given)
    except (TypeError, ValueError, OverflowError):
        found = 0.0
    if isinstance(given, bool) or not found > 0:
        raise LMConfigurationError(f"`timeout` must be a number of seconds above 0, not {given!r}")
    return min(found, LONGEST_SECONDS)
