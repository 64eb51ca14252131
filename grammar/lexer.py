"""Text to the parser's tokens: one regular expression, then layout and soft keywords, in a single pass.

Nothing here keeps state between calls, so texts can be read in several threads at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple, TypeAlias

from .problems import Problem, problem, replacement
from .source import Span
from .tables import tables

Token: TypeAlias = tuple[int, int, int, str]
"""The number of a terminal, the span, the text; layout tokens have an empty text."""

MAX_NESTING = 100
"""How deep brackets may be nested; what is read recursively later needs a bound (Python's own is 200)."""

_SPACE = r"[ \t\f\ufeff]*"
_NEWLINES = rf"(?:#[^\r\n]*)?(?:\r\n?|\n)(?:{_SPACE}(?:#[^\r\n]*)?(?:\r\n?|\n))*+{_SPACE}(?:#[^\r\n]*\Z)?"
_PREFIX = r"(?:[rR][fFbB]?|[fFbB][rR]?|[uU])?"
_LONG_DOUBLE = r'"""(?:[^"\\]++|\\[\s\S]|"(?!""))*+'
_LONG_SINGLE = r"'''(?:[^'\\]++|\\[\s\S]|'(?!''))*+"
_SHORT_DOUBLE = r'(?!""")"(?:[^"\\\r\n]++|\\[^\r\n])*+'
_SHORT_SINGLE = r"(?!''')'(?:[^'\\\r\n]++|\\[^\r\n])*+"
_NUMBER = (
    r"(?:0[xX](?:_?[\da-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+"
    r"|(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?)(?!\w)"
)
_OPERATOR = r"->|\.\.\.|\*\*=|//=|<<=|>>=|\*\*|//|<<|>>|&&|\|\||:=|[-+*/%@&|^<>=!]=|[-+*/%@&|^<>=:.,~]"

NAME, NUMBER, OPERATOR, OPEN, CLOSE, STRING, NEWLINE, OPEN_STRING, BACKSLASH, COMMENT, OTHER = range(1, 12)

TOKEN = re.compile(
    _SPACE
    + r"(?:([^\W\d]\w*+(?:(?![\"'])|(?<!\b[rRfFbBuU])(?<!\b[rRfFbB][rRfFbB])))"
    + rf"|({_NUMBER})"
    + rf"|({_OPERATOR})"
    + r"|([(\[{])"
    + r"|([)\]}])"
    + rf"|({_PREFIX}(?:{_LONG_DOUBLE}\"\"\"|{_LONG_SINGLE}'''|{_SHORT_DOUBLE}\"|{_SHORT_SINGLE}'))"
    + rf"|({_NEWLINES})"
    + rf"|({_PREFIX}(?:{_LONG_DOUBLE}|{_LONG_SINGLE}|{_SHORT_DOUBLE}|{_SHORT_SINGLE}))"
    + r"|(\\(?:\r\n?|\n))"
    + r"|(#[^\r\n]*)"
    + r"|([\d.][\w.]+|[“”„‘’][^“”‘’\"'\r\n]*[“”‘’]?|\S))"
)
"""Leading blanks and one token; the number of the group that matched is the kind above."""

HARD_KEYWORDS = frozenset(
    "False None True and as assert async await break class continue def del elif else except finally for from "
    "global if import in is lambda nonlocal not or pass raise return try while with yield".split()
)
"""Python's reserved words, which are no names here either."""

# A soft keyword is one only at the start of a logical line, and only before what its pattern says.
_BEFORE_A_NAME = re.compile(r"[ \t]+[^\W\d]")
_BEFORE_A_COLON = re.compile(r"[ \t]*:")
_BEFORE_A_BRACKET = re.compile(r"[ \t]*\(")
_BEFORE_A_STRING = re.compile(r"[ \t]*[rRfF]{0,2}[\"']")
_BEFORE_ARGUMENTS = re.compile(r"[ \t]+[^\W\d]|[ \t]*\(")
_BEFORE_A_VALUE = re.compile(r"(?![ \t]*(?:[=.,:)\]]|[-+*/%@&|^<>]=|$))", re.M)
_BEFORE_A_CONDITION = re.compile(r"[ \t]+(?!(?:in|is|if|and|or|as|for|else)\b)[\w\"'(\[{~-]")
_CASE = re.compile(r"case\b(?![ \t]*[=.])")
_SOFT_KEYWORDS = {
    **dict.fromkeys(
        ["lm", "tools", "dataset", "optimizer", "program", "evaluate", "module", "signature", "type", "enum"],
        _BEFORE_A_NAME,
    ),
    "input": _BEFORE_A_NAME,
    "output": _BEFORE_A_NAME,
    "test": _BEFORE_A_STRING,
    "configure": _BEFORE_A_BRACKET,
    "demo": _BEFORE_ARGUMENTS,
    "forward": _BEFORE_A_COLON,
    "fallback": _BEFORE_A_COLON,
    "match": _BEFORE_A_VALUE,
    "case": _BEFORE_A_VALUE,
    "suggest": _BEFORE_A_CONDITION,
}
_IN_A_FILE = frozenset(_SOFT_KEYWORDS) - {"match", "case", "suggest"}
_IN_A_MATCH = frozenset({"case"})
_IN_STATEMENTS = frozenset({"match", "suggest"})
_IN_A_BODY = {
    "signature": frozenset({"input", "output", "demo"}),
    "module": frozenset({"input", "output", "forward", "fallback"}),
    "type": frozenset[str](),
    "enum": frozenset[str](),
    "def": _IN_STATEMENTS,
    "test": _IN_STATEMENTS,
}
"""The soft keywords of a body, by the first word of the declaration."""
_IN_ANY_BODY = frozenset({"input", "output", "demo", "forward", "fallback"})
CLOSERS = {"(": ")", "[": "]", "{": "}"}
UNKNOWN = -1
"""The number of a token that the language does not have, like `while` or `:=`."""


@dataclass(slots=True)
class Lexed:
    """The tokens of an item, ending in `$END`, and what was wrong with characters, strings and layout."""

    tokens: list[Token]
    problems: list[Problem]
    is_balanced: bool = True
    """Whether every bracket has its partner; where not, `brackets.find_repairs` has to look."""
    quiet: list[tuple[int, int]] = field(default_factory=list)
    """Ranges of lines that are too deep: what does not fit there follows from that."""


@dataclass(slots=True)
class Repairs:
    """What to read differently so that brackets match; keys are offsets. Made by `brackets.find_repairs`."""

    closers: dict[int, str] = field(default_factory=dict)
    """Closing brackets to read before what stands at the offset."""
    dropped: set[int] = field(default_factory=set)
    """Closing brackets that close nothing."""
    replaced: dict[int, str] = field(default_factory=dict)
    """Closing brackets of the wrong shape, and the right one."""
    problems: list[Problem] = field(default_factory=list)


class Vocabulary(NamedTuple):
    """The numbers of the terminals that the lexer and the parser name."""

    words: dict[str, int]
    """Keywords that are always keywords, and `where`."""
    soft: dict[str, tuple[int, re.Pattern[str]]]
    operators: dict[str, int]
    name: int
    number: int
    string: int
    colon: int
    newline: int
    indent: int
    dedent: int
    end: int
    match: int
    fallbacks: frozenset[int]
    """Soft keywords, which are names where the grammar has no place for the keyword."""


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary of the tables."""
    numbers, literals = tables().numbers, tables().literals
    words = {text: literals.get(text, UNKNOWN) for text in HARD_KEYWORDS}
    soft = {text: (literals[text], pattern) for text, pattern in _SOFT_KEYWORDS.items()}
    return Vocabulary(
        words=words | {"where": literals["where"]},
        soft=soft,
        operators={text: number for text, number in literals.items() if not text[:1].isalpha()},
        name=numbers["NAME"],
        number=numbers["NUMBER"],
        string=numbers["STRING"],
        colon=literals[":"],
        newline=numbers["_NEWLINE"],
        indent=numbers["_INDENT"],
        dedent=numbers["_DEDENT"],
        end=numbers["$END"],
        match=literals["match"],
        fallbacks=frozenset({number for number, _ in soft.values()} | {literals["where"]}),
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
    brackets: list[str] = []
    levels = [_Level(0, False, start, 0, _IN_A_FILE)]
    begins_line = not inside_brackets
    pending_match = -1
    for found in TOKEN.finditer(text, start, stop):
        kind = found.lastindex
        if repairs is not None and kind is not None:
            kind = _repair(lexed, brackets, repairs, found, kind)
        if kind == NAME:
            word = found[1]
            at, to = found.span(1)
            terminal = words(word, name_kind)
            if word in soft and (
                (begins_line and word in levels[-1].words)
                or (word == "suggest" and tokens and tokens[-1][0] == colon)
            ):
                soft_terminal, follows = soft[word]
                if follows.match(text, to, stop):
                    if soft_terminal == known.match:
                        pending_match = len(tokens)
                    else:
                        terminal = soft_terminal
            append((terminal, at, to, word))
        elif kind == OPERATOR:
            symbol = found[3]
            at, to = found.span(3)
            append((operators.get(symbol, UNKNOWN), at, to, symbol))
        elif kind == NEWLINE:
            if brackets or inside_brackets:
                continue
            at, to = found.span(7)
            if not begins_line:
                if pending_match >= 0:
                    if tokens[-1][0] == colon or _CASE.match(text, to, stop):
                        tokens[pending_match] = (known.match, *tokens[pending_match][1:])
                    pending_match = -1
                append((newline_kind, at, at, ""))
            if to < stop:
                _indent(lexed, levels, text, at, to)
            begins_line = True
            continue
        elif kind == OPEN:
            at, to = found.span(4)
            brackets.append(found[4])
            append((operators[found[4]], at, to, found[4]))
        elif kind == CLOSE:
            at, to = found.span(5)
            if brackets and CLOSERS[brackets[-1]] == found[5]:
                brackets.pop()
            else:
                lexed.is_balanced = False
            append((operators[found[5]], at, to, found[5]))
        elif kind == STRING:
            at, to = found.span(6)
            append((known.string, at, to, found[6]))
        elif kind == NUMBER:
            at, to = found.span(2)
            append((known.number, at, to, found[2]))
        elif kind is not None and kind != COMMENT:
            at, to = found.span(kind)
            _unusual(lexed, brackets, kind, text, at, to)
        begins_line = False
    if repairs is not None:
        _add_closers(lexed, brackets, repairs, stop)
    if brackets:
        lexed.is_balanced = False
    if not inside_brackets:
        if not begins_line and tokens:
            append((newline_kind, stop, stop, ""))
        for level in levels:
            if level.is_block:
                append((known.dedent, stop, stop, ""))
            elif level.column:
                lexed.quiet.append((level.line, stop))
    append((known.end, stop, stop, ""))
    return lexed


def _repair(lexed: Lexed, brackets: list[str], repairs: Repairs, found: re.Match[str], kind: int) -> int | None:
    """Do what `repairs` says before a token; the kind to go on with, or None where the token is dealt with."""
    at, _ = found.span(kind)
    end = lexed.tokens[-1][2] if lexed.tokens else at
    for offset in [offset for offset in repairs.closers if end <= offset <= at]:
        _add_closers(lexed, brackets, repairs, offset)
    if at in repairs.dropped:
        return None
    wanted = repairs.replaced.get(at)
    if wanted is not None:
        lexed.tokens.append((vocabulary().operators[wanted], at, at + 1, wanted))
        brackets.pop()
        return None
    return kind


def _add_closers(lexed: Lexed, brackets: list[str], repairs: Repairs, offset: int) -> None:
    """Add the closing brackets that are missing at an offset."""
    for closer in repairs.closers.pop(offset, ""):
        lexed.tokens.append((vocabulary().operators[closer], offset, offset, closer))
        brackets.pop()


@dataclass(slots=True)
class _Level:
    """How far a block is indented; where its lines do not agree, from `column` to `highest`."""

    column: int
    is_block: bool
    """False for lines that are too deep without a block."""
    line: int
    """Where its first line starts."""
    highest: int
    words: frozenset[str]
    """The soft keywords that can begin its lines."""


def _indent(lexed: Lexed, levels: list[_Level], text: str, start: int, end: int) -> None:
    """Add the layout tokens of a line that begins at `end`; `text[start:end]` is what separates it."""
    known = vocabulary()
    tokens = lexed.tokens
    line = max(text.rfind("\n", start, end), text.rfind("\r", start, end)) + 1
    blanks = text[line:end]
    if "\t" in blanks:
        _report_tab(lexed, text, line, end)
    column = len(blanks.expandtabs(4))
    if column > levels[-1].highest:
        opens_block = len(tokens) > 1 and tokens[-1][0] == known.newline and _opens_block(tokens)
        if opens_block:
            tokens.append((known.indent, end, end, ""))
        elif not (lexed.problems and tokens and lexed.problems[-1].span.start >= tokens[_line_start(tokens, len(tokens) - 2)][1]):
            _report_indent(lexed, levels, line, end)
        words = _words(tokens, len(levels)) if opens_block else levels[-1].words
        levels.append(_Level(column, opens_block, line, column, words))
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
            tokens.append((known.dedent, end, end, ""))
        else:
            lexed.quiet.append((top.line, line))


def _report_dedent(lexed: Lexed, level: _Level, line: int, end: int, column: int) -> None:
    """A line that stands between two levels; the block's first line is at fault if only that one is uneven."""
    wanted = level.column
    if column % 4 == 0 and wanted % 4:
        line, end, wanted = level.line, level.line + wanted, column
        message = f"this line is {level.column} deep, the ones below it {column}"
    else:
        message = "this line is indented like no line above it"
    spaces = " " * wanted
    fix = replacement(f"Indent it by {wanted} spaces", line, end, spaces)
    lexed.problems.append(problem("E005", (line, max(end, line + 1)), message, f"indent it by {wanted} spaces", fix))


def _report_tab(lexed: Lexed, text: str, line: int, end: int) -> None:
    """Report the tabs of an item once, with a fix for all of its lines."""
    if any(found.code == "E004" for found in lexed.problems):
        return
    edits = tuple(
        (Span(found.start(1), found.end(1)), found[1].expandtabs(4)) for found in _TABBED.finditer(text, line)
    )
    lexed.problems.append(
        problem(
            "E004",
            (line, end),
            "indentation is made of spaces, not tabs",
            "a tab counts as four spaces here",
            ("Replace the tabs by spaces", edits),
        )
    )


_TABBED = re.compile(r"^([ \f]*\t[ \t\f]*)", re.M)


def _report_indent(lexed: Lexed, levels: list[_Level], line: int, end: int) -> None:
    wanted = levels[-1].column
    lexed.problems.append(
        problem(
            "E005",
            (line, end),
            "this line is indented more than the one above, which opens no block",
            "indent it like the line above" if wanted else "start it in the first column",
            replacement("Indent it like the line above", line, end, " " * wanted),
        )
    )


_BLOCK_WORDS = frozenset(
    "signature module type enum def test forward fallback if elif else for match case while with try except "
    "finally class async".split()
)


def _opens_block(tokens: list[Token]) -> bool:
    """Whether the line that just ended wants a block: it ends in a colon, or begins like one that should."""
    known = vocabulary()
    if tokens[-2][0] == known.colon:
        return True
    first = _line_start(tokens, len(tokens) - 2)
    if tokens[first][3] not in _BLOCK_WORDS or tokens[first + 1][3] in {"=", "."}:
        return False
    depth = 0
    for kind, _, _, text in tokens[first:]:
        depth += (text in CLOSERS) - (text in {")", "]", "}"})
        if kind == known.colon and depth == 0:
            return False
    return True


def _words(tokens: list[Token], depth: int) -> frozenset[str]:
    """The soft keywords of the block that has just begun at a depth."""
    head = tokens[_line_start(tokens, len(tokens) - 3)]
    if depth == 1:
        return _IN_A_BODY.get(head[3], _IN_ANY_BODY)
    return _IN_A_MATCH if head[0] == vocabulary().match else _IN_STATEMENTS


def _line_start(tokens: list[Token], at: int) -> int:
    """The index of the first token of the line that holds `tokens[at]`."""
    known = vocabulary()
    first = max(at, 0)
    while first > 0 and tokens[first - 1][0] not in {known.newline, known.indent, known.dedent}:
        first -= 1
    return first


_TYPOGRAPHIC_QUOTES = "“”„‘’"


def _unusual(lexed: Lexed, brackets: list[str], kind: int | None, text: str, start: int, end: int) -> None:
    """Report a token that is wrong by itself, and add what was probably meant."""
    known = vocabulary()
    written = text[start:end]
    if kind == OPEN_STRING:
        _open_string(lexed, brackets, written, start, end)
    elif kind == BACKSLASH:
        lexed.problems.append(
            problem(
                "E015",
                (start, start + 1),
                "a backslash does not join lines",
                "put the expression in brackets; inside them lines are joined",
            )
        )
    elif written == ";":
        _semicolon(lexed, brackets, text, start)
    elif written[0].isdigit() or (written[0] == "." and len(written) > 1):
        lexed.tokens.append((known.number, start, end, written))
    elif written[0] in _TYPOGRAPHIC_QUOTES:
        content = written.strip(_TYPOGRAPHIC_QUOTES)
        lexed.problems.append(
            problem(
                "E008",
                (start, end),
                f"`{written[0]}` is no quote here; strings stand between `\"`",
                None,
                replacement('Use `"`', start, end, f'"{content}"'),
            )
        )
        lexed.tokens.append((known.string, start, end, f'"{content}"'))
    elif written == "!":
        lexed.problems.append(
            problem("E008", (start, end), "`!` is written `not` here", None, replacement("Write `not`", start, end, "not "))
        )
        lexed.tokens.append((known.words["not"], start, end, written))
    else:
        shown = f"`{written}`" if written.isprintable() else f"U+{ord(written):04X}"
        lexed.problems.append(problem("E008", (start, end), f"the character {shown} has no meaning here"))


def _semicolon(lexed: Lexed, brackets: list[str], text: str, start: int) -> None:
    rest = _REST_OF_LINE.match(text, start + 1)
    is_last = rest is None or not rest[1]
    begin = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    margin = text[begin : begin + len(text[begin:start]) - len(text[begin:start].lstrip())]
    stop = start + 1 if rest is None else rest.start(1)
    fix = replacement("Remove it", start, start + 1, "") if is_last else replacement("Start a new line", start, stop, f"\n{margin}")
    lexed.problems.append(
        problem("E016", (start, start + 1), "`;` does not separate statements; a line holds one", "start a new line", fix)
    )
    tokens, known = lexed.tokens, vocabulary()
    if not is_last and not brackets and tokens and tokens[-1][0] != known.newline:
        tokens.append((known.newline, start, start, ""))


_REST_OF_LINE = re.compile(r"[ \t]*([^#\r\n]?)")


def _open_string(lexed: Lexed, brackets: list[str], written: str, start: int, end: int) -> None:
    """A string that is not closed; brackets that it has swallowed at the end of its line are given back."""
    known = vocabulary()
    quote = '"' if written.lstrip("rRfFbBuU").startswith('"') else "'"
    is_long = quote * 3 in written
    trailing = "" if is_long else swallowed(written, brackets)
    cut = len(written) - len(trailing)
    quotes = quote * 3 if is_long else quote
    lexed.problems.append(
        problem(
            "E003",
            (start, start + (3 if is_long else cut)),
            f"this string is never closed; expected `{quotes}`",
            None,
            None if is_long else replacement(f"Add `{quotes}`", start + cut, start + cut, quotes),
        )
    )
    lexed.tokens.append((known.string, start, start + cut, written[:cut]))
    for at, character in enumerate(trailing, start + cut):
        if character in ")]}":
            brackets.pop()
        if not character.isspace():
            lexed.tokens.append((known.operators[character], at, at + 1, character))


def swallowed(written: str, brackets: list[str]) -> str:
    """The end of an unclosed string that was rather code: brackets that close what is open, and what follows."""
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
