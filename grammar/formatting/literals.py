"""Strings and numbers as they are written in the one layout: what they mean stays as it is."""

from __future__ import annotations

import ast
import re

_STRING = re.compile(r"([a-zA-Z]*)(\"\"\"|'''|\"|')(.*)\2\Z", re.DOTALL)
_FIELD_OF_F_STRING = re.compile(r"(?<!\{)(?:\{\{)*\{(?!\{)([^{}]*)")
_ESCAPED = {quote: re.compile(rf"(\\\\)|\\({quote})") for quote in "'\""}
_BARE = {quote: re.compile(rf"(\\[\s\S])|{quote}") for quote in "'\""}


def normalize_number(text: str) -> str:
    """A number in lower case, hexadecimal digits in upper case: `0XfF` is `0xFF`, `1E5` is `1e5`."""
    text = text.lower()
    if text.startswith("0x"):
        return "0x" + text[2:].upper()
    if text.startswith(("0o", "0b")):
        return text
    number, e, exponent = text.partition("e")
    before, point, after = number.partition(".")
    if point:
        number = f"{before or '0'}.{after or '0'}"
    return number + e + exponent.removeprefix("+")


def normalize_string(text: str) -> str:
    """A string between double quotes, unless that takes more backslashes; with its prefix in lower case."""
    found = _STRING.match(text)
    if found is None:
        return text
    prefix, quote, body = found.groups()
    prefix = prefix.replace("F", "f")
    written = prefix + _quoted(prefix, quote, body)
    return written if _means_the_same(text, written, prefix) else text


def _quoted(prefix: str, quote: str, body: str) -> str:
    as_written = quote + body + quote
    if len(quote) == 3:
        return as_written if '"""' in body or body.endswith('"') else f'"""{body}"""'
    if "r" in prefix.lower():
        return as_written if '"' in body else f'"{body}"'
    if "f" in prefix and any(re.search(r"[\\'\"]", field) for field in _FIELD_OF_F_STRING.findall(body)):
        return as_written
    return _with_fewest_escapes(quote, body)


def _with_fewest_escapes(quote: str, body: str) -> str:
    """Between double quotes, or between single ones where these need fewer backslashes."""
    other = "'" if quote == '"' else '"'
    body = _without_escapes(other, body)
    changed = _BARE[other].sub(lambda found: found[1] or f"\\{other}", _without_escapes(quote, body))
    saved = body.count("\\") - changed.count("\\")
    return f"{other}{changed}{other}" if saved >= (quote == '"') else f"{quote}{body}{quote}"


def _without_escapes(quote: str, body: str) -> str:
    """A text without the backslashes before a quote."""
    return _ESCAPED[quote].sub(lambda found: found[1] or found[2], body)


def _means_the_same(before: str, after: str, prefix: str) -> bool:
    """Whether Python reads two literals as one value; f-strings are compared as trees, with their item."""
    if before == after or "f" in prefix:
        return True
    try:
        return bool(ast.literal_eval(before) == ast.literal_eval(after))
    except (SyntaxError, ValueError):
        return False
