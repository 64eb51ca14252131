"""Applying the fixes that findings carry, until there are none left, without changing what a program means.

A round applies all fixes that do not touch each other. If the text then has more errors than before, or a
program that was right before is compiled to something else by safe fixes, they are tried one after the other,
and those that did it are left out. Imports that nothing uses do not count as a change of the compiled form:
removing them is what their fix says.
"""

from __future__ import annotations

import ast
from bisect import bisect_right, insort
from collections.abc import Callable, Collection, Iterable, Sequence
from operator import attrgetter

from msgspec import Struct

from ..base.diagnostic import Diagnostic, Edit, Fix
from ..base.span import Span
from .analysis import FileAnalysis
from .emit import emit

_ROUNDS = 50
"""A fix may bring out the next finding; after so many rounds two of them undo each other."""

Check = Callable[[str], FileAnalysis]
"""The analysis of a text, were it the file's."""


class Fixed(Struct, frozen=True):
    """A text after its fixes, and the fixes that were applied."""

    text: str
    fixes: tuple[Fix, ...]

    @property
    def count(self) -> int:
        """How many fixes were applied."""
        return len(self.fixes)


def fix(text: str, check: Check, *, unsafe: bool = False, leave: Collection[str] = ()) -> Fixed:
    """Apply the fixes of a text's findings.

    Args:
        text: the text.
        check: its analysis.
        unsafe: whether to apply those that may change what a program does, too.
        leave: the codes of findings whose fixes are not applied.
    """
    applied: list[Fix] = []
    refused: set[tuple[str, Fix]] = set()
    analysis = check(text)
    for _ in range(_ROUNDS):
        chosen = apart(
            fix
            for found in analysis.diagnostics
            if found.code not in leave
            and (fix := applicable(found, unsafe=unsafe)) is not None
            and (text, fix) not in refused
        )
        if not chosen:
            break
        result = _attempt(text, analysis, chosen, check)
        kept = chosen if result is not None else []
        if result is None:
            # One of them is at fault; the others wait for the next round.
            for each in chosen:
                result = _attempt(text, analysis, [each], check)
                if result is not None:
                    kept = [each]
                    break
                refused.add((text, each))
        if result is None:
            break
        text, analysis = result
        applied += kept
    return Fixed(text, tuple(applied))


def applicable(found: Diagnostic, *, unsafe: bool) -> Fix | None:
    """The likeliest fix of a finding that may be applied."""
    allowed = ("safe", "unsafe") if unsafe else ("safe",)
    return next((fix for fix in found.fixes if fix.applicability in allowed and fix.edits), None)


def apply(text: str, fixes: Iterable[Fix]) -> str:
    """The text with edits made that do not touch each other."""
    return apply_edits(text, (edit for one in fixes for edit in one.edits))


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with edits made that do not touch each other."""
    for edit in sorted(edits, key=lambda edit: edit.span, reverse=True):
        text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    return text


def _attempt(
    text: str, before: FileAnalysis, fixes: Sequence[Fix], check: Check
) -> tuple[str, FileAnalysis] | None:
    """The text with fixes applied, and its analysis; None where they do harm."""
    changed = apply(text, fixes)
    if changed == text:
        return None
    after = check(changed)
    if _errors(after, "syntax") > _errors(before, "syntax") or _errors(after) > _errors(before):
        return None
    only_safe = all(each.is_safe for each in fixes)
    if only_safe and not _errors(before) and (_errors(after) or meaning(before) != meaning(after)):
        return None
    return changed, after


def _errors(analysis: FileAnalysis, kind: str = "") -> int:
    is_syntax = kind == "syntax"
    return sum(
        each.severity == "error" and (not is_syntax or each.code.startswith("E0"))
        for each in analysis.diagnostics
    )


def meaning(analysis: FileAnalysis) -> str | None:
    """What a program is compiled to, without its places in the text and without imports that nothing uses.

    None where it cannot be compiled, because settings or comments hide an error.
    """
    try:
        tree = emit(analysis)
    except Exception:  # noqa: BLE001 - whatever a hidden error leads to
        return None
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    tree.body = [each for each in (_used(node, used) for node in tree.body) if each is not None]
    return ast.dump(tree)


def _used(node: ast.stmt, used: set[str]) -> ast.stmt | None:
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return node
    names = [each for each in node.names if (each.asname or each.name.partition(".")[0]) in used]
    if not names:
        return None
    if isinstance(node, ast.Import):
        return ast.Import(names)
    return ast.ImportFrom(node.module, names, node.level)


def apart(fixes: Iterable[Fix]) -> list[Fix]:
    """Those fixes whose edits touch no edit of an earlier one; the same fix of two findings counts once."""
    chosen: list[Fix] = []
    taken: list[Span] = []
    """The ranges of the chosen ones in order, of which none overlaps another."""
    for one in fixes:
        if not any(_touches(taken, edit.span) for edit in one.edits):
            chosen.append(one)
            for edit in one.edits:
                insort(taken, edit.span)
    return chosen


def _touches(taken: Sequence[Span], span: Span) -> bool:
    """Whether a range has a place, or an end, in common with one of those in order."""
    behind = bisect_right(taken, span.end, key=attrgetter("start"))
    return behind > 0 and taken[behind - 1].end >= span.start
