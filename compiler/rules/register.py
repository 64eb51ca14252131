"""Every kind of finding by its code: those of the grammar and those of the rules."""

from __future__ import annotations

from collections.abc import Mapping

from ...grammar.pages import PAGES
from ...grammar.problems import KINDS as NAMES
from . import RULES
from .kind import Kind

SYNTAX = tuple(
    Kind(code, name, "error", "syntax", "sometimes", "0.1", PAGES[code]) for code, name in NAMES.items()
)
"""What the grammar finds."""

KINDS: Mapping[str, Kind] = {each.code: each for each in (*SYNTAX, *RULES)}
"""All kinds of findings, by their codes."""

CATEGORIES = tuple(dict.fromkeys(each.category for each in KINDS.values()))
"""The families that kinds belong to."""


def find(name: str) -> Kind | None:
    """The kind of this code or name."""
    return KINDS.get(name) or next((each for each in KINDS.values() if each.name == name), None)
