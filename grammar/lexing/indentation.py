"""Indentation: which lines begin and end a block, and what is wrong with those that fit nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from ..problems import problem, replacement
from ..words import BODY_WORDS, FIELD_WORDS, HEADS, MEMBER_WORDS, SOFT_KEYWORDS, STATEMENT_WORDS, SUITE_WORDS
from .tabs import tab_problem
from .tokens import CASE, Lexed, Token, vocabulary

_IN_A_FILE = (HEADS | MEMBER_WORDS) & SOFT_KEYWORDS
_IN_A_MATCH = frozenset({"case"})
_IN_STATEMENTS = STATEMENT_WORDS & SOFT_KEYWORDS
_IN_A_BODY = {head: words & SOFT_KEYWORDS for head, words in BODY_WORDS.items()}
"""The soft keywords of a body, by the first word of the declaration."""
_IN_ANY_BODY = MEMBER_WORDS & SOFT_KEYWORDS
_BLOCK_WORDS = SUITE_WORDS | {"while", "with", "try", "except", "finally", "class", "async"}
"""The words behind which a block is meant, those of Python among them."""


class Level(Struct):
    """How far a block is indented; where its lines do not agree, from `column` to `highest`."""

    column: int
    is_block: bool
    """False for lines that are too deep without a block."""
    line: int
    """Where its first line starts."""
    highest: int
    words: frozenset[str]
    """The soft keywords that can begin its lines."""


def outermost(start: int) -> Level:
    """The level of the lines in the first column."""
    return Level(0, False, start, 0, _IN_A_FILE)


def indent(lexed: Lexed, levels: list[Level], text: str, start: int, end: int) -> None:
    """Add the layout tokens of a line that begins at `end`; `text[start:end]` is what separates it."""
    known = vocabulary()
    tokens = lexed.tokens
    line = max(text.rfind("\n", start, end), text.rfind("\r", start, end)) + 1
    blanks = text[line:end]
    if "\t" in blanks:
        _report_tab(lexed, text, line, end)
    column = len(blanks.expandtabs(4))
    slipped = _meant_column(text, tokens, levels, column, end)
    if slipped is not None:
        _report_slip(lexed, line, end, slipped)
        column = slipped
    if column > levels[-1].highest:
        if _is_description(text, tokens, levels, end):
            tokens.pop()  # the end of the line, which goes on here
            return
        opens_block = len(tokens) > 1 and tokens[-1].kind == known.newline and _opens_block(tokens)
        if opens_block:
            tokens.append(Token(known.indent, end, end, ""))
        elif not (
            lexed.problems
            and tokens
            and lexed.problems[-1].span.start >= tokens[line_start(tokens, len(tokens) - 2)].start
        ):
            _report_indent(lexed, levels, line, end)
        words = _words(text, tokens, len(levels), end) if opens_block else levels[-1].words
        levels.append(Level(column, opens_block, line, column, words))
        return
    while column < levels[-1].column:
        top, below = levels[-1], levels[-2]
        if column > below.highest:
            if top.column - column <= column - below.highest:
                _report_dedent(lexed, top, line, end, column)
                top.column = column
                return
            _report_dedent(lexed, below, line, end, column)
            column = below.column
        levels.pop()
        if top.is_block:
            tokens.append(Token(known.dedent, end, end, ""))
        else:
            lexed.quiet.append((top.line, line))


def _is_description(text: str, tokens: list[Token], levels: list[Level], end: int) -> bool:
    """Whether a deeper line begins with a string behind the line of a field, an attribute or a member."""
    if len(levels) != 2 or len(tokens) < 2 or _STRING.match(text, end) is None:
        return False
    known = vocabulary()
    first = tokens[line_start(tokens, len(tokens) - 2)]
    words = BODY_WORDS.get(tokens[0].text, _NO_WORDS)
    if words & FIELD_WORDS:
        return first.text in FIELD_WORDS and first.kind != known.name
    return tokens[0].text in _OF_NAMES and first.kind not in {known.string, known.newline}


_STRING = re.compile(r"[rRuUfFbB]{0,2}[\"']")
_NO_WORDS: frozenset[str] = frozenset()
_OF_NAMES = frozenset({"type", "enum"})
"""The declarations whose lines begin with a name."""


def _meant_column(text: str, tokens: list[Token], levels: list[Level], column: int, end: int) -> int | None:
    """How far a line is meant to be indented that stands where no line or no block of it is; None for others.

    The lines below it tell: they go on as deep as if it stood in its place.
    """
    top = levels[-1]
    if column > top.highest or len(levels) == 1:
        return None
    fits = any(each.column <= column <= each.highest for each in levels)
    wants_block = len(tokens) > 1 and tokens[-1].kind == vocabulary().newline and _opens_block(tokens)
    if wants_block:
        return None if fits else min(_deeper_columns(text, end, top.highest), default=None)
    if column >= top.column or len(levels) == 2 or (fits and levels[-2].column <= column):
        return None
    next_line = _NEXT_LINE.search(text, end)
    if next_line is None:
        return None
    below = len(next_line[1].expandtabs(4))
    if _ENDS_IN_COLON.match(text, end):
        return None if fits or below <= top.highest else top.column
    return top.column if top.column <= below <= top.highest else None


def _deeper_columns(text: str, at: int, than: int) -> Iterator[int]:
    """How far the lines are indented that follow, as long as they are deeper than a column."""
    for found in _NEXT_LINE.finditer(text, at):
        column = len(found[1].expandtabs(4))
        if column <= than:
            return
        yield column


_NEXT_LINE = re.compile(r"[\r\n]([ \t]*)(?=[^\s#])")


_ENDS_IN_COLON = re.compile(r"[^\r\n#]*:[ \t]*(?:#[^\r\n]*)?(?=[\r\n]|\Z)")


def _report_slip(lexed: Lexed, line: int, end: int, wanted: int) -> None:
    _add(lexed, "the indentation of this line does not match any line above", line, end, wanted)


def _add(lexed: Lexed, message: str, line: int, end: int, wanted: int) -> None:
    fix = replacement(f"Indent it by {wanted} spaces", line, end, " " * wanted, "unsafe")
    lexed.problems.append(
        problem("E005", (line, max(end, line + 1)), message, f"indent it by {wanted} spaces", fix)
    )


def _report_dedent(lexed: Lexed, level: Level, line: int, end: int, column: int) -> None:
    """A line between two levels; the block's first line is at fault if only that one is uneven."""
    wanted = level.column
    if column % 4 == 0 and wanted % 4:
        line, end, wanted = level.line, level.line + wanted, column
        message = f"this line is indented by {level.column} spaces, the lines below it by {column}"
        _add(lexed, message, line, end, wanted)
    else:
        _report_slip(lexed, line, end, wanted)


