"""Comments that leave findings out: `# dspyc: ignore[CODE]` and `# dspyc: ignore-file[CODE]`.

They are read from comment tokens, so a string that looks like one is a string. A comment at the first or the
last line of a statement speaks for the whole statement, one between these for its own line. What a comment
names in vain is itself a finding, with a fix that removes it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from operator import itemgetter
from typing import TypeAlias

from msgspec import Struct

from ..base.diagnostic import Diagnostic, Edit, Fix
from ..base.span import Span
from ..base.text import near
from ..grammar import syntax
from ..grammar.lossless import Lexeme, tokenize
from ..grammar.parse import File, Item
from .rules.found_elsewhere import EMPTY_SUPPRESSION, UNKNOWN_SUPPRESSION, UNUSED_SUPPRESSION
from .rules.kind import Kind
from .rules.register import KINDS, closest, find

_DIRECTIVE = re.compile(r"(?:(?<=\s)|^)#[ \t]*dspyc[ \t]*:[ \t]*([\w-]*)[ \t]*(?:\[([^\]#]*)(\])?)?")
_WORDS = ("ignore", "ignore-file")
ABOUT_SUPPRESSIONS = frozenset({UNUSED_SUPPRESSION.code, UNKNOWN_SUPPRESSION.code, EMPTY_SUPPRESSION.code})


class Suppression(Struct, frozen=True):
    """A comment; its ranges count from the start of its item."""

    comment: Span
    """From its `#` to the end of what belongs to it."""
    removal: Span
    """What goes with it: the blanks before it, and its line where it stands alone."""
    word: str
    """What stands behind `dspyc:`."""
    names: tuple[tuple[str, Span], ...]
    """The codes and names in its brackets, as written."""
    covers: Span | None
    """The text that it speaks for; None for the whole file."""


def apply(
    file: File, findings: Iterable[Diagnostic], is_selected: Callable[[Kind], bool] = lambda kind: True
) -> list[Diagnostic]:
    """The findings of a file without those that comments leave out, and what is wrong with these comments.

    `is_selected` tells which kinds are looked for at all: a comment is not unused for the others.
    """
    if "dspyc" not in file.source.text:
        return list(findings)
    placed = [
        (item.start, each, bool(item.parsed.problems))
        for item in file.items
        if "dspyc" in item.text
        for each in read(item.text)
    ]
    if not placed:
        return list(findings)
    broken = any(item.parsed.problems for item in file.items)
    without_import = any(item.parsed.problems and _brings_names(item) for item in file.items)
    index = _Index((start, each) for start, each, _ in placed)
    kept: list[Diagnostic] = []
    used: dict[tuple[int, int], set[str]] = {}
    for found in findings:
        users = index.those_for(found)
        for start, each in users:
            used.setdefault((start, each.comment.start), set()).add(found.code)
        if not users:
            kept.append(found)
    for start, each, is_broken in placed:
        codes = used.get((start, each.comment.start), set())
        silent = is_broken or without_import or (broken and each.covers is None)
        for found in _wrong(each, codes, is_selected, is_silent=silent):
            placed_finding = found.shifted(start)
            if not index.those_for(placed_finding):
                kept.append(placed_finding)
    return kept


def _brings_names(item: Item) -> bool:
    """Whether other declarations may read what an item brings without a declaration of its own."""
    return item.declaration is None or isinstance(item.declaration, syntax.FromImport | syntax.Import)


_Placed: TypeAlias = tuple[int, Suppression]
"""A comment, and where the item begins that it stands in."""


class _Index:
    """The comments by the codes and names that they have, and by the text that they speak for."""

    def __init__(self, placed: Iterable[_Placed]) -> None:
        self._for_files: dict[str, list[_Placed]] = {}
        self._for_lines: dict[str, _Ranges] = {}
        for start, each in placed:
            for name in {name for name, _ in each.names} if each.word in _WORDS else ():
                if each.covers is None:
                    self._for_files.setdefault(name, []).append((start, each))
                else:
                    self._for_lines.setdefault(name, _Ranges()).add(each.covers.shifted(start), (start, each))

    def those_for(self, found: Diagnostic) -> list[_Placed]:
        """The comments that leave out a finding; none does so for a syntax problem."""
        kind = KINDS.get(found.code)
        if kind is not None and kind.category == "syntax":
            return []
        users: dict[tuple[int, int], _Placed] = {}
        for name in (found.code, found.name):
            ranges = self._for_lines.get(name)
            around = ranges.around(found.span.start) if ranges is not None else ()
            for start, each in (*self._for_files.get(name, ()), *around):
                users[start, each.comment.start] = (start, each)
        return list(users.values())


class _Ranges:
    """Comments by the range of the file that each speaks for."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, int, _Placed]] = []
        self._furthest: list[int] | None = None
        """How far the ranges reach that begin no later than each."""

    def add(self, span: Span, placed: _Placed) -> None:
        """Note a comment; all of them come before the first question."""
        self._entries.append((span.start, span.end, placed))

    def around(self, offset: int) -> Iterator[_Placed]:
        """The comments whose range has an offset in it or at its end."""
        if self._furthest is None:
            self._entries.sort(key=itemgetter(0))
            self._furthest = list(accumulate((end for _, end, _ in self._entries), max))
        at = bisect_right(self._entries, offset, key=itemgetter(0)) - 1
        while at >= 0 and self._furthest[at] >= offset:
            _, end, placed = self._entries[at]
            if end >= offset:
                yield placed
            at -= 1


