"""What is wrong with the form of a text: the problem record and the list of its kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from .source import Span

Fix: TypeAlias = tuple[str, tuple[tuple[Span, str], ...]]
"""A title, and the spans to replace with what to write there."""

KINDS: dict[str, str] = {
    "E001": "syntax-error",
    "E002": "unclosed-bracket",
    "E003": "unclosed-string",
    "E004": "tab-indentation",
    "E005": "wrong-indentation",
    "E006": "other-file-format",
    "E007": "reserved-word",
    "E008": "invalid-character",
    "E009": "invalid-number",
    "E010": "while-loop",
    "E011": "decorator",
    "E012": "walrus",
    "E013": "yield-or-await",
    "E014": "misplaced-lambda",
    "E015": "backslash-join",
    "E016": "semicolon",
    "E017": "string-prefix",
    "E018": "adjacent-strings",
    "E019": "unsupported-statement",
    "E020": "assignment-target",
    "E021": "invalid-escape",
    "E022": "invalid-f-string",
    "E023": "misplaced-line",
    "E024": "argument-order",
    "E025": "missing-type",
    "E026": "too-deep",
    "E027": "quoted-type",
}
"""The codes of syntax problems and their names."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in the form of an item; its spans count from the start of the item."""

    code: str
    name: str
    span: Span
    message: str
    help: str | None = None
    fix: Fix | None = None


def problem(
    code: str,
    span: tuple[int, int],
    message: str,
    help: str | None = None,  # noqa: A002 - the word that a reader of `Problem` knows
    fix: Fix | None = None,
) -> Problem:
    """A problem whose name follows from its code."""
    return Problem(code, KINDS[code], Span(*span), message, help, fix)


def replacement(title: str, start: int, end: int, text: str) -> Fix:
    """A fix that replaces one range."""
    return title, ((Span(start, end), text),)
