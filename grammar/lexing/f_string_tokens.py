"""The parser's tokens of an f-string, and what is wrong between its braces."""

from __future__ import annotations

import re

from msgspec import Struct, field

from ...base.diagnostic import Diagnostic, Edit, Fix
from ...base.span import Span
from ..problems import LAMBDA, LAMBDA_ADVICE, problem, replacement
from .errors import too_deep, unusual
from .f_strings import Piece, Scanned, Scanner, scan_f_string
from .tokens import (
    BACKSLASH,
    CLOSE,
    CLOSERS,
    COMMENT,
    F_CLOSE,
    F_COLON,
    F_CONVERSION,
    F_END,
    F_EQUALS,
    F_OPEN,
    F_START,
    F_STRAY,
    F_TEXT,
    F_TOO_DEEP,
    NAME,
    NUMBER,
    OPEN,
    OPEN_STRING,
    OPERATOR,
    STRING,
    TOKEN,
    UNKNOWN,
    Lexed,
    Token,
    vocabulary,
)

_OTHER_QUOTE = {'"': "'", "'": '"'}
_OPENERS = {closer: opener for opener, closer in CLOSERS.items()}
_CONVERSIONS = {"!s", "!r", "!a"}


class _Field(Struct):
    """A replacement field that has begun."""

    start: int
    brackets: list[str] = field(default_factory=list)
    """The brackets that its expression has open."""
    is_expression: bool = True
    """False behind the expression."""
    is_reported: bool = False
    """Whether something has been said about it; what else is odd follows from that."""


def add_f_string(
    lexed: Lexed, scanner: Scanner, start: int, end: int, limit: int, *, is_reported: bool = False
) -> int:
    """Add the tokens of the f-string at `start`, which a plain string would end at `end`; where it ends.

    Where something has been said about it as a whole (`is_reported`), nothing is said of its inside.
    """
    known = vocabulary()
    scanned = scan_f_string(scanner, start, end, limit)
    text = scanner.text
    if scanned.is_too_deep:
        lexed.problems.append(too_deep((start, min(scanned.end, start + 40))))
    if scanned.is_nested:
        lexed.problems.append(_nested_quotes(text, start, scanned))
    count = len(lexed.problems)
    is_reported = is_reported or scanned.is_nested or scanned.is_too_deep
    fields: list[_Field] = []
    floors: list[int] = []
    words, append = known.words.get, lexed.tokens.append
    for piece in scanned.pieces:
        if piece.kind == NAME:
            written = text[piece.start : piece.end]
            append(Token(words(written, known.name), piece.start, piece.end, written))
            continue
        if piece.kind == F_START:
            floors.append(len(fields))
        elif piece.kind == F_END:
            floor = floors.pop()
            while len(fields) > floor:
                _close_field(lexed, fields.pop(), piece.start, is_closed=False)
        _add(lexed, text, piece, fields)
    if is_reported:
        del lexed.problems[count:]
    return scanned.end


def _add(lexed: Lexed, text: str, piece: Piece, fields: list[_Field]) -> None:
    known = vocabulary()
    kind, start, end = piece
    written = text[start:end]
    append = lexed.tokens.append
    if kind == F_START:
        append(Token(known.f_start, start, end, written))
    elif kind == F_TEXT:
        append(Token(known.f_middle, start, end, written))
    elif kind == F_END:
        append(Token(known.f_end, start, end, written))
    elif kind == F_OPEN:
        fields.append(_Field(start))
        append(Token(known.operators["{"], start, end, written))
    elif kind == F_CLOSE:
        _close_field(lexed, fields.pop(), start, is_closed=True)
    elif kind in {F_EQUALS, F_CONVERSION, F_COLON}:
        if kind == F_COLON:
            _check_lambda(lexed, fields[-1])
        _end_expression(lexed, fields[-1], start)
        if kind == F_CONVERSION and written not in _CONVERSIONS:
            _report(lexed, fields[-1], (start, end), "expected `!s`, `!r` or `!a`")
        named = {F_EQUALS: known.f_equals, F_CONVERSION: known.f_conversion, F_COLON: known.f_colon}
        append(Token(named[kind], start, end, written))
    elif kind == F_STRAY:
        _report(lexed, fields[-1], (start, max(end, start + 1)), "expected `}` here")
    elif kind == F_TOO_DEEP:
        message = "replacement fields are nested too deeply"
        _report(
            lexed, fields[-1], (start, end), message, "assign the inner value to a name on the line above"
        )
    else:
        _add_of_expression(lexed, text, piece, fields[-1])


