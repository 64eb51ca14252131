"""String literals: token text to values, as Python 3.11 reads them."""

from __future__ import annotations

import re
import unicodedata

from ...base.diagnostic import Applicability
from .. import syntax
from ..lexing.tokens import Token
from ..problems import replacement
from ..source import Span
from .context import Context

_PREFIX = re.compile(r"[A-Za-z]*")
_ESCAPE = re.compile(
    r"(\r\n?)|\\(?:(\r\n|\r|\n)|([\\'\"abfnrtv])|([0-7]{1,3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})"
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


def string_node(context: Context, token: Token) -> syntax.String:
    """The node of a string token; what is wrong inside is reported."""
    raw = token.text
    prefix, start, end = parts(raw)
    if "b" in prefix or "u" in prefix:
        _report_prefix(context, prefix, token.start)
    value = unescape(context, raw[start:end], token.start + start, "r" in prefix)
    return syntax.String(token.span, value, raw)


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
    letter = "b" if "b" in prefix else "u"
    applicability: Applicability = "unsafe" if letter == "b" else "safe"
    context.report(
        "E017",
        Span(start, start + len(prefix)),
        f"`{letter}` strings are not supported; every string is text",
        "remove the prefix",
        replacement("Remove the prefix", start, start + len(prefix), wanted, applicability),
    )


def unescape(context: Context, content: str, offset: int, is_raw: bool) -> str:
    """The value of a string's content with its escapes resolved; `offset` is where the content starts.

    As Python reads source text, a line ending counts as `\\n`, whichever the file has.
    """
    if is_raw or "\\" not in content:
        return content.replace("\r\n", "\n").replace("\r", "\n") if "\r" in content else content

    def resolve(found: re.Match[str]) -> str:
        ending, joined, simple, octal, byte, short, long, name, other = found.groups()
        if ending is not None:
            return "\n"
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
        at = offset + found.start()
        written = found[0] if other is None else found[0][:2]
        is_python = bool(other) and other not in "xuUN"  # where Python keeps the backslash
        context.report(
            "E021",
            Span(at, at + len(written)),
            f"invalid escape sequence `{written}`",
            "write `\\\\` for a backslash, or put `r` before the string",
            replacement("Write a backslash", at, at + 1, "\\\\", "safe" if is_python else "unsafe"),
        )
        return found[0]

    return _ESCAPE.sub(resolve, content)
