"""How long a server asks to wait before the next request, in all the forms in which servers say it.

`retry-after-ms` is OpenAI's and Azure's, `retry-after` HTTP's (RFC 9110, section 10.2.3: seconds or a date).
Where there is neither, the moment counts at which the limit that is used up is full again: OpenAI's
`x-ratelimit-reset-requests: 6m0s`, Anthropic's `anthropic-ratelimit-requests-reset` with a time of
RFC 3339, the common `x-ratelimit-reset` with seconds or a moment in Unix time, and Google's `retryDelay` in
the body of the answer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import time

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?"
                       r"(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")  # fmt: skip
_SECONDS = (86400.0, 3600.0, 60.0, 1.0, 0.001)
_IN_BODY = re.compile(r'"retryDelay"\s*:\s*"([^"]{1,40})"')
_UNIX_TIMES_BEGIN = 1_000_000_000.0
"""A number of seconds as large as this is no duration but a moment."""


def asked_wait(headers: Mapping[str, str], body: str = "") -> float | None:
    """The seconds that a server asks to wait, from 0; None where it says nothing that can be read.

    Args:
        headers: the answer's headers, their names in lower case.
        body: the answer itself.
    """
    given = _seconds(headers.get("retry-after-ms"))
    if given is not None:
        return given / 1000
    for text in (headers.get("retry-after"), *_in_body(body)):
        if text is not None and (wait := _wait(text)) is not None:
            return wait
    resets = [_wait(value) for value in _used_up(headers)]
    return max((wait for wait in resets if wait is not None), default=None)


def _used_up(headers: Mapping[str, str]) -> Iterator[str]:
    """When the limits are full again of which nothing remains."""
    for name, value in headers.items():
        if "ratelimit" not in name or "reset" not in name:
            continue
        remains = headers.get(name.replace("reset", "remaining"))
        if remains is None or _seconds(remains) == 0:
            yield value


def _in_body(body: str) -> Iterator[str]:
    found = _IN_BODY.search(body)
    if found is not None:
        yield found[1]


def _wait(text: str) -> float | None:
    text = text.strip()
    seconds = _seconds(text)
    if seconds is not None:
        return max(seconds - time(), 0.0) if seconds >= _UNIX_TIMES_BEGIN else seconds
    parts = _DURATION.fullmatch(text)
    if text and parts is not None:
        return sum(
            float(part) * unit
            for part, unit in zip(parts.groups(), _SECONDS, strict=True)
            if part is not None
        )
    moment = _moment(text)
    return None if moment is None else max(moment.timestamp() - time(), 0.0)


def _seconds(text: str | None) -> float | None:
    """A number that is no less than 0 and not infinite."""
    try:
        number = float(text) if text is not None else -1.0
    except ValueError:
        return None
    return number if number >= 0 and math.isfinite(number) else None


def _moment(text: str) -> datetime | None:
    """A date of HTTP or of RFC 3339; one without a zone is in UTC."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = read(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return None
