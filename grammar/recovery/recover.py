"""What is wrong with an item that does not parse, and the tokens that were probably meant.

The automaton runs over the tokens without making values. Where it stops, the first of these applies:

1. a construct of other languages, or a typo, that has a message of its own (`constructs.py`, `typos.py`),
2. the insertion, replacement or deletion of one token after which most of the next tokens fit,
3. giving up the rest of the line, completed by what is missing.

The tokens mended in this way parse, so they give a syntax tree with `Missing` where something is missing.
One mistake should give one problem: a second one in the same line is taken for a consequence of the first.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from msgspec import Struct, field
from msgspec.structs import replace

from ...base.diagnostic import Diagnostic
from .. import syntax
from ..actions.context import Context
from ..lexing.brackets import find_repairs
from ..lexing.errors import too_deep
from ..lexing.lexer import lex
from ..lexing.tokens import Lexed, Token, vocabulary
from ..parsing.automaton import count_accepted, expected, feed, is_done, next_to_complete
from ..parsing.driver import parse
from ..problems import MISPLACED_DOCSTRING, problem
from ..tables import Start, tables
from .constructs import ITEM_RULES
from .docstrings import mask_docstring
from .edits import Repair, RepairRule, Stuck, first_repair
from .f_strings import behind, field_end, kinds_ahead
from .foreign_comments import mask_comments
from .foreign_items import read_foreign_item
from .messages import describe_deletion, describe_insertion, describe_panic, describe_replacement
from .typos import SIGNATURE_STRING_RULES

LOOKAHEAD = 4
"""How many tokens behind a repair are tried."""
ENOUGH = 3
"""How many of them must fit."""
MAX_CAREFUL = 25
"""After so many problems in one item the repairs are no longer compared; the text is something else."""
MAX_GUESSES = 3
"""How many mistakes that have no message of their own are told of an item: more of them follow from these."""
_GUESSES = ("expected ", "unexpected ")
MAX_UNSURE = 4
"""How many problems of an item are told that may come of a line above that was read wrongly."""
_OF_LAYOUT = frozenset({"E001", "E005", "E023"})
MAX_PROBLEMS = 100
MAX_IN_A_LINE = 12
"""After so many repairs a line is given up."""
MAX_REPAIRS = 1_000
MAX_TOKENS = 50_000
"""A declaration longer than this is data, not a program; its first mistake is enough."""


def recover(text: str, lexed: Lexed) -> tuple[syntax.Declaration | None, tuple[Diagnostic, ...]]:
    """The best reading of an item with mistakes, and the mistakes."""
    deep = [each for each in lexed.problems if each.code == "E026"]
    if deep:
        return None, (deep[0],)
    foreign = read_foreign_item(text, lexed.tokens)
    if foreign is not None:
        tokens, said = foreign
        return parse(tokens, Context(text)), (said,)
    text, comment = mask_comments(text)
    text, docstring = mask_docstring(text, lexed.tokens[0].start)
    masked = [each for each in (comment, docstring) if each is not None]
    if masked:
        lexed = lex(text)
        if len(lexed.tokens) == 1:
            return None, (*masked, *lexed.problems)
    if not lexed.is_balanced:
        repairs = find_repairs(text, lexed.skipped)
        found = repairs.problems
        lexed = lex(text, repairs=repairs)
        lexed.problems = sorted([*found, *lexed.problems], key=lambda each: each.span)[:MAX_PROBLEMS]
    if len(lexed.tokens) > MAX_TOKENS:
        first = [*masked, *lexed.problems][:MAX_PROBLEMS] or [
            problem("E001", (0, _first_line(text)), "syntax error in this long declaration")
        ]
        return None, tuple(first)
    mended = mend(text, lexed)
    context = Context(text)
    declaration = parse(mended.tokens, context) if mended.is_complete else None
    problems = [*masked, *lexed.problems, *mended.problems]
    if lexed.tokens[0].text == "class" and mended.problems:
        problems = mended.problems[:1]
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
    of_tree = list(_without_repeats(of_tree))
    headless = min((each.span.start for each in of_tree if each.message == MISPLACED_DOCSTRING), default=None)
    if headless is not None:
        problems = [each for each in problems if each.span.start < headless]
    if problems and of_tree:
        starts = [found.end() for found in re.finditer(r"\r\n?|\n", text)]
        lines = {bisect_right(starts, found.span.start) for found in problems}
        unclosed = [found.span.start for found in problems if found.code in {"E002", "E003"}]
        reliable = min(unclosed, default=len(text))
        of_tree = [found for found in of_tree if found.span.start < reliable]
        of_tree = [found for found in of_tree if bisect_right(starts, found.span.start) not in lines]
        of_tree = [each for each in of_tree if not any(a <= each.span.start < b for a, b in quiet)]
    return tuple(_likeliest(sorted([*problems, *of_tree], key=lambda found: found.span))[:MAX_PROBLEMS])


def _likeliest(found: list[Diagnostic]) -> list[Diagnostic]:
    """The problems without those that, after the first few of their like, follow from these."""
    likely: list[Diagnostic] = []
    unsure = 0
    for each in found:
        unsure += each.code in _OF_LAYOUT
        if unsure <= MAX_UNSURE or each.code not in _OF_LAYOUT:
            likely.append(each)
    return likely


def _without_repeats(found: list[Diagnostic]) -> Iterator[Diagnostic]:
    """What the tree says, of lines in the wrong place each thing once.

    Behind a docstring in the middle a head is missing, so that what follows is in the wrong place, too.
    """
    told: set[str] = set()
    for each in sorted(found, key=lambda each: each.span):
        if each.code == "E023":
            if each.message in told or MISPLACED_DOCSTRING in told:
                continue
            told.add(each.message)
        yield each


def _first_line(text: str) -> int:
    found = re.search(r"[\r\n]", text)
    return found.start() if found else len(text)


class Mended(Struct):
    """Tokens that parse, as far as `is_complete`, and what had to be said about them."""

    tokens: list[Token]
    problems: list[Diagnostic] = field(default_factory=list)
    is_complete: bool = True


def mend(text: str, lexed: Lexed, start: Start = "start") -> Mended:
    """Change tokens until they parse."""
    rules = ITEM_RULES if start == "start" else SIGNATURE_STRING_RULES
    run = _Run(list(lexed.tokens), start)
    mended = Mended(run.tokens)
    reported_lines = _lines_of(lexed)
    doubtful: set[int] = set()
    repairs: Counter[int] = Counter()
    guesses = 0
    while run.advance():
        line = _line_start(run.tokens, run.at)
        begin = _begin_of_line(run.tokens, line)
        repairs[begin] += 1
        stuck = Stuck(text, run.tokens, run.at, line, run.states, run.states_before(line))
        if repairs.total() > MAX_REPAIRS or len(mended.problems) > MAX_PROBLEMS:
            mended.is_complete = False
            return mended
        if len(mended.problems) < MAX_CAREFUL and repairs[begin] <= MAX_IN_A_LINE:
            repair = _repair(stuck, rules)
        else:
            repair = _give_up_line(stuck, whole=True)
        if repair is None:
            mended.is_complete = False
            if not mended.problems and not lexed.problems:
                mended.problems.append(describe_panic(stuck))
            return mended
        if repair.problem is not None and begin not in reported_lines:
            guesses += repair.problem.message.startswith(_GUESSES)
            if guesses <= MAX_GUESSES or not repair.problem.message.startswith(_GUESSES):
                mended.problems.append(repair.problem)
            reported_lines.add(begin)
        elif repair.problem is None or repair.problem.fix is None or not repair.problem.fix.is_safe:
            doubtful.add(begin)
        run.replace(repair)
    mended.is_complete = is_done(run.states)
    _doubt(lexed, mended, doubtful)
    return mended


def _doubt(lexed: Lexed, mended: Mended, doubtful: set[int]) -> None:
    """Call no fix safe in a line where more had to be repaired: it does not make the line whole."""
    starts = _starts_of_lines(lexed)
    for problems in (lexed.problems, mended.problems):
        for index, found in enumerate(problems):
            begin = starts[max(bisect_right(starts, found.span.start) - 1, 0)] if starts else 0
            if begin in doubtful or not mended.is_complete:
                fixes = (replace(fix, applicability="unsafe") if fix.is_safe else fix for fix in found.fixes)
                problems[index] = replace(found, fixes=tuple(fixes))


class _Run:
    """The automaton on its way through tokens that change."""

    def __init__(self, tokens: list[Token], start: Start) -> None:
        self.tokens = tokens
        self.at = 0
        self.states = [tables().starts[start]]
        self.lines = [(0, list(self.states))]
        """Where lines begin, as far as `at`, and the states before each."""

    def advance(self) -> bool:
        """Go on to the next token that does not fit; False where there is none."""
        known = vocabulary()
        layout = {known.newline, known.indent, known.dedent}
        tokens, states = self.tokens, self.states
        was_layout = self.at == 0 or tokens[self.at - 1].kind in layout
        while self.at < len(tokens):
            kind = tokens[self.at].kind
            if was_layout and kind not in layout and self.lines[-1][0] < self.at:
                self.lines.append((self.at, list(states)))
            if not feed(states, kind):
                return True
            was_layout = kind in layout
            self.at += 1
        return False

    def states_before(self, index: int) -> list[int]:
        """The states before a token that is not behind the one that does not fit."""
        begin, states = self.lines[bisect_right(self.lines, index, key=lambda line: line[0]) - 1]
        states = list(states)
        for token in self.tokens[begin:index]:
            feed(states, token.kind)
        return states

    def replace(self, repair: Repair) -> None:
        """Change the tokens, and go back to where they have changed."""
        if repair.start < self.at:
            self.states = self.states_before(repair.start)
            self.at = repair.start
            while len(self.lines) > 1 and self.lines[-1][0] > repair.start:
                self.lines.pop()
        self.tokens[repair.start : repair.stop] = repair.tokens


def _begin_of_line(tokens: list[Token], line: int) -> int:
    """The offset of the first token of a line that the author wrote."""
    for index in range(line, len(tokens)):
        if tokens[index].end > tokens[index].start:
            return tokens[index].start
    return tokens[line].start


def _lines_of(lexed: Lexed) -> set[int]:
    """Where the logical lines start that have a problem already, or are too deep."""
    starts = _starts_of_lines(lexed)
    found: set[int] = set()
    for first, last in lexed.quiet:
        found.update(starts[bisect_left(starts, first) : bisect_left(starts, last)])
    if starts:
        found |= {starts[max(bisect_right(starts, each.span.start) - 1, 0)] for each in lexed.problems}
    return found


def _starts_of_lines(lexed: Lexed) -> list[int]:
    """Where the logical lines start."""
    known = vocabulary()
    layout = {known.newline, known.indent, known.dedent}
    starts: list[int] = []
    for before, token in pairwise([Token(known.newline, 0, 0, ""), *lexed.tokens]):
        if token.kind not in layout and before.kind in layout:
            starts.append(token.start)
    return starts


def _line_start(tokens: list[Token], at: int) -> int:
    """The index of the first token of the logical line that holds `tokens[at]`."""
    known = vocabulary()
    layout = {known.newline, known.indent, known.dedent, known.end}
    first = at
    while first > 0 and tokens[first].kind in layout:
        first -= 1
    while first > 0 and tokens[first - 1].kind not in layout:
        first -= 1
    return first


def _repair(stuck: Stuck, rules: tuple[RepairRule, ...]) -> Repair | None:
    return first_repair(rules, stuck) or _one_token(stuck) or _give_up_line(stuck)


def _one_token(stuck: Stuck) -> Repair | None:
    """The best insertion, replacement or deletion of one token, if one is good enough."""
    known = vocabulary()
    layout = {known.newline, known.indent, known.dedent, known.end}
    stop = behind(stuck.tokens, stuck.at)
    window = kinds_ahead(stuck.tokens, stuck.at, LOOKAHEAD + 1)
    rest = kinds_ahead(stuck.tokens, stop, LOOKAHEAD + 1)
    is_fixed = stuck.token.kind in layout or (stuck.token.kind in known.of_f_strings and stop == stuck.at + 1)
    best, best_score = None, 0.0
    for kind in expected(stuck.states):
        if (kind in layout and kind != known.newline) or kind in known.of_f_strings:
            continue
        score = count_accepted(stuck.states, [kind, *window]) - 1 + _preference(kind)
        if score > best_score and score >= 1:
            best, best_score = ("insert", kind), score
        if not is_fixed and kind != known.newline:
            score = count_accepted(stuck.states, [kind, *rest]) - 1 - 0.2 + _preference(kind) / 2
            if score > best_score and score >= 2:
                best, best_score = ("replace", kind), score
    if not is_fixed:
        score = count_accepted(stuck.states, rest) + 0.1
        if score > best_score and score >= 2:
            best, best_score = ("delete", -1), score
    if best is None or best_score < min(ENOUGH, len(window) - 1):
        return None
    action, kind = best
    token = stuck.token
    if action == "insert":
        place = stuck.before.end if stuck.at else token.start
        return Repair(stuck.at, stuck.at, [made(kind, place)], describe_insertion(stuck, kind))
    if action == "replace":
        new = Token(kind, token.start, stuck.tokens[stop - 1].end, _text_of(kind) or token.text)
        return Repair(stuck.at, stop, [new], describe_replacement(stuck, kind))
    return Repair(stuck.at, stop, [], describe_deletion(stuck))


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
    return Token(kind, at, at, _text_of(kind))


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


def _give_up_line(stuck: Stuck, *, whole: bool = False) -> Repair | None:
    """Leave out the rest of the line and complete what it began, so that the next line fits.

    Between the braces of an f-string only the rest of the field, unless the `whole` line is to go.
    """
    known = vocabulary()
    line_ends = {known.newline, known.end}
    stop = (not whole and field_end(stuck.tokens, stuck.at)) or stuck.at
    if stop == stuck.at:
        while stuck.tokens[stop].kind not in line_ends:
            if stuck.tokens[stop].kind in {known.indent, known.dedent}:
                return _drop_layout(stuck)
            stop += 1
    found = describe_panic(stuck)
    following = kinds_ahead(stuck.tokens, stop, 3)
    inserted = _completion(stuck.states, following)
    if inserted is None:
        return _drop_line(stuck.tokens, stuck.at, stop, found)
    place = stuck.before.end if stuck.at else stuck.token.start
    return Repair(stuck.at, stop, [made(kind, place) for kind in inserted], found)


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


def _drop_layout(stuck: Stuck) -> Repair | None:
    """A block where none can be: read its lines as if they stood further left. Or one that ends too early."""
    known = vocabulary()
    if stuck.token.kind == known.dedent:
        inserted = _completion(stuck.states, [known.dedent])
        if inserted is None:
            return Repair(stuck.at, stuck.at + 1, [], None)
        place = stuck.before.end if stuck.at else 0
        return Repair(stuck.at, stuck.at, [made(kind, place) for kind in inserted], describe_panic(stuck))
    depth = 0
    for index in range(stuck.at, len(stuck.tokens)):
        depth += (stuck.tokens[index].kind == known.indent) - (stuck.tokens[index].kind == known.dedent)
        if depth == 0:
            return Repair(stuck.at, index + 1, stuck.tokens[stuck.at + 1 : index], describe_panic(stuck))
    return Repair(stuck.at, stuck.at + 1, [], describe_panic(stuck))


def _drop_line(tokens: list[Token], at: int, stop: int, found: Diagnostic) -> Repair | None:
    """Leave a whole line out, from its start."""
    line = _line_start(tokens, at)
    known = vocabulary()
    if tokens[stop].kind == known.end:
        return None
    if line == 0 and stop + 1 < len(tokens) and tokens[stop + 1].kind == known.end:
        return None
    return Repair(min(line, at), stop + 1, [], found)
