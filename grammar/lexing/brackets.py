"""Brackets without a partner: which one is at fault, and where its partner should stand."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from ...base.diagnostic import Diagnostic
from ..problems import problem, replacement
from .errors import swallowed_brackets
from .f_strings import scan
from .tokens import CLOSE, CLOSERS, NEWLINE, OPEN, OPEN_STRING, Repairs

REACH = 200
"""How many open brackets are searched for the partner of a closing one."""
_OPENERS = {closer: opener for opener, closer in CLOSERS.items()}
_LAST_LINE = re.compile(r"[^\r\n]*\Z")


class _Opened(Struct, frozen=True):
    bracket: str
    start: int
    margin: int
    """The indentation of the line that the bracket stands on."""
    line: int
    """Where that line starts."""


def find_repairs(text: str, skipped: Sequence[tuple[int, int]] = ()) -> Repairs:
    """How to make the brackets of an item match.

    A bracket counts as not closed where a later line stands no deeper than the line that opened it.

    Args:
        text: the item's text.
        skipped: ranges of it that are not read as tokens.
    """
    repairs = Repairs()
    stack: list[_Opened] = []
    line = margin = last_end = 0
    quiet_lines: set[int] = set()
    pieces = [each for each in scan(text) if not any(start <= each[1] < end for start, end in skipped)]
    counts = Counter(text[at] for kind, at, _ in pieces if kind in {OPEN, CLOSE})
    for kind, at, end in pieces:
        if kind == OPEN:
            stack.append(_Opened(text[at], at, margin, line))
        elif kind == CLOSE:
            _close(repairs, stack, text[at], at, quiet_lines, counts)
        elif kind == NEWLINE:
            blanks = _LAST_LINE.search(text, at, end)
            line = end - len(blanks[0]) if blanks else end
            margin = end - line
            if stack and text[end : end + 1] not in {")", "]", "}"} and not _has_slipped(text, end, stack):
                _end_line(repairs, stack, margin, last_end, quiet_lines)
            continue
        elif kind == OPEN_STRING:
            quiet_lines.add(line)
            closers = swallowed_brackets(text[at:end], [opened.bracket for opened in stack[-REACH:]])
            for _ in closers:
                stack.pop()
        last_end = end
    _end_line(repairs, stack, -1, last_end, quiet_lines)
    repairs.problems = _first_in_lines(repairs.problems, text)
    return repairs


def _first_in_lines(problems: list[Diagnostic], text: str) -> list[Diagnostic]:
    """The first problem of each line: the others follow from it as a rule."""
    starts = [found.end() for found in re.finditer(r"\r\n?|\n", text)]
    first: dict[int, Diagnostic] = {}
    for found in sorted(problems, key=lambda each: each.span):
        first.setdefault(bisect_right(starts, found.span.start), found)
    return list(first.values())


def _close(
    repairs: Repairs, stack: list[_Opened], bracket: str, at: int, quiet_lines: set[int], counts: Counter[str]
) -> None:
    if not stack:
        _drop(repairs, bracket, at)
        return
    wanted = CLOSERS[stack[-1].bracket]
    if wanted == bracket:
        stack.pop()
        return
    near = [CLOSERS[opened.bracket] for opened in stack[-REACH:]]
    if bracket in near and _is_surplus(bracket, stack[len(stack) - near[::-1].index(bracket) :], counts):
        _drop(repairs, bracket, at)
    elif bracket in near:
        partner = len(stack) - 1 - near[::-1].index(bracket)
        _give_up(repairs, stack[partner + 1 :], at, quiet_lines)
        del stack[partner:]
    elif counts[stack[-1].bracket] <= counts[wanted]:
        _drop(repairs, bracket, at)
    else:
        opened = stack.pop()
        repairs.replaced[at] = wanted
        repairs.problems.append(
            problem(
                "E002",
                (at, at + 1),
                f"`{bracket}` does not close `{opened.bracket}`; expected `{wanted}`",
                None,
                replacement(f"Write `{wanted}`", at, at + 1, wanted, "unsafe"),
            )
        )


def _is_surplus(bracket: str, inside: list[_Opened], counts: Counter[str]) -> bool:
    """Whether a bracket has no partner, rather than that those which were opened inside of it have none."""
    return counts[bracket] > counts[_OPENERS[bracket]] and all(
        counts[each.bracket] <= counts[CLOSERS[each.bracket]] for each in inside
    )


def _drop(repairs: Repairs, bracket: str, at: int) -> None:
    repairs.dropped.add(at)
    fix = replacement("Remove it", at, at + 1, "", "unsafe")
    repairs.problems.append(
        problem("E002", (at, at + 1), f"`{bracket}` has no matching `{_OPENERS[bracket]}`", None, fix)
    )


_NEXT_MARGIN = re.compile(r"[\r\n]([ \t]*)(?=[^\s#])")


def _has_slipped(text: str, at: int, stack: list[_Opened]) -> bool:
    """Whether a line is only indented wrongly: the next one is deeper than the innermost open bracket's."""
    following = _NEXT_MARGIN.search(text, at)
    return following is not None and len(following[1]) > stack[-1].margin


def _end_line(repairs: Repairs, stack: list[_Opened], margin: int, at: int, quiet_lines: set[int]) -> None:
    """A line begins `margin` deep: what was opened on a line no less deep has not been closed at `at`."""
    keep = len(stack)
    while keep and stack[keep - 1].margin >= margin:
        keep -= 1
    if keep < len(stack):
        _give_up(repairs, stack[keep:], at, quiet_lines)
        del stack[keep:]


def _give_up(repairs: Repairs, opened: list[_Opened], at: int, quiet_lines: set[int]) -> None:
    closers = "".join(CLOSERS[each.bracket] for each in reversed(opened))
    repairs.closers.append((at, closers))
    first = opened[0]
    if all(each.line in quiet_lines for each in opened):
        return
    repairs.problems.append(
        problem(
            "E002",
            (first.start, first.start + 1),
            f"`{first.bracket}` is never closed",
            None,
            replacement(f"Add `{closers}`", at, at, closers, "unsafe"),
        )
    )
