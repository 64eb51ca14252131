"""Every kind of finding by its code: those of the grammar, those of the rules, and the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...base.text import near
from ...grammar.pages import PAGES
from ...grammar.problems import KINDS as NAMES
from . import RULES
from .found_elsewhere import FOUND_ELSEWHERE
from .kind import Kind

SYNTAX = tuple(
    Kind(code, name, "error", "syntax", "sometimes", "0.1", PAGES[code]) for code, name in NAMES.items()
)
"""What the grammar finds."""

KINDS: Mapping[str, Kind] = {each.code: each for each in (*SYNTAX, *RULES, *FOUND_ELSEWHERE)}
"""All kinds of findings, by their codes."""

CATEGORIES = tuple(dict.fromkeys(each.category for each in KINDS.values()))
"""The families that kinds belong to."""

_BY_NAME = {each.name: each for each in KINDS.values()}


def find(name: str) -> Kind | None:
    """The kind of this code or name."""
    return KINDS.get(name) or _BY_NAME.get(name)


def closest(name: str, others: Iterable[str] = ()) -> str | None:
    """The code or name that was probably meant by one that does not exist; `others` are names besides.

    Codes are all alike, so one is suggested only for what differs in case or in letters that look like
    digits.
    """
    code = name.upper().translate(_LOOK_LIKE_DIGITS)
    return code if code in KINDS and code != name else near(name, [*_BY_NAME, *others])


_LOOK_LIKE_DIGITS = str.maketrans("OIL", "011")
