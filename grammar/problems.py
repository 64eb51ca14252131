"""What can be wrong with the form of a text: the list of the kinds, and how to make a finding of one."""

from __future__ import annotations

from ..base.diagnostic import Applicability, Diagnostic, Edit, Fix
from ..base.span import Span

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
    "E028": "hidden-character",
    "E029": "foreign-syntax",
    "E030": "unquoted-signature",
    "E031": "method",
}
"""The codes of syntax problems and their names."""

MISPLACED_DOCSTRING = "a docstring must come first in the body, and only once"
LAMBDA = "a `lambda` can only be an argument of a call"
LAMBDA_ADVICE = "declare a function with `def` in the first column and use its name"


def problem(
    code: str,
    span: tuple[int, int],
    message: str,
    help: str | None = None,  # noqa: A002 - the word that a reader of `Diagnostic` knows
    fix: Fix | None = None,
) -> Diagnostic:
    """A mistake in the form of an item; its name follows from its code, its spans count from the item."""
    fixes = () if fix is None else (fix,)
    return Diagnostic(code, KINDS[code], "error", Span(*span), message, help=help, fixes=fixes)


def replacement(title: str, start: int, end: int, text: str, applicability: Applicability) -> Fix:
    """A fix that replaces one range."""
    return Fix(title, (Edit(Span(start, end), text),), applicability)
