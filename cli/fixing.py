"""`dspyc check --fix`: the fixes that findings carry, applied until there are none left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..compiler.diagnostic import Diagnostic, Fix

_ROUNDS = 10
"""A fix may bring out the next finding; after so many rounds two of them undo each other."""

Check = Callable[[str], Sequence[Diagnostic]]
"""The findings of a text, were it the file's."""


@dataclass(frozen=True)
class Fixed:
    """A text after its fixes, and how many of them there were."""

    text: str
    count: int


def fix(text: str, check: Check, *, unsafe: bool) -> Fixed:
    """Apply the fixes of a text's findings; those that may change what a program does only when `unsafe`.

    A round of fixes after which the text has more errors than before is taken back.
    """
    count = 0
    findings = check(text)
    for _ in range(_ROUNDS):
        chosen = _apart(one.fix for one in findings if one.fix is not None and (unsafe or one.fix.is_safe))
        if not chosen:
            break
        attempt = apply(text, chosen)
        after = check(attempt)
        if _errors(after) > _errors(findings):
            break
        text, findings, count = attempt, after, count + len(chosen)
    return Fixed(text, count)


def apply(text: str, fixes: Iterable[Fix]) -> str:
    """The text with edits made that do not touch each other."""
    edits = sorted((edit for one in fixes for edit in one.edits), key=lambda edit: edit.span, reverse=True)
    for edit in edits:
        text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    return text


def _apart(fixes: Iterable[Fix]) -> list[Fix]:
    """Those fixes whose edits touch no edit of an earlier one; the same fix of two findings counts once."""
    chosen: list[Fix] = []
    for one in fixes:
        taken = [edit.span for other in chosen for edit in other.edits]
        if one.edits and not any(
            edit.span.start <= span.end and span.start <= edit.span.end
            for edit in one.edits
            for span in taken
        ):
            chosen.append(one)
    return chosen


def _errors(findings: Sequence[Diagnostic]) -> int:
    return sum(one.severity == "error" for one in findings)
