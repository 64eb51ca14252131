"""Text to the parser's tokens: one regular expression, then layout and soft keywords, in a single pass.

Nothing here keeps state between calls, so texts can be read in several threads at once.
"""

from __future__ import annotations

import re
from sys import intern

from .errors import give_back, report_open_string, too_deep, unusual
from .f_string_tokens import add_f_string
from .f_strings import Scanner, is_f_string
from .indentation import indent, outermost
from .tokens import (
    CASE,
    CLOSE,
    CLOSERS,
    COMMENT,
    END,
    LONG_LINE,
    MAX_NESTING,
    NAME,
    NEWLINE,
    NUMBER,
    OPEN,
    OPEN_STRING,
    OPERATOR,
    STRING,
    TOKEN,
    UNKNOWN,
    Lexed,
    Repairs,
    Token,
    vocabulary,
)


def lex(
    text: str,
    start: int = 0,
    end: int | None = None,
    inside_brackets: bool = False,
    repairs: Repairs | None = None,
) -> Lexed:
    """The tokens of `text[start:end]`.

    `inside_brackets` means that line ends do not count; `repairs` is what to read differently so that
    brackets match.
    """
    known = vocabulary()
    name_kind, colon, newline_kind = known.name, known.colon, known.newline
    words, soft, operators = known.words.get, known.soft, known.operators
    stop = len(text) if end is None else end
    lexed = Lexed([], [])
    tokens = lexed.tokens
    append = tokens.append
    new = tuple.__new__  # what `Token(…)` does, in half the time
    brackets: list[str] = []
    levels = [outermost(start)]
    begins_line = not inside_brackets
    pending_match = -1
    line_start = 0
    scanner: Scanner | None = None
    position = start
    while position >= 0:
        resume = -1
        for found in TOKEN.finditer(text, position, stop):
            kind = found.lastindex
            if repairs is not None and kind is not None:
                kind = _repair(lexed, brackets, repairs, found, kind)
            if brackets and len(brackets) >= MAX_NESTING and kind is not None:
                kind = _nested(lexed, brackets, found, kind)
            if kind == NAME:
                word = intern(found[1])
                to = found.end()
                at = to - len(word)
                terminal = words(word, name_kind)
                if word in soft and (
                    (begins_line and word in levels[-1].words)
                    or (word == "suggest" and tokens and tokens[-1].kind == colon)
                ):
                    soft_terminal, follows = soft[word]
                    if follows.match(text, to, stop):
                        if soft_terminal == known.match:
                            pending_match = len(tokens)
                        else:
                            terminal = soft_terminal
                append(new(Token, (terminal, at, to, word)))
            elif kind == OPERATOR:
                symbol = found[3]
                at, to = found.span(3)
                append(new(Token, (operators.get(symbol, UNKNOWN), at, to, symbol)))
            elif kind == NEWLINE:
                if brackets or inside_brackets:
                    continue
                at, to = found.span(7)
                if not begins_line:
                    if pending_match >= 0:
                        if tokens[-1].kind == colon or CASE.match(text, to, stop):
                            tokens[pending_match] = tokens[pending_match]._replace(kind=known.match)
                        pending_match = -1
                    append(new(Token, (newline_kind, at, at, "")))
                    lexed.has_long_line |= len(tokens) - line_start > LONG_LINE
                    line_start = len(tokens)
                if to < stop:
                    indent(lexed, levels, text, at, to)
                begins_line = True
                continue
            elif kind == OPEN:
                at, to = found.span(4)
                brackets.append(found[4])
                append(new(Token, (operators[found[4]], at, to, found[4])))
            elif kind == CLOSE:
                at, to = found.span(5)
                if brackets and CLOSERS[brackets[-1]] == found[5]:
                    brackets.pop()
                else:
                    lexed.is_balanced = False
                append(new(Token, (operators[found[5]], at, to, found[5])))
            elif kind == STRING:
                at, to = found.span(6)
                if text[at] in "\"'" or not is_f_string(text[at:to]):
                    append(new(Token, (known.string, at, to, found[6])))
                else:
                    scanner = scanner or Scanner(text)
                    behind = add_f_string(lexed, scanner, at, to, stop)
                    if behind != to:
                        resume = behind
                        begins_line = False
                        break
            elif kind == NUMBER:
                at, to = found.span(2)
                append(new(Token, (known.number, at, to, found[2])))
            elif kind == END:
                break
            elif kind == OPEN_STRING:
                at, to = found.span(kind)
                cut = at + report_open_string(lexed, brackets, found[kind], at)
                if is_f_string(text[at:cut]):
                    add_f_string(lexed, Scanner(text, to), at, cut, cut, is_reported=True)
                else:
                    append(new(Token, (known.string, at, cut, text[at:cut])))
                give_back(lexed, brackets, text[cut:to], cut)
            elif kind is not None and kind != COMMENT:
                at, to = found.span(kind)
                behind = unusual(lexed, brackets, kind, text, at, to, stop)
                if behind >= 0 and behind != to:
                    lexed.skipped.append((to, behind))
                    resume = behind
                    begins_line = False
                    break
            begins_line = False
        position = resume
    while repairs is not None and repairs.closers:
        _add_closers(lexed, brackets, repairs)
    if brackets:
        lexed.is_balanced = False
    if not inside_brackets:
        if not begins_line and tokens:
            append(new(Token, (newline_kind, stop, stop, "")))
        for level in levels:
            if level.is_block:
                append(new(Token, (known.dedent, stop, stop, "")))
            elif level.column:
                lexed.quiet.append((level.line, stop))
    append(new(Token, (known.end, stop, stop, "")))
    lexed.has_long_line |= len(tokens) - line_start > LONG_LINE
    return lexed


def _nested(lexed: Lexed, brackets: list[str], found: re.Match[str], kind: int) -> int | None:
    """Pass over what is nested too deeply; the kind to go on with, or None where the token is passed over."""
    if kind == OPEN:
        brackets.append(found[kind])
        if not any(each.code == "E026" for each in lexed.problems):
            at, to = found.span(kind)
            lexed.problems.append(too_deep((at, to)))
    elif kind == CLOSE and CLOSERS[brackets[-1]] == found[kind]:
        if len(brackets) == MAX_NESTING:
            return kind
        brackets.pop()
    elif kind == CLOSE:
        lexed.is_balanced = False
    elif len(brackets) == MAX_NESTING:
        return kind
    return None


def _repair(
    lexed: Lexed, brackets: list[str], repairs: Repairs, found: re.Match[str], kind: int
) -> int | None:
    """Do what `repairs` says before a token; the kind to go on with, or None where it is dealt with."""
    at = found.start(kind)
    while repairs.closers and repairs.closers[0][0] <= at:
        _add_closers(lexed, brackets, repairs)
    if at in repairs.dropped:
        return None
    wanted = repairs.replaced.get(at)
    if wanted is not None and brackets:
        lexed.tokens.append(Token(vocabulary().operators[wanted], at, at + 1, wanted))
        brackets.pop()
        return None
    return kind


def _add_closers(lexed: Lexed, brackets: list[str], repairs: Repairs) -> None:
    """Add the closing brackets that are missing next."""
    offset, closers = repairs.closers.popleft()
    for closer in closers[: len(brackets)]:
        if len(brackets) > MAX_NESTING:
            brackets.pop()
            continue
        lexed.tokens.append(Token(vocabulary().operators[closer], offset, offset, closer))
        brackets.pop()
