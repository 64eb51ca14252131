"""f-strings, and the texts that must not be one: what each rule of the grammar's strings becomes."""

from __future__ import annotations

import re
from typing import Any

from msgspec import structs

from ...base.diagnostic import Edit, Fix
from .. import syntax
from ..lexing.tokens import Token
from ..problems import replacement
from ..source import Span
from .context import Children, Context
from .strings import string_node, unescape

_RAW_BRACES = re.compile(r"(\{\{|\}\}|\})")
_BRACES = re.compile(r"\\N\{[^{}]*\}|\\[^{}]|(\{\{|\}\}|\})")
_CONVERSIONS = {"!s": "s", "!r": "r", "!a": "a"}


def text(context: Context, children: Children, span: Span) -> syntax.String:
    """A docstring, a description or a title, which is never an f-string."""
    node = children[0]
    if isinstance(node, Token):
        return string_node(context, node)
    found: syntax.FString = node
    prefix = re.match("[A-Za-z]*", found.raw)
    stop = prefix.end() if prefix else 0
    is_plain = all(isinstance(part, str) for part in found.parts) and not re.search("[{}]", found.raw)
    context.report(
        "E022",
        span,
        "a docstring, a description or a title cannot be an f-string",
        fix=replacement(
            "Remove the `f`",
            span.start,
            span.start + stop,
            re.sub("[fF]", "", found.raw[:stop]),
            "safe" if is_plain else "unsafe",
        ),
    )
    return syntax.String(span, "".join(part for part in found.parts if isinstance(part, str)), found.raw)


def f_string(context: Context, children: Children, span: Span) -> syntax.FString:
    """`f"text {value}"`"""
    is_raw = "r" in children[0].text.lower()
    stray: list[Edit] = []
    parts = _parts(context, children[1:-1], is_raw, stray)
    if stray:
        context.report(
            "E022",
            stray[0].span,
            "`}` has no matching `{` in this f-string",
            "write `}}` for a brace in the text",
            Fix("Write `}}`", tuple(stray), "unsafe"),
        )
    return syntax.FString(span, parts, context.text[span.start : span.end])


def interpolation(context: Context, children: Children, span: Span) -> syntax.Interpolation:
    """`{value=!conversion:format}`; the texts of the format are tokens until the f-string is whole."""
    value, equals, conversion, format_ = children
    debug = "" if equals is None else context.text[span.start + 1 : equals.end]
    letter: Any = "" if conversion is None else _CONVERSIONS.get(conversion.text, "")
    return syntax.Interpolation(span, value, letter, format_ or (), debug)


def format(_: Context, children: Children, span: Span) -> tuple[Any, ...]:  # noqa: A001 - the rule's name
    """`:>{width}`"""
    return tuple(children[1:])


def _parts(
    context: Context, children: Children, is_raw: bool, stray: list[Edit] | None
) -> tuple[str | syntax.Interpolation, ...]:
    """The texts of an f-string with their escapes resolved, and its replacement fields.

    Braces without a partner are added to `stray`, doubled; None for a format, which has none.
    """
    parts: list[str | syntax.Interpolation] = []
    for child in children:
        if isinstance(child, syntax.Interpolation):
            inner = _parts(context, child.format, is_raw, None)
            parts.append(structs.replace(child, format=inner) if inner else child)
        else:
            parts.append(_literal(context, child, is_raw, stray))
    return tuple(part for part in parts if part)


def _literal(context: Context, token: Token, is_raw: bool, stray: list[Edit] | None) -> str:
    """The value of the text between two replacement fields."""
    if stray is None or ("{" not in token.text and "}" not in token.text):
        return unescape(context, token.text, token.start, is_raw)
    found: list[str] = []
    at = 0
    for match in (_RAW_BRACES if is_raw else _BRACES).finditer(token.text):
        brace = match[1]
        if brace is None:
            continue
        found.append(unescape(context, token.text[at : match.start()], token.start + at, is_raw))
        found.append(brace[0])
        at = match.end()
        if brace == "}":
            stray.append(Edit(Span(token.start + match.start(), token.start + at), "}}"))
    found.append(unescape(context, token.text[at:], token.start + at, is_raw))
    return "".join(found)