# --- what is wrong with a comment -----------------------------------------------------------------------


def _wrong(
    suppression: Suppression, used: set[str], is_selected: Callable[[Kind], bool], *, is_silent: bool
) -> Iterator[Diagnostic]:
    """What a comment says in vain."""
    if suppression.word not in _WORDS:
        yield _unknown_word(suppression)
        return
    if not suppression.names:
        words = f"`# dspyc: {suppression.word}` names no rule, so it suppresses nothing"
        advice = f"name the codes: `# dspyc: {suppression.word}[E101]`"
        yield EMPTY_SUPPRESSION.at(suppression.comment, words, advice, _remove(suppression))
        return
    reasons = [_reason(name, used, is_selected, is_silent=is_silent) for name, _ in suppression.names]
    vain = {index for index, reason in enumerate(reasons) if reason is not None}
    for index in sorted(vain):
        reason = reasons[index]
        assert reason is not None
        name, span = suppression.names[index]
        others = vain if len(vain) == len(suppression.names) else {index}
        yield _about(reason, suppression, name, span, _remove(suppression, others))


def _reason(
    name: str, used: set[str], is_selected: Callable[[Kind], bool], *, is_silent: bool
) -> Kind | None:
    kind = find(name)
    if kind is None or kind.category == "syntax":
        return UNKNOWN_SUPPRESSION
    if is_silent or kind.code in used or kind.code in ABOUT_SUPPRESSIONS or not is_selected(kind):
        return None
    return UNUSED_SUPPRESSION


def _about(reason: Kind, suppression: Suppression, name: str, span: Span, removal: Fix) -> Diagnostic:
    if reason is UNUSED_SUPPRESSION:
        area = "this file" if suppression.covers is None else "this statement"
        return reason.at(span, f"unused suppression: `{name}` finds nothing in {area}", fix=removal)
    kind = find(name)
    if kind is not None:
        return reason.at(span, f"`{name}` is a syntax error, which cannot be suppressed", fix=removal)
    close = closest(name)
    words = f"unknown rule `{name}`" + (f"; did you mean `{close}`?" if close else "")
    change = (Fix(f"Change to `{close}`", (Edit(span, close),), "unsafe"),) if close else ()
    return reason.at(span, words, fix=(removal, *change))


def _unknown_word(suppression: Suppression) -> Diagnostic:
    word = suppression.word
    close = near(word, _WORDS)
    ending = f"; did you mean `{close}`?" if close else "; it can be `ignore[…]` or `ignore-file[…]`"
    return UNKNOWN_SUPPRESSION.at(
        suppression.comment, f"unknown comment `# dspyc: {word}`{ending}", fix=_remove(suppression)
    )


