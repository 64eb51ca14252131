"""Tokens that are wrong by themselves: strings without an end, characters without a meaning."""

from __future__ import annotations

import re

from ...base.diagnostic import Applicability, Diagnostic
from ..problems import problem, replacement
from .foreign import read_question_mark, read_template
from .tokens import BACKSLASH, CLOSERS, Lexed, Token, vocabulary

_TYPOGRAPHIC_QUOTES = "“”„‘’"


def unusual(
    lexed: Lexed, brackets: list[str], kind: int | None, text: str, start: int, end: int, stop: int = -1
) -> int:
    """Report a token that is wrong by itself, and add what was probably meant.

    Where to go on reading, at most `stop`; -1 behind the token. Without a `stop` only the token is looked at.
    """
    known = vocabulary()
    written = text[start:end]
    if kind == BACKSLASH:
        lexed.problems.append(
            problem(
                "E015",
                (start, start + 1),
                "lines cannot be joined with a backslash",
                "put the expression in brackets",
            )
        )
    elif written == ";":
        _semicolon(lexed, brackets, text, start)
    elif written[0].isdigit() or (written[0] == "." and len(written) > 1):
        lexed.tokens.append(Token(known.number, start, end, written))
    elif written[0] in _TYPOGRAPHIC_QUOTES:
        content = written.strip(_TYPOGRAPHIC_QUOTES)
        lexed.problems.append(
            problem(
                "E008",
                (start, end),
                f'`{written[0]}` is not a quote; use `"`',
                None,
                replacement('Use `"`', start, end, f'"{content}"', _quotes_match(written)),
            )
        )
        lexed.tokens.append(Token(known.string, start, end, f'"{content}"'))
    elif stop >= 0 and written == "`" and (behind := read_template(lexed, text, start)) >= 0:
        return behind
    elif stop >= 0 and written == "?":
        return read_question_mark(lexed, text, start, stop)
    elif written == "!":
        if not _is_second_mark(lexed, text, start):
            is_double = text.startswith("!!", start)
            message = "use `bool(…)` instead of `!!`" if is_double else "use `not` instead of `!`"
            fix = None if is_double else replacement("Write `not`", start, end, "not ", "unsafe")
            lexed.problems.append(problem("E008", (start, end + is_double), message, None, fix))
        lexed.tokens.append(Token(known.words["not"], start, end, written))
    else:
        shown = f"`{written}`" if written.isprintable() else f"U+{ord(written):04X}"
        lexed.problems.append(problem("E008", (start, end), f"unexpected character {shown}"))
    return -1


def _is_second_mark(lexed: Lexed, text: str, start: int) -> bool:
    """Whether this is the second `!` of a `!!` that is reported."""
    return (
        bool(lexed.problems) and text[start - 1 : start] == "!" and lexed.problems[-1].span.end == start + 1
    )


def _quotes_match(written: str) -> Applicability:
    """Whether a text between typographic quotes surely ends at the last of them."""
    pairs = {"“": "”", "„": "“", "‘": "’"}
    is_whole = len(written) > 1 and pairs.get(written[0]) == written[-1] and "\\" not in written
    return "safe" if is_whole else "unsafe"


def _semicolon(lexed: Lexed, brackets: list[str], text: str, start: int) -> None:
    known = vocabulary()
    rest = _REST_OF_LINE.match(text, start + 1)
    is_last = rest is None or not rest[1]
    fix = None
    if is_last and not brackets:
        fix = replacement("Remove it", start, start + 1, "", "safe")
    elif rest is not None and not brackets and not _has_suite(lexed):
        begin = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
        margin = text[begin : begin + len(text[begin:start]) - len(text[begin:start].lstrip())]
        ending = "\r\n" if "\r\n" in text else "\n"
        begins = _STATEMENT if margin else _ASSIGNMENT
        safety: Applicability = "safe" if begins.match(text, rest.start(1)) else "unsafe"
        fix = replacement("Start a new line", start, rest.start(1), ending + margin, safety)
    span = (start, start + 1)
    if brackets and _is_told(lexed, text, start):
        return
    if brackets and _in_loop_head(lexed):
        message = "a loop runs over values: `for NAME in range(n):`"
        lexed.problems.append(problem("E029", span, message))
        return
    lexed.problems.append(problem("E016", span, "`;` cannot separate statements", "start a new line", fix))
    tokens = lexed.tokens
    if not is_last and not brackets and tokens and tokens[-1].kind != known.newline:
        tokens.append(Token(known.newline, start, start, ""))


