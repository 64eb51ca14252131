"""Days as models write them; what may be two different days (`05/06/2024`) is an error."""

from __future__ import annotations

import datetime
import re

from ...base.expressions import pattern
from .verdicts import verdict
from .words import ReadError, bare, shown

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul",
            "august aug", "september sep sept", "october oct", "november nov", "december dec",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_ORDINAL = "|".join(("st", "nd", "rd", "th"))
_DATE = pattern(
    r"(?<![\w/.-])(?:(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"
    r"|(?P<a>\d{1,2})(?P<sep>[-/.])(?P<b>\d{1,2})(?P=sep)(?P<y2>\d{4})"
    rf"|(?P<d3>\d{{1,2}})(?:{_ORDINAL})?\.?[\s-]\s*(?:of\s+)?(?P<m3>{_MONTH})\.?,?[\s-]\s*(?P<y3>\d{{4}})"
    rf"|(?P<m4>{_MONTH})\.?\s+(?P<d4>\d{{1,2}})(?:{_ORDINAL})?,?\s+(?P<y4>\d{{4}}))"
    r"(?:T00:00(?::00)?Z?)?(?![\w/-])",
    re.I,
)
_COMPACT = pattern(r"(?:(?:the\s)?date\s*(?:is|was|[:=])?\s*)?((?:19|20)\d\d)(0[1-9]|1[0-2])([0-3]\d)", re.I)
"""Eight digits are a day only where they are all that is said: among other words they may number anything."""
_CALL = pattern(r"(?:datetime\.)?date\(\s*(\d{4}),\s*(\d{1,2}),\s*(\d{1,2})\s*\)")
_DENIED = pattern(r"\b(?:not|never|neither|nor|before|after|earlier than|later than)\b|n['’]t\b", re.I)
"""What makes a sentence with one day say another."""


def read_date(text: str) -> datetime.date:
    """A day: `2024-05-06`, `May 6, 2024`, `6 May 2024`, `13/05/2024`, or the only one in a sentence;
    `20240506` is one where it is all that is said.

    Raises:
        ReadError: the text has none, several, or one that may be two.
    """
    text = _CALL.sub(r"\1-\2-\3", text)
    if _DENIED.search(text) is not None:
        raise ReadError(f"is {shown(text)}, which does not say which date it is; write it as 2024-05-31")
    compact = _COMPACT.fullmatch(bare(verdict(text) or text))
    said = bare(text) if compact is None else "-".join(compact.groups())
    found = {_day(match, text) for match in _DATE.finditer(said)}
    if len(found) != 1:
        problem = "no date" if not found else f"{len(found)} different dates"
        raise ReadError(f"is {shown(text)}, which contains {problem}; write it as 2024-05-31")
    return found.pop()


def _day(match: re.Match[str], text: str) -> datetime.date:
    try:
        if match["y"]:
            return datetime.date(int(match["y"]), int(match["m"]), int(match["d"]))
        if match["y3"]:
            return datetime.date(int(match["y3"]), _MONTHS[match["m3"].lower()], int(match["d3"]))
        if match["y4"]:
            return datetime.date(int(match["y4"]), _MONTHS[match["m4"].lower()], int(match["d4"]))
        first, second, year = int(match["a"]), int(match["b"]), int(match["y2"])
        if first != second and first <= 12 and second <= 12:
            raise ReadError(f"is {shown(text)}, which may be two different days; write it as 2024-05-31")
        day, month = (second, first) if second > 12 else (first, second)
        return datetime.date(year, month, day)
    except ReadError:
        raise
    except ValueError:
        raise ReadError(f"is {shown(text)}, which is no day of the calendar") from None
