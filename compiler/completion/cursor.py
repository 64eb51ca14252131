"""What stands before the cursor, read from the text alone, so that a half-typed line is understood too."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeAlias

from ...grammar.source import Source, Span

TokenKind: TypeAlias = Literal["name", "number", "string", "operator"]

_TOKEN = re.compile(
    r"""
      (?P<space>[^\S\r\n]+|\\\r?\n)
    | (?P<newline>\r?\n|\r)
    | (?P<comment>\#[^\r\n]*)
    | (?P<string>(?P<prefix>[A-Za-z]{0,2})(?P<quote>\"{3}|'{3}|"|'))
    | (?P<name>[^\W\d]\w*)
    | (?P<number>\d[\w.]*)
    | (?P<operator>->|\*\*|//|<<|>>|[=!<>+\-*/%@&|^]=|\.\.\.|.)
    """,
    re.VERBOSE,
)
_HEAD = re.compile(
    r"(?:lm|type|enum|signature|module|def|tools|dataset|optimizer|program|evaluate)[ \t]+[^\W\d]"
    r"|test[ \t]+[\"']|(?:from|import)[ \t]|configure[ \t]*\(|[^\W\d]\w*[ \t]*(?::|=(?!=))"
)
"""What a line in column 0 looks like that starts a declaration, whatever was left open above it."""
_TYPING = re.compile(r"[^\W\d]\w*")
_MARGIN = re.compile(r"[^\S\r\n]*")
_OPENERS = {"(": ")", "[": "]", "{": "}"}
_CLOSERS = set(_OPENERS.values())


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number, string or sign; `start` counts from the start of the file."""

    kind: TokenKind
    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class OpenString:
    """The string that the cursor is in."""

    start: int
    """Where its content starts."""
    content: str
    """The content up to the cursor."""
    prefix: str
    quote: str


@dataclass(frozen=True, slots=True)
class Bracket:
    """A bracket that is open at the cursor."""

    text: str
    start: int
    """Where it stands."""
    index: int
    """Of its token among the statement's."""
    indentation: int
    """Of the line that it stands on."""


@dataclass(frozen=True)
class Cursor:
    """The declaration around a cursor and the statement in it, as far as they are typed."""

    source: Source
    offset: int
    prefix: str
    """The part of a name that is typed already."""
    head: tuple[Token, ...]
    """The first line of the declaration, up to the cursor where that is on it."""
    statement: tuple[Token, ...]
    """The tokens of the logical line before the prefix."""
    indentation: int
    """The column of the logical line's first token; of the cursor where it has none."""
    brackets: tuple[Bracket, ...]
    """What is open, outermost first."""
    string: OpenString | None
    comment: bool
    blocks: tuple[tuple[Token, ...], ...]
    """The first lines of the blocks around the line, outermost first, the declaration's own left out."""
    above: tuple[Token, ...]
    """The nearest line above that is in the same block."""
    anchor: int
    """The end of what is typed before the cursor; on an empty line, a place in the same block."""

    @property
    def replaced(self) -> Span:
        """What a completion replaces: the prefix."""
        return Span(self.offset - len(self.prefix), self.offset)

    @property
    def last(self) -> str:
        """The text of the token before the prefix, `""` at the start of a line."""
        return self.statement[-1].text if self.statement else ""

    @property
    def first(self) -> str:
        """The text of the line's first token, `""` where there is none."""
        return self.statement[0].text if self.statement else ""

    @property
    def declaration(self) -> str:
        """The word that the declaration begins with, `""` outside of one."""
        return self.head[0].text if self.head and self.head[0].kind == "name" else ""

    @property
    def bracket(self) -> Bracket | None:
        """The innermost open bracket."""
        return self.brackets[-1] if self.brackets else None

    @cached_property
    def outside(self) -> tuple[Token, ...]:
        """The line's tokens that are in no bracket; brackets themselves left out."""
        depth, found = 0, []
        for token in self.statement:
            if token.kind == "operator" and token.text in _OPENERS:
                depth += 1
            elif token.kind == "operator" and token.text in _CLOSERS:
                depth -= 1
            elif depth == 0:
                found.append(token)
        return tuple(found)

    def in_block(self, word: str) -> bool:
        """Whether the line is in a block that this word begins, like `forward`."""
        return any(block and block[0].text == word for block in self.blocks)

    def since(self, opened: Bracket) -> tuple[Token, ...]:
        """The tokens behind an open bracket that are in no further one."""
        depth, found = 0, []
        for token in self.statement[opened.index + 1 :]:
            if token.kind == "operator" and token.text in _OPENERS:
                depth += 1
            elif token.kind == "operator" and token.text in _CLOSERS:
                depth -= 1
            elif depth == 0:
                found.append(token)
        return tuple(found)


def cursor_at(source: Source, offset: int) -> Cursor:
    """Read what stands before an offset."""
    offset = max(0, min(offset, len(source.text)))
    start = _declaration_start(source, offset)
    scan = _scan(source, start, offset)
    if scan.string is not None and "f" in scan.string.prefix:
        inside = _interpolation_start(scan.string)
        if inside is not None:
            inner = _scan(source, inside, offset)
            scan = replace(
                inner, head=scan.head or scan.statement, lines=scan.lines, indentation=scan.indentation
            )
    prefix = ""
    tokens = scan.statement
    if (
        scan.string is None
        and not scan.comment
        and tokens
        and tokens[-1].kind == "name"
        and tokens[-1].end == offset
    ):
        prefix = tokens[-1].text
        tokens = tokens[:-1]
    line_start = source.line_starts[source.line_of(offset)]
    indentation = scan.indentation if tokens else offset - len(prefix) - line_start
    return Cursor(
        source,
        offset,
        prefix,
        scan.head or (tokens if not scan.lines else ()),
        tokens,
        indentation,
        scan.brackets,
        scan.string,
        scan.comment,
        _blocks(scan.lines, indentation),
        _above(scan.lines, indentation),
        tokens[-1].end if tokens else _anchor(scan.lines, indentation, offset),
    )


def _declaration_start(source: Source, offset: int) -> int:
    """Where the declaration around an offset begins: the nearest line above that reads as the head of one."""
    line = source.line_of(offset)
    line_start = source.line_starts[line]
    if _TYPING.fullmatch(source.text, line_start, offset):
        return line_start
    while line > 0 and not _HEAD.match(source.text, source.line_starts[line]):
        line -= 1
    return source.line_starts[line]


def _interpolation_start(string: OpenString) -> int | None:
    """Where the `{…}` of an f-string starts that the cursor is in; None when it is in the text."""
    depth, found = 0, None
    content = string.content.replace("{{", "  ").replace("}}", "  ")
    for at, character in enumerate(content):
        if character == "{":
            depth += 1
            found = string.start + at + 1 if depth == 1 else found
        elif character == "}":
            depth -= 1
    return found if depth > 0 else None


@dataclass(frozen=True)
class _Line:
    indentation: int
    tokens: tuple[Token, ...]


@dataclass(frozen=True)
class _Scan:
    head: tuple[Token, ...]
    lines: tuple[_Line, ...]
    """The logical lines before the one of the cursor."""
    statement: tuple[Token, ...]
    indentation: int
    brackets: tuple[Bracket, ...]
    string: OpenString | None
    comment: bool


def _scan(source: Source, start: int, offset: int) -> _Scan:
    text = source.text
    lines: list[_Line] = []
    tokens: list[Token] = []
    brackets: list[Bracket] = []
    at, line_start, indentation = start, start, 0

    def finished(string: OpenString | None = None, *, comment: bool = False) -> _Scan:
        first = lines[0].tokens if lines else ()
        return _Scan(first, tuple(lines), tuple(tokens), indentation, tuple(brackets), string, comment)

    while at < offset:
        match = _TOKEN.match(text, at)
        if match is None:
            return finished()
        kind, end = match.lastgroup, match.end()
        if kind in ("prefix", "quote", "string"):
            end, content_end = _string_end(text, at, match["prefix"], match["quote"])
            if end > offset or (end == offset and content_end == end):
                content_start = at + len(match["prefix"]) + len(match["quote"])
                if offset < content_start:
                    return finished()
                content = text[content_start:offset]
                return finished(OpenString(content_start, content, match["prefix"].lower(), match["quote"]))
            if not tokens:
                indentation = at - line_start
            tokens.append(Token("string", text[at:end], at))
        elif kind == "comment":
            if end >= offset:
                return finished(comment=True)
        elif kind == "newline":
            line_start = end
            if not brackets or _starts_anew(text, end, brackets[0]):
                if tokens:
                    lines.append(_Line(indentation, tuple(tokens)))
                tokens, brackets = [], []
        elif kind in ("name", "number", "operator"):
            end = min(end, offset)
            if not tokens:
                indentation = at - line_start
            token = Token(kind, text[at:end], at)  # type: ignore[arg-type]  # lastgroup is one of the kinds
            if kind == "operator" and token.text in _OPENERS:
                column = len(text[line_start:at]) - len(text[line_start:at].lstrip())
                brackets.append(Bracket(token.text, at, len(tokens), column))
            elif kind == "operator" and token.text in _CLOSERS and brackets:
                brackets.pop()
            tokens.append(token)
        at = end
    return finished()


def _string_end(text: str, start: int, prefix: str, quote: str) -> tuple[int, int]:
    """Where a string ends, and where its content does (the same place when it is never closed)."""
    at = start + len(prefix) + len(quote)
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text.startswith(quote, at):
            return at + len(quote), at
        elif (len(quote) == 1 and text[at] in "\r\n") or (
            len(quote) == 3 and text[at] == "\n" and _HEAD.match(text, at + 1)
        ):
            return at, at
        else:
            at += 1
    return len(text), len(text)


def _starts_anew(text: str, line_start: int, opened: Bracket) -> bool:
    """Whether a line that is not indented further than an open bracket's line shows that it was left open."""
    margin = _MARGIN.match(text, line_start)
    end = margin.end() if margin else line_start
    return end - line_start <= opened.indentation and end < len(text) and text[end] not in "\r\n#)]}"


def _blocks(lines: tuple[_Line, ...], indentation: int) -> tuple[tuple[Token, ...], ...]:
    found: list[tuple[Token, ...]] = []
    for line in reversed(lines[1:]):
        if line.indentation < indentation:
            indentation = line.indentation
            if line.tokens[-1].text == ":":
                found.append(line.tokens)
    return tuple(reversed(found))


def _above(lines: tuple[_Line, ...], indentation: int) -> tuple[Token, ...]:
    for line in reversed(lines):
        if line.indentation <= indentation:
            return line.tokens if line.indentation == indentation else ()
    return ()


def _anchor(lines: tuple[_Line, ...], indentation: int, offset: int) -> int:
    """Where the names can be used that a new line of this indentation may use."""
    if not lines:
        return offset
    if lines[-1].indentation <= indentation:
        return lines[-1].tokens[-1].end
    above = _above(lines, indentation)
    return above[0].start if above else offset


def primary_before(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """The primary expression that ends a list of tokens, like `a.b(c)[0]`; empty where there is none."""
    at = len(tokens) - 1
    while at >= 0:
        token = tokens[at]
        if token.text in _CLOSERS and token.kind == "operator":
            at = _opening(tokens, at)
            if at < 0:
                return ()
            before = tokens[at - 1] if at > 0 else None
            callee = before is not None and (before.kind in ("name", "string") or before.text in _CLOSERS)
            if not callee or (before is not None and before.text in _NO_VALUES):
                return tokens[at:]
            at -= 1
        elif token.kind in ("name", "string", "number"):
            if at > 0 and tokens[at - 1].text == "." and token.kind == "name":
                at -= 2
            else:
                return tokens[at:]
        else:
            return ()
    return ()


_NO_VALUES = {
    "in",
    "and",
    "or",
    "not",
    "if",
    "else",
    "return",
    "for",
    "is",
    "assert",
    "suggest",
    "where",
    "case",
    "match",
}


def _opening(tokens: tuple[Token, ...], closing: int) -> int:
    depth = 0
    for at in range(closing, -1, -1):
        if tokens[at].kind == "operator":
            depth += (tokens[at].text in _CLOSERS) - (tokens[at].text in _OPENERS)
            if depth == 0:
                return at
    return -1