def _report_tab(lexed: Lexed, text: str, line: int, end: int) -> None:
    """Report the tabs of an item once."""
    if not any(found.code == "E004" for found in lexed.problems):
        lexed.problems.append(tab_problem(text, line, end))


def _report_indent(lexed: Lexed, levels: list[Level], line: int, end: int) -> None:
    wanted = levels[-1].column
    lexed.problems.append(
        problem(
            "E005",
            (line, end),
            "unexpected indentation; the line above does not start a block",
            "indent it like the line above" if wanted else "start it in the first column",
            replacement("Indent it like the line above", line, end, " " * wanted, "unsafe"),
        )
    )


def _opens_block(tokens: list[Token]) -> bool:
    """Whether the line that just ended wants a block: it ends in a colon, or begins like one that should."""
    known = vocabulary()
    if tokens[-2].kind == known.colon:
        return True
    first = line_start(tokens, len(tokens) - 2)
    if tokens[first].text not in _BLOCK_WORDS or tokens[first + 1].text in {"=", "."}:
        return False
    depth = 0
    for token in tokens[first:]:
        depth += (token.kind in known.openers) - (token.kind in known.closers)
        if token.kind == known.colon and depth == 0:
            return False
    return True


def _words(text: str, tokens: list[Token], depth: int, at: int) -> frozenset[str]:
    """The soft keywords of the block that has just begun at a depth and at a place in the text."""
    head = tokens[line_start(tokens, len(tokens) - 3)]
    if depth == 1:
        return _IN_A_BODY.get(head.text, _IN_ANY_BODY)
    is_match = head.kind == vocabulary().match or (head.text not in _BLOCK_WORDS and CASE.match(text, at))
    return _IN_A_MATCH if is_match else _IN_STATEMENTS


def line_start(tokens: list[Token], at: int) -> int:
    """The index of the first token of the line that holds `tokens[at]`."""
    known = vocabulary()
    first = max(at, 0)
    while first > 0 and tokens[first - 1].kind not in {known.newline, known.indent, known.dedent}:
        first -= 1
    return first
