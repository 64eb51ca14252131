"""String literals and f-strings: token text to values, as Python 3.11 reads them."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal, cast

from .. import syntax
from ..lexing.tokens import Token
from ..problems import replacement
from ..source import Span
from .context import Context

_PREFIX = re.compile(r"[A-Za-z]*")
_ESCAPE = re.compile(
    r"\\(?:(\r\n|\r|\n)|([\\'\"abfnrtv])|([0-7]{1,3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})"
    r"|U([\da-fA-F]{8})|N\{([^{}]*)\}|([\s\S]?))"
)
_SIMPLE = {
    "\\": "\\",
    "'": "'",
    '"': '"',
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}
_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_QUOTED = re.compile(r"\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|\"[^\"\r\n]*\"|'[^'\r\n]*'")
_CONVERSION = re.compile(r"!\w*")
MAX_FORMAT_DEPTH = 2
"""Python nests replacement fields two deep: one in the format of another."""


def string_node(context: Context, token: Token) -> syntax.String | syntax.FString:
    """The node of a string token; what is wrong inside is reported."""
    start, span, raw = token.start, token.span, token.text
    prefix, content_start, content_end = parts(raw)
    if "b" in prefix or "u" in prefix:
        _report_prefix(context, prefix, start)
    is_raw = "r" in prefix
    if "f" in prefix:
        fields = _FString(context, start, raw, is_raw)
        return syntax.FString(span, fields.parts(content_start, content_end), raw)
    return syntax.String(span, unescape(context, raw, content_start, content_end, start, is_raw), raw)


def parts(raw: str) -> tuple[str, int, int]:
    """A literal's prefix in lower case, and where its content starts and ends in the token."""
    found = _PREFIX.match(raw)
    prefix = found[0] if found else ""
    quote = raw[len(prefix) : len(prefix) + 3]
    if quote not in {'"""', "'''"}:
        quote = quote[:1]
    start = len(prefix) + len(quote)
    is_closed = (
        len(raw) >= start + len(quote) and raw.endswith(quote) and not _ends_escaped(raw, quote, start)
    )
    return prefix.lower(), start, len(raw) - len(quote) if is_closed else len(raw)


def _ends_escaped(raw: str, quote: str, start: int) -> bool:
    content = raw[start : len(raw) - len(quote)]
    return (len(content) - len(content.rstrip("\\"))) % 2 == 1


def _report_prefix(context: Context, prefix: str, start: int) -> None:
    wanted = prefix.replace("b", "").replace("u", "")
    what = "bytes" if "b" in prefix else "`u` strings"
    context.report(
        "E017",
        Span(start, start + len(prefix)),
        f"there are no {what} here; every string is text",
        "leave the prefix out",
        replacement("Remove the prefix", start, start + len(prefix), wanted),
    )


def unescape(context: Context, raw: str, start: int, end: int, offset: int, is_raw: bool) -> str:
    """`raw[start:end]` with its escapes resolved; `offset` is where the token stands."""
    content = raw[start:end]
    if "\r" in content:
        content_lines = content.replace("\r\n", "\n").replace("\r", "\n")
    else:
        content_lines = content
    if is_raw or "\\" not in content:
        return content_lines

    def resolve(found: re.Match[str]) -> str:
        joined, simple, octal, byte, short, long, name, other = found.groups()
        if joined is not None:
            return ""
        if simple is not None:
            return _SIMPLE[simple]
        if octal is not None:
            return chr(int(octal, 8))
        code = byte or short or long
        if code is not None and int(code, 16) <= 0x10FFFF:
            return chr(int(code, 16))
        if name is not None:
            try:
                return unicodedata.lookup(name)
            except KeyError:
                pass
        at = offset + start + found.start()
        written = found[0] if other is None else found[0][:2]
        context.report(
            "E021",
            Span(at, at + len(written)),
            f"`{written}` is no escape sequence",
            "write `\\\\` for a backslash, or put `r` before the string",
            replacement("Write a backslash", at, at + 1, "\\\\"),
        )
        return found[0]

    return (
        _ESCAPE.sub(resolve, content).replace("\r\n", "\n").replace("\r", "\n")
        if "\\" in content
        else content
    )


