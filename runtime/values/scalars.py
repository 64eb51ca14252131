"""Single values as models write them, by their types.

Tolerant of form, never of doubt: two different readings are an error, not a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ...base.expressions import pattern
from ...base.later import loaded
from .numbers import read_decimal, read_float, read_int
from .verdicts import unwrapped, verdict
from .words import NEGATION, TAKEN_BACK, ReadError, bare, shown

_TRUE = frozenset({"true", "yes", "y", "t", "1", "1.0", "on", "correct", "✓", "✔", "✔\ufe0f", "✅", "☑"})
_FALSE = frozenset(
    {"false", "no", "n", "f", "0", "0.0", "off", "incorrect", "not true", "not correct", "✗", "✘", "❌"}
)
WORDS_OF_TRUTH = {True: _TRUE, False: _FALSE}
"""The words, in lower case, that say each truth value."""
_FIRST = pattern(r"\W*(yes|no|true|false)\b[*_`\"']{0,3}\s*[,.:;–—-](?!\w)", re.I)
_SAID = pattern(r"\b(true|false)\b(?!\s+(?:positive|negative|alarm)s?\b)", re.I)
_HELD = pattern(r"\{\s*\"[^\"]*\"\s*:\s*(true|false|\"[^\"]{0,40}\")\s*\}|\[\s*(true|false)\s*\]")


def read_bool(text: str) -> bool:
    """A truth value: `True`, `yes.`, `0`, or a sentence that says one of them and not the other.

    Raises:
        ReadError: the text is none, or says both.
    """
    found = _word(text)
    if found is None:
        for part in (unwrapped(text), _held(text), verdict(text)):
            if (
                part is not None
                and (found := _first(part) if _word(part) is None else _word(part)) is not None
            ):
                break
    if found is None:
        found = _sentence(text)
    if found is None:
        raise ReadError(f"is {shown(text)}, which is neither True nor False")
    return found


def _held(text: str) -> str | None:
    """What an object or a list of one value holds."""
    match = _HELD.fullmatch(text.strip())
    return None if match is None else match[1] or match[2]


def _word(text: str) -> bool | None:
    word = bare(text).lower()
    return True if word in _TRUE else False if word in _FALSE else None


def _first(text: str) -> bool | None:
    """What a text begins with, and does not take back."""
    first = _FIRST.match(text)
    if first is None or TAKEN_BACK.match(text, first.end()) is not None:
        return None
    found = first[1].lower() in _TRUE
    lines = text[first.end() :].splitlines()[:_MOST_LINES]
    return None if any(_word(line) is (not found) for line in lines) else found


_MOST_LINES = 20


def _sentence(text: str) -> bool | None:
    if _FIRST.match(text) is not None:
        return _first(text)
    said = {found.lower() for found in _SAID.findall(text)}
    if len(said) == 1 and not NEGATION.search(text):
        return said == {"true"}
    return None


_READERS: dict[Any, Callable[[str], Any]] = {bool: read_bool, int: read_int, float: read_float}


def reader_of(kind: Any) -> Callable[[str], Any] | None:
    """What reads the values of a type off a text; None for a type whose values are read in another way."""
    if kind in loaded("decimal", "Decimal"):
        return read_decimal
    if kind in loaded("datetime", "date"):
        from .dates import read_date

        return read_date
    return _READERS.get(kind)
