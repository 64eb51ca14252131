"""What is wrong with an item that does not parse, and the tokens that were probably meant.

The automaton runs over the tokens without making values. Where it stops, the first of these applies:

1. a construct of other languages that has a message of its own (`foreign.py`),
2. the insertion, replacement or deletion of one token after which most of the next tokens fit,
3. giving up the rest of the line, completed by what is missing.

The tokens mended in this way parse, so they give a syntax tree with `Missing` where something is missing.
One mistake should give one problem: a second one in the same line is taken for a consequence of the first.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from ...base.diagnostic import Diagnostic
from .. import syntax
from ..actions.context import Context
from ..lexing.brackets import find_repairs
from ..lexing.errors import too_deep
from ..lexing.lexer import lex
from ..lexing.tokens import Lexed, Token, vocabulary
from ..parsing.automaton import count_accepted, expected, feed, is_done, next_to_complete
from ..parsing.driver import parse
from ..problems import problem
from ..tables import Start, tables
from .constructs import mend_foreign, mend_inline
from .messages import describe_deletion, describe_insertion, describe_panic, describe_replacement

LOOKAHEAD = 4
"""How many tokens behind a repair are tried."""
ENOUGH = 3
"""How many of them must fit."""
MAX_CAREFUL = 25
"""After so many problems in one item the repairs are no longer compared; the text is something else."""
MAX_PROBLEMS = 100
MAX_TOKENS = 50_000
"""A declaration longer than this is data, not a program; its first mistake is enough."""


def recover(text: str, lexed: Lexed) -> tuple[syntax.Declaration | None, tuple[Diagnostic, ...]]:
    """The best reading of an item with mistakes, and the mistakes."""
    if not lexed.is_balanced:
        repairs = find_repairs(text)
        found = repairs.problems
        lexed = lex(text, repairs=repairs)
        lexed.problems = sorted([*found, *lexed.problems], key=lambda each: each.span)[:MAX_PROBLEMS]
    if len(lexed.tokens) > MAX_TOKENS:
        first = lexed.problems[:MAX_PROBLEMS] or [
            problem("E001", (0, _first_line(text)), "there is a mistake in this long declaration")
        ]
        return None, tuple(first)
    mended = mend(text, lexed)
    context = Context(text)
    declaration = parse(mended.tokens, context) if mended.is_complete else None
    problems = [*lexed.problems, *mended.problems]
    if not problems:
        problems.append(too_deep((0, _first_line(text))))
    return declaration, with_problems_of_tree(text, problems, context.closing_problems(), lexed.quiet)


def with_problems_of_tree(
    text: str, problems: list[Diagnostic], of_tree: list[Diagnostic], quiet: list[tuple[int, int]]
) -> tuple[Diagnostic, ...]:
    """The problems in order; those of the tree only where nothing else is wrong in their line.

    What stands behind an unclosed bracket or string may be read wrongly, so nothing is said of it, nor of
    what stands in the ranges `quiet`.
    """
    if problems and of_tree:
        lines = {_line(text, found.span.start) for found in problems}
        unclosed = [found.span.start for found in problems if found.code in {"E002", "E003"}]
        reliable = min(unclosed, default=len(text))
        of_tree = [found for found in of_tree if found.span.start < reliable]
        of_tree = [found for found in of_tree if _line(text, found.span.start) not in lines]
        of_tree = [each for each in of_tree if not any(a <= each.span.start < b for a, b in quiet)]
    return tuple(sorted([*problems, *of_tree], key=lambda found: found.span)[:MAX_PROBLEMS])


def _first_line(text: str) -> int:
    found = re.search(r"[\r\n]", text)
    return found.start() if found else len(text)


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset)


@dataclass(slots=True)
class Mended:
    """Tokens that parse, as far as `is_complete`, and what had to be said about them."""

    tokens: list[Token]
    problems: list[Diagnostic] = field(default_factory=list)
    is_complete: bool = True


class Repair(NamedTuple):
    """Replace `tokens[start:stop]` by others; without a problem it is a consequence of an earlier repair."""

    start: int
    stop: int
    tokens: list[Token]
    problem: Diagnostic | None


def mend(text: str, lexed: Lexed, start: Start = "start") -> Mended:
    """Change tokens until they parse."""
    tokens = list(lexed.tokens)
    mended = Mended(tokens)
    states = [tables().starts[start]]
    reported_lines = _lines_of(lexed)
    at = 0
    budget = 2 * len(tokens) + 200
    while at < len(tokens):
        if feed(states, tokens[at][0]):
            at += 1
            continue
        budget -= 1
        if budget < 0 or len(mended.problems) > MAX_PROBLEMS:
            mended.is_complete = False
            return mended
        line = _line_start(tokens, at)
        is_item = start == "start"
        repair = _repair(text, tokens, at, states, is_item, is_careful=len(mended.problems) < MAX_CAREFUL)
        if repair is None:
            mended.is_complete = False
            if not mended.problems and not lexed.problems:
                mended.problems.append(describe_panic(text, tokens, at, states))
            return mended
        found = repair.problem
        begin = next((token[1] for token in tokens[line:] if token[2] > token[1]), tokens[line][1])
        if found is not None and begin not in reported_lines:
            mended.problems.append(found)
            reported_lines.add(begin)
        tokens[repair.start : repair.stop] = repair.tokens
        if repair.start < at:
            states = [tables().starts[start]]
            at = 0
    mended.is_complete = is_done(states)
    return mended


def _lines_of(lexed: Lexed) -> set[int]:
    """Where the logical lines start that have a problem already, or are too deep."""
    known = vocabulary()
    layout = {known.newline, known.indent, known.dedent}
    starts: list[int] = []
    for before, token in pairwise([(known.newline, 0, 0, ""), *lexed.tokens]):
        if token[0] not in layout and before[0] in layout:
            starts.append(token[1])
    found: set[int] = set()
    for first, last in lexed.quiet:
        found.update(starts[bisect_left(starts, first) : bisect_left(starts, last)])
    if starts:
        found |= {starts[max(bisect_right(starts, each.span.start) - 1, 0)] for each in lexed.problems}
    return found


def _line_start(tokens: list[Token], at: int) -> int:
    """The index of the first token of the logical line that holds `tokens[at]`."""
    known = vocabulary()
    layout = {known.newline, known.indent, known.dedent, known.end}
    first = at
    while first > 0 and tokens[first][0] in layout:
        first -= 1
    while first > 0 and tokens[first - 1][0] not in layout:
        first -= 1
    return first


def _repair(
    text: str, tokens: list[Token], at: int, states: list[int], is_item: bool, *, is_careful: bool
) -> Repair | None:
    if is_careful:
        line = _line_start(tokens, at)
        foreign = (mend_foreign if is_item else mend_inline)(text, tokens, at, line, states)
        if foreign is not None:
            return Repair(*foreign)
        single = _one_token(text, tokens, at, states)
        if single is not None:
            return single
    return _give_up_line(text, tokens, at, states)


def _one_token(text: str, tokens: list[Token], at: int, states: list[int]) -> Repair | None:
    """The best insertion, replacement or deletion of one token, if one is good enough."""
    known = vocabulary()
    layout = {known.newline, known.indent, known.dedent, known.end}
    window = [token[0] for token in tokens[at : at + LOOKAHEAD + 1]]
    rest = [token[0] for token in tokens[at + 1 : at + LOOKAHEAD + 2]]
    is_layout = tokens[at][0] in layout
    best, best_score = None, 0.0
    for kind in expected(states):
        if kind in layout and kind != known.newline:
            continue
        score = count_accepted(states, [kind, *window]) - 1 + _preference(kind)
        if score > best_score and score >= 1:
            best, best_score = ("insert", kind), score
        if not is_layout and kind != known.newline:
            score = count_accepted(states, [kind, *rest]) - 1 - 0.2 + _preference(kind) / 2
            if score > best_score and score >= 2:
                best, best_score = ("replace", kind), score
    if not is_layout:
        score = count_accepted(states, rest) + 0.1
        if score > best_score and score >= 2:
            best, best_score = ("delete", -1), score
    if best is None or best_score < min(ENOUGH, len(window) - 1):
        return None
    action, kind = best
    token = tokens[at]
    if action == "insert":
        place = tokens[at - 1][2] if at else token[1]
        return Repair(at, at, [made(kind, place)], describe_insertion(text, tokens, at, states, kind))
    if action == "replace":
        new = (kind, token[1], token[2], _text_of(kind) or token[3])
        return Repair(at, at + 1, [new], describe_replacement(text, tokens, at, states, kind))
    return Repair(at, at + 1, [], describe_deletion(text, tokens, at, states))


def _preference(kind: int) -> float:
    """Which insertion is likelier where several fit equally well."""
    return _preferences().get(kind, 0.0)


@cache
def _preferences() -> dict[int, float]:
    known = vocabulary()
    operators = known.operators
    likely = dict.fromkeys((operators[text] for text in (":", ",", "=", ")", "]", "}")), 0.6)
    words = {kind: -0.6 for text, kind in tables().literals.items() if text.isalpha()}
    return words | likely | {known.name: 0.3, operators["."]: 0.1, known.string: -0.2, known.newline: -0.4}


def made(kind: int, at: int) -> Token:
    """A token that is not in the text."""
    return kind, at, at, _text_of(kind)


def _text_of(kind: int) -> str:
    """The text of a terminal that has but one."""
    texts = [text for text, number in tables().literals.items() if number == kind]
    return texts[0] if len(texts) == 1 else _ANY_TEXT.get(tables().terminals[kind], "")


_ANY_TEXT = {
    "SIGN": "+",
    "COMPARE": "==",
    "NUMBER": "0",
    "CONSTANT": "None",
    "DIRECTION": "output",
    "AUGMENTED": "+=",
}


def _give_up_line(text: str, tokens: list[Token], at: int, states: list[int]) -> Repair | None:
    """Leave out the rest of the line and complete what it began, so that the next line fits."""
    known = vocabulary()
    line_ends = {known.newline, known.end}
    stop = at
    while tokens[stop][0] not in line_ends:
        if tokens[stop][0] in {known.indent, known.dedent}:
            return _drop_layout(text, tokens, at, states)
        stop += 1
    found = describe_panic(text, tokens, at, states)
    following = [token[0] for token in tokens[stop : stop + 3]]
    inserted = _completion(states, following)
    if inserted is None:
        return _drop_line(tokens, at, stop, found)
    place = tokens[at - 1][2] if at else tokens[at][1]
    return Repair(at, stop, [made(kind, place) for kind in inserted], found)


def _completion(states: list[int], following: list[int]) -> list[int] | None:
    """The terminals to insert so that as many as possible of those that follow fit, but at least one."""
    copy = list(states)
    inserted: list[int] = []
    best: list[int] | None = None
    best_count = 0
    end = vocabulary().end
    for _ in range(60):
        count = count_accepted(copy, following)
        if count > best_count:
            best, best_count = list(inserted), count
            if count == len(following):
                break
        kind = next_to_complete(copy)
        if kind == end or not feed(copy, kind):
            break
        inserted.append(kind)
    return best


def _drop_layout(text: str, tokens: list[Token], at: int, states: list[int]) -> Repair | None:
    """A block where none can be: read its lines as if they stood further left. Or one that ends too early."""
    known = vocabulary()
    if tokens[at][0] == known.dedent:
        inserted = _completion(states, [known.dedent])
        if inserted is None:
            return Repair(at, at + 1, [], None)
        place = tokens[at - 1][2] if at else 0
        return Repair(
            at, at, [made(kind, place) for kind in inserted], describe_panic(text, tokens, at, states)
        )
    depth = 0
    for index in range(at, len(tokens)):
        depth += (tokens[index][0] == known.indent) - (tokens[index][0] == known.dedent)
        if depth == 0:
            return Repair(at, index + 1, tokens[at + 1 : index], describe_panic(text, tokens, at, states))
    return Repair(at, at + 1, [], describe_panic(text, tokens, at, states))


def _drop_line(tokens: list[Token], at: int, stop: int, found: Diagnostic) -> Repair | None:
    """Leave a whole line out, from its start."""
    line = _line_start(tokens, at)
    known = vocabulary()
    if tokens[stop][0] == known.end:
        return None
    if line == 0 and stop + 1 < len(tokens) and tokens[stop + 1][0] == known.end:
        return None
    return Repair(min(line, at), stop + 1, [], found)
