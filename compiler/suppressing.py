"""Comments that suppress the findings of a file: where they are put, and that nothing else changes by them.

A comment goes to the end of the line that a finding begins on. Where none can stand there, because the line
ends inside a string, it goes to the end of the statement, for all of which it speaks then. A line that has
such a comment gets the codes added to it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from ..base.diagnostic import Diagnostic, Edit
from ..base.span import Span
from ..grammar.lossless import Lexeme, tokenize
from ..grammar.parse import File
from . import suppressions
from .analysis import FileAnalysis
from .fixing import apply_edits, meaning
from .rules.register import KINDS

Check = Callable[[str], FileAnalysis]


_ROUNDS = 200
"""Of findings that repeat each other only the first is told, so the next comes when that is suppressed."""


class Suppressed(Struct, frozen=True):
    """A text with comments that suppress findings."""

    text: str
    count: int
    """How many findings they suppress."""


def suppress(text: str, check: Check) -> Suppressed:
    """Suppress all findings of a text that comments can suppress, without changing what it means.

    Args:
        text: the text of a file.
        check: the analysis of a text, were it the file's.
    """
    before, count = check(text), 0
    for _ in range(_ROUNDS):
        wanted = [each for each in before.diagnostics if can_be_suppressed(each)]
        after = _try(before, wanted, check) if wanted else None
        if after is None:
            break
        before, count = after, count + len(wanted)
    return Suppressed(before.source.text, count)


def _try(before: FileAnalysis, wanted: Sequence[Diagnostic], check: Check) -> FileAnalysis | None:
    """The analysis of a text with comments for findings; None where these do harm, or nothing."""
    for at_end in (False, True):
        text = before.source.text
        changed = apply_edits(text, edits_for(before.file, wanted, at_end=at_end))
        if changed != text:
            after = check(changed)
            if _is_better(before, after, wanted):
                return after
    return None


def can_be_suppressed(found: Diagnostic) -> bool:
    """Whether a comment can suppress a finding: not one of syntax, nor one about such comments."""
    kind = KINDS.get(found.code)
    return (
        kind is not None and kind.category != "syntax" and found.code not in suppressions.ABOUT_SUPPRESSIONS
    )


def _is_better(before: FileAnalysis, after: FileAnalysis, wanted: Sequence[Diagnostic]) -> bool:
    """Whether findings are gone, there are none of a new kind, and the program means the same."""
    gone = set(_places(before, wanted))
    codes = {each.code for each in before.diagnostics}
    if not gone.isdisjoint(_places(after, after.diagnostics)):
        return False
    return all(each.code in codes for each in after.diagnostics) and meaning(before) == meaning(after)


def _places(analysis: FileAnalysis, findings: Iterable[Diagnostic]) -> Iterator[tuple[str, int]]:
    """The codes and lines of findings; comments move no line."""
    return ((each.code, analysis.source.line_of(each.span.start)) for each in findings)


def edits_for(file: File, findings: Iterable[Diagnostic], *, at_end: bool = False) -> tuple[Edit, ...]:
    """The edits that put comments for findings into a file; one for each line.

    Args:
        file: the file that they were found in.
        findings: findings that can be suppressed, their spans counted from the start of the file.
        at_end: whether all comments go to the ends of statements.
    """
    starts = [each.start for each in file.items]
    by_item: dict[int, list[Diagnostic]] = {}
    for found in findings:
        by_item.setdefault(max(bisect_right(starts, found.span.start) - 1, 0), []).append(found)
    return tuple(
        edit.shifted(file.items[index].start)
        for index, found in by_item.items()
        for edit in _edits_in(file.items[index].text, file.items[index].start, found, at_end=at_end)
    )


def _edits_in(text: str, start: int, findings: Sequence[Diagnostic], *, at_end: bool) -> Iterable[Edit]:
    tokens = tokenize(text)
    lines = suppressions.Lines(text, tokens)
    ends: dict[int, dict[str, None]] = {}
    for found in findings:
        offset = min(found.span.start - start, len(text))
        line = lines.physical_line(offset)
        end = line.end
        if at_end or not _may_end_in_comment(tokens, end):
            end = lines.statement_at(offset).end
        ends.setdefault(end, {})[found.code] = None
    there = {each.comment.end: each for each in suppressions.read(text) if each.word == "ignore"}
    edits = []
    for end, codes in ends.items():
        at = len(text[:end].rstrip(" \t"))
        edits.append(_edit(text, at, tuple(codes), there.get(at)))
    return edits


def _may_end_in_comment(tokens: Sequence[Lexeme], end: int) -> bool:
    """Whether a line that ends here can get a comment: it ends in no string, and in no backslash."""
    at = bisect_right(tokens, end, key=lambda each: each.start) - 1
    token = tokens[at] if tokens else None
    return token is None or token.kind == "newline" or token.end <= end


def _edit(text: str, at: int, codes: tuple[str, ...], known: suppressions.Suppression | None) -> Edit:
    if known is not None and known.names:
        last = known.names[-1][1].end
        names = {name for name, _ in known.names}
        new = [code for code in codes if code not in names]
        return Edit(Span(last, last), "".join(f", {code}" for code in new))
    line_is_empty = at == 0 or text[at - 1] in "\r\n"
    return Edit(Span(at, at), f"{'' if line_is_empty else '  '}# dspyc: ignore[{', '.join(codes)}]")