def _is_told(lexed: Lexed, text: str, start: int) -> bool:
    """Whether a semicolon of this line is reported already."""
    return (
        bool(lexed.problems)
        and lexed.problems[-1].code in {"E016", "E029"}
        and not {"\n", "\r"} & set(text[lexed.problems[-1].span.end : start])
    )


def _in_loop_head(lexed: Lexed) -> bool:
    """Whether the line that is being read begins like a loop of C: `for (`."""
    known = vocabulary()
    tokens = lexed.tokens
    first = len(tokens)
    while first and tokens[first - 1].kind not in {known.newline, known.indent, known.dedent}:
        first -= 1
    return [each.text for each in tokens[first : first + 2]] == ["for", "("]


def _has_suite(lexed: Lexed) -> bool:
    """Whether the line that is being read has a colon outside of brackets, perhaps with a suite behind it."""
    known = vocabulary()
    depth = 0
    for token in reversed(lexed.tokens):
        if token.kind in {known.newline, known.indent, known.dedent}:
            return False
        depth += (token.kind in known.closers) - (token.kind in known.openers)
        if token.kind == known.colon and depth == 0:
            return True
    return False


_ASSIGNMENT = re.compile(r"[^\W\d]\w*[ \t]*=(?!=)")
_STATEMENT = re.compile(
    r"(?:return|assert|suggest|for|if|break|continue|pass)\b|[^\W\d][\w.]*[ \t]*(?:[-+*/|]?=(?!=)|\()"
)
"""How what stands behind a semicolon begins if it is a statement; in the first column a declaration."""
_REST_OF_LINE = re.compile(r"[ \t]*([^#\r\n]?)")


def report_open_string(lexed: Lexed, brackets: list[str], written: str, start: int) -> int:
    """Report a string that is not closed; how much of `written` is the string, and not code behind it."""
    quote = '"' if written.lstrip("rRfFbBuU").startswith('"') else "'"
    is_long = quote * 3 in written
    trailing = "" if is_long else swallowed(written, brackets)
    cut = len(written) - len(trailing)
    quotes = quote * 3 if is_long else quote
    if _follows_from_f_string(lexed):
        return cut
    lexed.problems.append(
        problem(
            "E003",
            (start, start + (3 if is_long else cut)),
            f"this string is never closed; expected `{quotes}`",
            None,
            None if is_long else replacement(f"Add `{quotes}`", start + cut, start + cut, quotes, "unsafe"),
        )
    )
    return cut


def _follows_from_f_string(lexed: Lexed) -> bool:
    """Whether an f-string of this line ends in the middle of a field, so that quotes are paired wrongly."""
    known = vocabulary()
    first = len(lexed.tokens)
    while first and lexed.tokens[first - 1].kind not in {known.newline, known.indent, known.dedent}:
        first -= 1
    start = lexed.tokens[first].start if first < len(lexed.tokens) else 0
    return (
        bool(lexed.problems) and lexed.problems[-1].code == "E022" and lexed.problems[-1].span.start >= start
    )


def give_back(lexed: Lexed, brackets: list[str], trailing: str, start: int) -> None:
    """Add the tokens at the end of a line that a string without an end has swallowed."""
    for at, character in enumerate(trailing, start):
        if character in ")]}":
            brackets.pop()
        if not character.isspace():
            lexed.tokens.append(Token(vocabulary().operators[character], at, at + 1, character))


def swallowed(written: str, brackets: list[str]) -> str:
    """The end of an unclosed string that was rather code: brackets that close what is open."""
    found = _TRAILING.search(written, 1)
    if found is None:
        return ""
    closers = [character for character in found[0] if character in ")]}"]
    wanted = [CLOSERS[bracket] for bracket in reversed(brackets[-len(closers) :])] if closers else []
    return found[0] if closers == wanted and (closers or found[0].strip() == ":") else ""


def swallowed_brackets(written: str, brackets: list[str]) -> str:
    """The brackets among what an unclosed string has swallowed."""
    return "".join(character for character in swallowed(written, brackets) if character in ")]}")


_TRAILING = re.compile(r"[)\]}]*[ \t]*[:,]?[ \t]*\Z")


def too_deep(span: tuple[int, int]) -> Diagnostic:
    """The problem of an expression that is nested beyond reason."""
    return problem("E026", span, "this is nested too deeply", "assign parts of it to names on separate lines")