def _remove(suppression: Suppression, indexes: set[int] | None = None) -> Fix:
    """A fix that removes some of a comment's names, or the comment."""
    if indexes is None or len(indexes) == len(suppression.names):
        return Fix("Remove the comment", (Edit(suppression.removal, ""),), "safe")
    (index,) = indexes
    name, span = suppression.names[index]
    if index:
        span = Span(suppression.names[index - 1][1].end, span.end)
    else:
        span = Span(span.start, suppression.names[1][1].start)
    return Fix(f"Remove `{name}`", (Edit(span, ""),), "safe")


# --- reading --------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def read(text: str) -> tuple[Suppression, ...]:
    """The comments of an item that suppress something, or mean to."""
    tokens = tokenize(text)
    if not any(token.kind == "comment" and _DIRECTIVE.search(token.text) for token in tokens):
        return ()
    lines = Lines(text, tokens)
    return tuple(
        _suppression(text, lines, token, match)
        for token in tokens
        if token.kind == "comment"
        for match in _DIRECTIVE.finditer(token.text)
    )


def _suppression(text: str, lines: Lines, token: Lexeme, match: re.Match[str]) -> Suppression:
    start = token.start + match.start()
    # Words behind the brackets are the reason; they go with the comment.
    following = token.text.find("#", match.end())
    end = token.end if following < 0 else token.start + following
    names = tuple(
        (
            each[0],
            Span(token.start + match.start(2) + each.start(), token.start + match.start(2) + each.end()),
        )
        for each in re.finditer(r"[^\s,][^,]*[^\s,]|[^\s,]", match[2] or "")
    )
    covers = None if match[1] == "ignore-file" else lines.covered_from(start)
    return Suppression(Span(start, end), _removal(text, start, end), match[1], names, covers)


def _removal(text: str, start: int, end: int) -> Span:
    before = len(text[:start].rstrip(" \t"))
    is_alone = before == 0 or text[before - 1] in "\r\n"
    if not is_alone:
        return Span(before if end == len(text) or text[end] in "\r\n" else start, end)
    if end < len(text) and text[end] in "\r\n":
        return Span(before, end + (2 if text[end : end + 2] == "\r\n" else 1))
    return Span(before if end == len(text) else start, end)


class Lines:
    """The logical lines of a text: statements, and the heads of those that have a block."""

    def __init__(self, text: str, tokens: Sequence[Lexeme]) -> None:
        self._text = text
        self._spans = tuple(_logical_lines(tokens))

    def covered_from(self, offset: int) -> Span:
        """What a comment speaks for: the statement that begins or ends on its line, else its line."""
        line = self.physical_line(offset)
        for span in self._spans:
            first, last = self.physical_line(span.start), self.physical_line(span.end)
            if line in (first, last):
                return Span(first.start, last.end)
        return line

    def statement_at(self, offset: int) -> Span:
        """The lines of the statement, or of the head of a block, that an offset is in; else its line."""
        line = self.physical_line(offset)
        for span in self._spans:
            first, last = self.physical_line(span.start), self.physical_line(span.end)
            if first.start <= line.start and line.end <= last.end:
                return Span(first.start, last.end)
        return line

    def physical_line(self, offset: int) -> Span:
        """The line that an offset is in, without its end."""
        breaks = [
            at for at in (self._text.rfind("\n", 0, offset), self._text.rfind("\r", 0, offset)) if at >= 0
        ]
        end = re.compile(r"[\r\n]|\Z").search(self._text, offset)
        assert end is not None
        return Span(max(breaks, default=-1) + 1, end.start())


def _logical_lines(tokens: Iterable[Lexeme]) -> Iterator[Span]:
    """The ranges from the first to the last token of each line, brackets joined."""
    depth = 0
    first: Lexeme | None = None
    last: Lexeme | None = None
    for token in tokens:
        if token.kind == "newline" and depth <= 0:
            if first is not None and last is not None:
                yield Span(first.start, last.end)
            first = last = None
            depth = 0
        elif token.kind not in ("newline", "space", "comment"):
            depth += {"open": 1, "close": -1}.get(token.kind, 0)
            first, last = first or token, token
    if first is not None and last is not None:
        yield Span(first.start, last.end)