class _FString:
    """One f-string while its replacement fields are found."""

    def __init__(self, context: Context, offset: int, raw: str, is_raw: bool) -> None:
        self.context, self.offset, self.raw, self.is_raw = context, offset, raw, is_raw

    def report(self, start: int, end: int, message: str, help_text: str | None = None) -> None:
        """Note a problem at `raw[start:end]`."""
        self.context.report(
            "E022", Span(self.offset + start, self.offset + max(end, start + 1)), message, help_text
        )

    def text(self, start: int, end: int) -> str:
        """Literal text between replacement fields."""
        return unescape(self.context, self.raw, start, end, self.offset, self.is_raw)

    def parts(self, start: int, end: int, depth: int = 0) -> tuple[str | syntax.Interpolation, ...]:
        """The parts of `raw[start:end]`; at a depth above 0 it is a format."""
        raw = self.raw
        found: list[str | syntax.Interpolation] = []
        literal: list[str] = []
        at = begin = start
        while at < end:
            character = raw[at]
            if character == "\\" and not self.is_raw:
                at = raw.index("}", at) + 1 if raw.startswith("\\N{", at) and "}" in raw[at:end] else at + 2
            elif character in "{}" and depth == 0 and raw[at + 1 : min(at + 2, end)] == character:
                literal += [self.text(begin, at), character]
                at += 2
                begin = at
            elif character == "{":
                literal.append(self.text(begin, at))
                if "".join(literal):
                    found.append("".join(literal))
                literal = []
                field, at = self.field(at, end, depth)
                found.append(field)
                begin = at
            elif character == "}":
                self.report(
                    at, at + 1, "`}` closes nothing in this f-string", "write `}}` for a brace in the text"
                )
                at += 1
            else:
                at += 1
        literal.append(self.text(begin, end))
        if "".join(literal):
            found.append("".join(literal))
        return tuple(found)

    def field(self, start: int, end: int, depth: int) -> tuple[syntax.Interpolation, int]:
        """The replacement field that begins at the brace `raw[start]`, and where it ends."""
        raw, offset = self.raw, self.offset
        at = self.expression_end(start + 1, end)
        if at >= end:
            self.report(
                start, start + 1, "`{` is never closed in this f-string", "write `{{` for a brace in the text"
            )
            here = Span(offset + start, offset + at)
            return syntax.Interpolation(here, syntax.Missing(here), "", ()), at
        value = self.expression(start + 1, at)
        debug = ""
        conversion = ""
        if raw[at : min(at + 1, end)] == "=":
            at += 1
            while at < end and raw[at] in " \t":
                at += 1
            debug = raw[start + 1 : at]
        if raw[at : min(at + 1, end)] == "!":
            conversion = raw[at + 1 : min(at + 2, end)]
            written = _CONVERSION.match(raw, at, end)
            stop = written.end() if written else at + 1
            if raw[at + 1 : stop] not in {"s", "r", "a"}:
                self.report(at, stop, "behind `!` stands `s`, `r` or `a`")
            at = stop
        format_parts: tuple[str | syntax.Interpolation, ...] = ()
        if raw[at : min(at + 1, end)] == ":":
            close = self.format_end(at + 1, end)
            if depth >= MAX_FORMAT_DEPTH:
                self.report(start, close, "replacement fields are nested too deeply")
            else:
                format_parts = self.parts(at + 1, close, depth + 1)
            at = close
        if raw[at : min(at + 1, end)] == "}":
            at += 1
        elif at >= end:
            self.report(
                start, start + 1, "`{` is never closed in this f-string", "write `{{` for a brace in the text"
            )
        else:
            close = raw.find("}", at, end)
            self.report(at, at + 1, f"expected `}}` before `{raw[at]}`")
            at = close + 1 if close >= 0 else end
        known = cast("Literal['', 's', 'r', 'a']", conversion if conversion in {"s", "r", "a"} else "")
        return syntax.Interpolation(Span(offset + start, offset + at), value, known, format_parts, debug), at

    def expression_end(self, start: int, end: int) -> int:
        """Where the expression of a replacement field ends: at `}`, `!`, `:` or a final `=`."""
        raw = self.raw
        stack: list[str] = []
        at = start
        while at < end:
            character = raw[at]
            if character in "\"'":
                quoted = _QUOTED.match(raw, at, end)
                at = quoted.end() if quoted else at + 1
                continue
            if character in "([{":
                stack.append(_CLOSERS[character])
            elif stack:
                if character == stack[-1]:
                    stack.pop()
            elif character in "}:":
                return at
            elif raw[at : at + 2] in {"==", "!=", "<=", ">="}:
                at += 1
            elif character in "!=":
                return at
            at += 1
        return at

    def format_end(self, start: int, end: int) -> int:
        """Where a format ends: at the brace that closes its replacement field."""
        depth = 0
        for at in range(start, end):
            if self.raw[at] == "{":
                depth += 1
            elif self.raw[at] == "}":
                if depth == 0:
                    return at
                depth -= 1
        return end

    def expression(self, start: int, end: int) -> syntax.Expression:
        """The expression `raw[start:end]`, parsed where it stands so that its spans are right."""
        from ..interpolation import parse_interpolation  # the parser needs the actions, so this comes late

        raw, offset = self.raw, self.offset
        written = raw[start:end]
        here = Span(offset + start, offset + max(start, end))
        if not written.strip():
            self.report(
                start - 1, end + 1, "nothing stands between the braces", "write `{{}}` for braces in the text"
            )
            return syntax.Missing(here)
        backslash = written.find("\\")
        if backslash >= 0:
            self.report(
                start + backslash,
                start + backslash + 1,
                "an f-string's expression has no backslash",
                "give the value a name above",
            )
            return syntax.Missing(here)
        if "#" in _QUOTED.sub("", written):
            self.report(start, end, "an f-string's expression has no comment")
            return syntax.Missing(here)
        return parse_interpolation(self.context, here.start, here.end)
