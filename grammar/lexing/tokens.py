"""What tokens are: the one regular expression, the keywords, and the numbers of the terminals."""

from __future__ import annotations

import re
from collections import deque
from functools import cache
from typing import NamedTuple

from msgspec import Struct, field

from ...base.diagnostic import Diagnostic
from ...base.span import Span
from ..tables import tables
from ..words import HARD_KEYWORDS, SOFT_KEYWORDS, may_follow


class Token(NamedTuple):
    """What the parser reads: a terminal and the piece of the text that it stands for."""

    kind: int
    """The number of the terminal."""
    start: int
    end: int
    text: str
    """Layout tokens, and those that are missing in the text, have an empty one."""

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(self.start, self.end)


MAX_NESTING = 50
"""How deep brackets may be nested; what is read recursively later needs a bound."""
LONG_LINE = 200
"""From how many tokens on a logical line may be nested too deeply without brackets."""

# Possessive quantifiers only on single characters: on groups they match wrongly in Python 3.11.0 to 3.11.4.
_SPACE = r"[ \t\f\ufeff]*+"
_NEWLINES = rf"(?:#[^\r\n]*)?(?:\r\n?|\n)(?:{_SPACE}(?:#[^\r\n]*)?(?:\r\n?|\n))*{_SPACE}(?:#[^\r\n]*\Z)?"
_PREFIX = r"(?:[rR][fFbB]?|[fFbB][rR]?|[uU])?"
_LONG_DOUBLE = r'"""[^"\\]*+(?:(?:\\[\s\S]|"(?!""))[^"\\]*+)*'
_LONG_SINGLE = r"'''[^'\\]*+(?:(?:\\[\s\S]|'(?!''))[^'\\]*+)*"
_SHORT_DOUBLE = r'(?!""")"[^"\\\r\n]*+(?:\\[^\r\n][^"\\\r\n]*+)*'
_SHORT_SINGLE = r"(?!''')'[^'\\\r\n]*+(?:\\[^\r\n][^'\\\r\n]*+)*"
_NUMBER = (
    r"(?:0[xX](?:_?[\da-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+"
    r"|(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?)(?!\w)"
)
_OPERATOR = r"->|\.\.\.|\*\*=|//=|<<=|>>=|\*\*|//|<<|>>|&&|\|\||:=|[-+*/%@&|^<>=!]=|[-+*/%@&|^<>=:.,~]"

NAME, NUMBER, OPERATOR, OPEN, CLOSE, STRING, NEWLINE, OPEN_STRING, BACKSLASH, COMMENT, OTHER, END = range(
    1, 13
)
F_START, F_TEXT, F_END, F_OPEN, F_CLOSE, F_EQUALS, F_CONVERSION, F_COLON, F_STRAY, F_TOO_DEEP = range(13, 23)
"""The pieces that `f_strings` takes an f-string apart into: its quotes and its text, the braces of a field,
the signs behind the field's expression, what does not belong there, and a field nested too deeply."""

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
    + r"|([\d.][\w.]+|[“”„‘’][^“”‘’\"'\r\n]*[“”‘’]?|[\s\S])|(\Z))"
)
"""Leading blanks and one token; the number of the group that matched is the kind above."""

# A soft keyword is one only at the start of a logical line, and only before what its pattern says.
_BEFORE_A_NAME = re.compile(r"[ \t]+[^\W\d]")
_BEFORE_A_COLON = re.compile(r"[ \t]*(?:[:#\r\n]|\Z)")  # or where it was forgotten
_BEFORE_A_BRACKET = re.compile(r"[ \t]*\(")
_BEFORE_A_STRING = re.compile(r"[ \t]*[rRfF]{0,2}[\"']")
_BEFORE_ARGUMENTS = re.compile(r"[ \t]+[^\W\d]|[ \t]*\(")
_BEFORE_A_VALUE = re.compile(r"(?![ \t]*(?:[=.,:)\]]|[-+*/%@&|^<>]=|[\r\n]|\Z))")
_BEFORE_A_CONDITION = re.compile(r"[ \t]+(?!(?:in|is|if|and|or|as|for|else)\b)[\w\"'(\[{~-]")
CASE = re.compile(r"case\b(?![ \t]*[=.])")
"""A line that begins like the `case` of a `match`."""
CLOSERS = {"(": ")", "[": "]", "{": "}"}