def _add_of_expression(lexed: Lexed, text: str, piece: Piece, inside: _Field) -> None:
    """Add a token that stands between the braces."""
    known = vocabulary()
    kind, start, end = piece
    written = text[start:end]
    append = lexed.tokens.append
    if kind == NUMBER:
        append(Token(known.number, start, end, written))
    elif kind == OPERATOR:
        append(Token(known.operators.get(written, UNKNOWN), start, end, written))
    elif kind == OPEN:
        inside.brackets.append(written)
        append(Token(known.operators[written], start, end, written))
    elif kind == CLOSE:
        _close_bracket(lexed, piece, written, inside)
    elif kind == STRING:
        backslash = written.find("\\")
        if backslash >= 0:
            _report_backslash(lexed, inside, start + backslash)
        append(Token(known.string, start, end, written))
    elif kind == COMMENT:
        message = "a comment is not allowed between the braces of an f-string"
        _report(lexed, inside, (start, end), message)
    elif kind == BACKSLASH or written == "\\":
        _report_backslash(lexed, inside, start)
    elif kind == OPEN_STRING:
        _report(lexed, inside, (start, end), "this string is never closed", code="E003")
        append(Token(known.string, start, end, written))
    else:
        count = len(lexed.problems)
        unusual(lexed, ["{"], kind, text, start, end)
        inside.is_reported |= len(lexed.problems) > count


def _check_lambda(lexed: Lexed, inside: _Field) -> None:
    """Report a `lambda` whose colon would begin the format of the field."""
    for token in reversed(lexed.tokens):
        if token.start <= inside.start:
            return
        if token.kind == vocabulary().words["lambda"] and not inside.brackets:
            _report(lexed, inside, token.span, LAMBDA, LAMBDA_ADVICE, code="E014")


def _close_bracket(lexed: Lexed, piece: Piece, written: str, inside: _Field) -> None:
    while inside.brackets and CLOSERS[inside.brackets[-1]] != written and written in _closers(inside):
        _add_closer(lexed, inside, piece.start)
    if inside.brackets and CLOSERS[inside.brackets[-1]] == written:
        inside.brackets.pop()
        lexed.tokens.append(Token(vocabulary().operators[written], piece.start, piece.end, written))
        return
    fix = replacement("Remove it", piece.start, piece.end, "", "unsafe")
    message = f"`{written}` has no matching `{_OPENERS[written]}`"
    _report(lexed, inside, (piece.start, piece.end), message, fix=fix, code="E002")


def _closers(inside: _Field) -> set[str]:
    return {CLOSERS[bracket] for bracket in inside.brackets}


def _add_closer(lexed: Lexed, inside: _Field, at: int) -> None:
    """Add the closing bracket that is missing at a place."""
    bracket = inside.brackets.pop()
    closer = CLOSERS[bracket]
    fix = replacement(f"Add `{closer}`", at, at, closer, "unsafe")
    _report(lexed, inside, (at, at + 1), f"expected `{closer}` to close `{bracket}`", fix=fix, code="E002")
    lexed.tokens.append(Token(vocabulary().operators[closer], at, at, closer))


def _end_expression(lexed: Lexed, inside: _Field, at: int) -> None:
    """Make the expression of a field whole: brackets closed, and something where nothing stands."""
    if not inside.is_expression:
        return
    inside.is_expression = False
    while inside.brackets:
        _add_closer(lexed, inside, at)
    last = lexed.tokens[-1]
    if last.start == inside.start:
        _report(
            lexed,
            inside,
            (inside.start, at + 1),
            "expected an expression between the braces",
            "write `{{}}` for braces in the text",
        )
        lexed.tokens.append(Token(vocabulary().name, last.end, last.end, ""))