def _pattern_behind(word: str) -> re.Pattern[str]:
    """What has to stand behind a soft keyword, by what the grammar takes there."""
    behind = may_follow(word)
    if word == "suggest":
        return _BEFORE_A_CONDITION
    for expected, pattern in _BEHIND:
        if behind == expected:
            return pattern
    return _BEFORE_A_VALUE


_BEHIND: tuple[tuple[set[str], re.Pattern[str]], ...] = (
    ({"NAME"}, _BEFORE_A_NAME),
    ({":"}, _BEFORE_A_COLON),
    ({"("}, _BEFORE_A_BRACKET),
    ({"NAME", "("}, _BEFORE_ARGUMENTS),
    ({"STRING", "FSTRING_START"}, _BEFORE_A_STRING),
)
UNKNOWN = -1
"""The number of a token that the language does not have, like `while` or `:=`."""


class Lexed(Struct):
    """The tokens of an item, ending in `$END`, and what was wrong with characters, strings and layout."""

    tokens: list[Token]
    problems: list[Diagnostic]
    is_balanced: bool = True
    """Whether every bracket has its partner; where not, `brackets.find_repairs` has to look."""
    has_long_line: bool = False
    quiet: list[tuple[int, int]] = field(default_factory=list)
    """Ranges of lines that are too deep: what does not fit there follows from that."""
    skipped: list[tuple[int, int]] = field(default_factory=list)
    """Ranges that were not read as tokens, behind characters that mean something in other languages."""


class Repairs(Struct):
    """What to read differently so that brackets match; keys are offsets. Made by `brackets.find_repairs`."""

    closers: deque[tuple[int, str]] = field(default_factory=deque)
    """Closing brackets to read before what stands at an offset, in the order of the text."""
    dropped: set[int] = field(default_factory=set)
    """Closing brackets that close nothing."""
    replaced: dict[int, str] = field(default_factory=dict)
    """Closing brackets of the wrong shape, and the right one."""
    problems: list[Diagnostic] = field(default_factory=list)


class Vocabulary(NamedTuple):
    """The numbers of the terminals that the lexer and the parser name."""

    words: dict[str, int]
    """Keywords that are always keywords, and `where`."""
    soft: dict[str, tuple[int, re.Pattern[str]]]
    operators: dict[str, int]
    name: int
    number: int
    string: int
    f_start: int
    f_middle: int
    f_end: int
    f_equals: int
    f_conversion: int
    f_colon: int
    colon: int
    newline: int
    indent: int
    dedent: int
    end: int
    match: int
    openers: frozenset[int]
    """The opening brackets, the brace of a replacement field among them."""
    closers: frozenset[int]
    of_f_strings: frozenset[int]
    """The quotes and texts of f-strings, and the signs behind the expression of a replacement field."""
    fallbacks: frozenset[int]
    """Soft keywords, which are names where the grammar has no place for the keyword."""


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary of the tables."""
    numbers, literals = tables().numbers, tables().literals
    words = {text: literals.get(text, UNKNOWN) for text in HARD_KEYWORDS}
    soft = {text: (literals[text], _pattern_behind(text)) for text in SOFT_KEYWORDS - {"where"}}
    return Vocabulary(
        words=words | {"where": literals["where"]},
        soft=soft,
        operators={text: number for text, number in literals.items() if not text[:1].isalpha()},
        name=numbers["NAME"],
        number=numbers["NUMBER"],
        string=numbers["STRING"],
        f_start=numbers["FSTRING_START"],
        f_middle=numbers["FSTRING_MIDDLE"],
        f_end=numbers["FSTRING_END"],
        f_equals=numbers["FSTRING_EQUALS"],
        f_conversion=numbers["FSTRING_CONVERSION"],
        f_colon=numbers["FSTRING_COLON"],
        colon=literals[":"],
        newline=numbers["_NEWLINE"],
        indent=numbers["_INDENT"],
        dedent=numbers["_DEDENT"],
        end=numbers["$END"],
        match=literals["match"],
        openers=frozenset(literals[bracket] for bracket in CLOSERS),
        closers=frozenset(literals[bracket] for bracket in CLOSERS.values()),
        of_f_strings=frozenset(number for name, number in numbers.items() if name.startswith("FSTRING_")),
        fallbacks=frozenset({number for number, _ in soft.values()} | {literals["where"]}),
    )


def f_string_end(tokens: list[Token], at: int) -> int:
    """The index behind the last token of the f-string whose first is `tokens[at]`."""
    known = vocabulary()
    depth = 0
    while True:
        depth += (tokens[at].kind == known.f_start) - (tokens[at].kind == known.f_end)
        at += 1
        if depth == 0:
            return at