def _close_field(lexed: Lexed, inside: _Field, at: int, *, is_closed: bool) -> None:
    """Add the brace that closes a field; report it where it is missing."""
    if not is_closed:
        message, advice = "`{` is never closed in this f-string", "write `{{` for a brace in the text"
        _report(lexed, inside, (inside.start, inside.start + 1), message, advice)
    _end_expression(lexed, inside, at)
    lexed.tokens.append(Token(vocabulary().operators["}"], at, at + is_closed, "}"))


def _report_backslash(lexed: Lexed, inside: _Field, at: int) -> None:
    message = "a backslash is not allowed between the braces of an f-string"
    _report(lexed, inside, (at, at + 1), message, "assign the value to a name on the line above")


def _report(
    lexed: Lexed,
    inside: _Field,
    span: tuple[int, int],
    message: str,
    advice: str | None = None,
    fix: Fix | None = None,
    code: str = "E022",
) -> None:
    """Report the first thing that is wrong in a field."""
    if not inside.is_reported:
        lexed.problems.append(problem(code, span, message, advice, fix))
    inside.is_reported = True


def _nested_quotes(text: str, start: int, scanned: Scanned) -> Diagnostic:
    """An f-string that holds its own quotes between its braces."""
    pieces = scanned.pieces
    outer = text[pieces[0].start : pieces[0].end].lstrip("rRfF")
    strings = _strings_inside(text, pieces)
    first = next((each for each, quote in strings if quote == outer), pieces[1])
    fixes = tuple(_quote_fixes(text, start, scanned.end, outer, strings))
    found = problem(
        "E022",
        (first.start, first.end),
        f"a string between the braces cannot use the f-string's own quotes, `{outer}`",
        f"use `{_OTHER_QUOTE[outer[0]]}` for the inner string",
    )
    return Diagnostic(
        found.code, found.name, found.severity, found.span, found.message, help=found.help, fixes=fixes[:1]
    )


def _strings_inside(text: str, pieces: list[Piece]) -> list[tuple[Piece, str]]:
    """The strings right inside an f-string, as wholes, and their quotes."""
    found: list[tuple[Piece, str]] = []
    depth = 0
    begin = 0
    for kind, start, end in pieces[1:-1]:
        if kind == F_START:
            begin = start if depth == 0 else begin
            depth += 1
        elif kind == F_END:
            depth -= 1
        if depth == 0 and kind in {STRING, F_END}:
            whole = Piece(STRING, begin if kind == F_END else start, end)
            quote = re.match(r"[A-Za-z]*(\"\"\"|'''|\"|')", text[whole.start : whole.end])
            found.append((whole, quote[1] if quote else ""))
    return found


def _quote_fixes(text: str, start: int, end: int, outer: str, strings: list[tuple[Piece, str]]) -> list[Fix]:
    """The changes of quotes that give an f-string which Python 3.11 reads as it is meant."""
    other = outer.replace(outer[0], _OTHER_QUOTE[outer[0]])
    inner: list[Edit] = []
    for piece, quote in strings:
        if quote == outer:
            content = piece.start + text[piece.start : piece.end].index(quote) + len(quote)
            inner.append(Edit(Span(content - len(quote), content), other))
            inner.append(Edit(Span(piece.end - len(quote), piece.end), other))
    prefix = start + text[start:end].index(outer)
    longer = outer[0] * 3
    around = [Edit(Span(prefix, prefix + 1), longer), Edit(Span(end - 1, end), longer)]
    choices = [(f"Use `{other}` inside", inner)]
    if len(outer) == 1:
        choices.append((f"Use `{longer}` outside", around))
    return [Fix(title, tuple(edits), "safe") for title, edits in choices if _is_read(text, start, end, edits)]


def _is_read(text: str, start: int, end: int, edits: list[Edit]) -> bool:
    """Whether the f-string is one whole string with these edits."""
    changed = text[start:end]
    for edit in sorted(edits, key=lambda edit: edit.span, reverse=True):
        changed = changed[: edit.span.start - start] + edit.replacement + changed[edit.span.end - start :]
    found = TOKEN.match(changed)
    if found is None or found.lastindex != STRING or found.end() != len(changed):
        return False
    scanned = scan_f_string(Scanner(changed), 0, len(changed), len(changed))
    has_backslash = any("\\" in changed[at:to] for kind, at, to in scanned.pieces if kind == STRING)
    return scanned.unclosed is None and not (scanned.is_nested or scanned.is_too_deep or has_backslash)
