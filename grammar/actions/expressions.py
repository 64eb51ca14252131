"""Expressions: what each rule of the grammar's expression part becomes."""

from __future__ import annotations

import re
from math import isinf

from msgspec import structs

from ...base.diagnostic import Edit, Fix
from .. import syntax
from ..problems import replacement
from ..source import Span
from .context import Children, Context, identifier
from .strings import string_node

MAX_DIGITS = 4_000
"""Python itself reads no whole number longer than 4,300 digits."""
_CONSTANTS = {"None": None, "True": True, "False": False, "...": ...}


def name(_: Context, children: Children, span: Span) -> syntax.Expression:
    """`x`"""
    text = children[0].text
    return syntax.Name(span, text) if text else syntax.Missing(Span(span.start, span.start))


def number(context: Context, children: Children, span: Span) -> syntax.Constant:
    """`1`, `0.5`, `0xff`, `1_000`"""
    text = children[0].text
    if len(text) > MAX_DIGITS:
        context.report("E009", span, f"a number cannot be longer than {MAX_DIGITS:,} digits")
        return syntax.Constant(span, 0)
    try:
        value: int | float = int(text, 0)
    except ValueError:
        value = _float(context, text, span)
    return syntax.Constant(span, value)


def _float(context: Context, text: str, span: Span) -> int | float:
    """A number that is no whole one as Python writes them."""
    try:
        value = float(text)
    except ValueError:
        context.report("E009", *_invalid(context, text, span))
        return 0
    if text.replace("_", "").isdigit():
        whole = int(text)
        fix = replacement("Remove the zeros", span.start, span.end, str(whole), "unsafe")
        context.report("E009", span, "a number cannot start with a zero", fix=fix if len(text) < 40 else None)
        return whole
    if isinf(value):
        context.report("E009", span, f"`{text[:40]}` is too large", 'write `float("inf")` for infinity')
        return 0
    return value


_BEFORE_NUMBER = re.compile(r"[\w.-]+(?:/[\w.-]+)*/(?:[\w.:]+-)*\Z")
_BEHIND_NUMBER = re.compile(r"[\w.:/-]*")


def _invalid(context: Context, text: str, span: Span) -> tuple[Span, str, str | None, Fix | None]:
    """What is said of a number that is none; it may be in the name of a model that has no quotes."""
    before = _BEFORE_NUMBER.search(context.text[max(span.start - 80, 0) : span.start])
    behind = _BEHIND_NUMBER.match(context.text, span.end)
    if before is None or behind is None:
        return span, f"invalid number `{text[:40]}`", None, None
    whole = Span(span.start - len(before[0]), behind.end())
    quoted = f'"{context.text[whole.start : whole.end]}"'
    fix = replacement("Put it in quotes", whole.start, whole.end, quoted, "unsafe")
    return whole, f"the name of a model is a text: `{quoted}`", None, fix


def constant(_: Context, children: Children, span: Span) -> syntax.Constant:
    """`None`, `True`, `False`, `...`"""
    return syntax.Constant(span, _CONSTANTS[children[0].text or "None"])


def string(context: Context, children: Children, span: Span) -> syntax.String:
    """A string literal."""
    return string_node(context, children[0])


def parenthesised(_: Context, children: Children, span: Span) -> syntax.Expression:
    """`(x)` is `x`; a tuple's brackets are part of it."""
    value: syntax.Expression = children[0]
    return structs.replace(value, span=span) if isinstance(value, syntax.Tuple) else value


def tuple_display(_: Context, children: Children, span: Span) -> syntax.Tuple:
    """`a, b`, `a,` or `()`"""
    return syntax.Tuple(span, tuple(children))


def list_display(_: Context, children: Children, span: Span) -> syntax.List:
    """`[a, b]`"""
    return syntax.List(span, children[0] or ())


def list_display_of_targets(_: Context, children: Children, span: Span) -> syntax.List:
    """`[a, b]` on the left of `in`."""
    inner = children[0]
    return syntax.List(span, inner.elements if isinstance(inner, syntax.Tuple) else (inner,))


def set_display(_: Context, children: Children, span: Span) -> syntax.Set:
    """`{a, b}`"""
    return syntax.Set(span, children[0])


def elements(_: Context, children: Children, span: Span) -> tuple[syntax.Expression, ...]:
    """What stands between the brackets of a list or set."""
    return tuple(children)


def dict_display(_: Context, children: Children, span: Span) -> syntax.Dict:
    """`{a: b, **c}`"""
    return syntax.Dict(span, tuple(children))


def entry(_: Context, children: Children, span: Span) -> syntax.DictEntry:
    """`key: value`"""
    return syntax.DictEntry(span, children[0], children[1])


def spread_entry(_: Context, children: Children, span: Span) -> syntax.DictEntry:
    """`**value`"""
    return syntax.DictEntry(span, None, children[0])


def starred(_: Context, children: Children, span: Span) -> syntax.Starred:
    """`*value`"""
    return syntax.Starred(span, children[0])


def conditional(_: Context, children: Children, span: Span) -> syntax.Conditional:
    """`a if b else c`"""
    return syntax.Conditional(span, children[0], children[1], children[2])


def lambda_expression(context: Context, children: Children, span: Span) -> syntax.Lambda:
    """`lambda x: y`; `argument` takes it off the list of misplaced ones."""
    node = syntax.Lambda(span, children[0] or (), children[1])
    context.lambdas[node.span] = node
    return node


def lambda_parameters(_: Context, children: Children, span: Span) -> tuple[syntax.Parameter, ...]:
    """`x, y=2`"""
    return tuple(children)


def lambda_parameter(_: Context, children: Children, span: Span) -> syntax.Parameter:
    """`x` or `x=2`"""
    return syntax.Parameter(span, identifier(children[0]), None, children[1])


def or_test(_: Context, children: Children, span: Span) -> syntax.Boolean:
    """`a or b or c`"""
    return syntax.Boolean(span, "or", tuple(children))


def and_test(_: Context, children: Children, span: Span) -> syntax.Boolean:
    """`a and b and c`"""
    return syntax.Boolean(span, "and", tuple(children))


def not_test(_: Context, children: Children, span: Span) -> syntax.Unary:
    """`not a`"""
    return syntax.Unary(span, "not", children[0])


def compare(_: Context, children: Children, span: Span) -> syntax.Comparison:
    """`a < b in c`"""
    return syntax.Comparison(span, children[0], tuple(children[1::2]), tuple(children[2::2]))


def comparator(_: Context, children: Children, span: Span) -> str:
    """`<`, `not in`, `is not` …"""
    return " ".join(token.text for token in children)


def binary(_: Context, children: Children, span: Span) -> syntax.Binary:
    """`a + b`"""
    return syntax.Binary(span, children[0], children[1].text, children[2])


def unary(_: Context, children: Children, span: Span) -> syntax.Unary:
    """`-a`"""
    return syntax.Unary(span, children[0].text, children[1])


def attribute_of(_: Context, children: Children, span: Span) -> syntax.Attribute:
    """`a.b`"""
    return syntax.Attribute(span, children[0], identifier(children[1]))


def subscript(_: Context, children: Children, span: Span) -> syntax.Subscript:
    """`a[b]`"""
    return syntax.Subscript(span, children[0], children[1])


def slice_index(_: Context, children: Children, span: Span) -> syntax.Slice:
    """`a:b:c`"""
    return syntax.Slice(span, children[0], children[1], children[2])


def call(_: Context, children: Children, span: Span) -> syntax.Call:
    """`f(x, y=z)`"""
    return syntax.Call(span, children[0], children[1] or ())


def arguments(context: Context, children: Children, span: Span) -> tuple[syntax.Argument, ...]:
    """What stands between the brackets of a call."""
    seen_keyword: syntax.Argument | None = None
    names: set[str] = set()
    for argument_ in children:
        label = argument_.name
        if label is not None or argument_.star == "**":
            seen_keyword = seen_keyword or argument_
        elif seen_keyword is not None and argument_.star == "":
            context.report(
                "E024",
                argument_.span,
                "a positional argument cannot follow a named one",
                "write the positional arguments first, or name this one",
            )
        if label is not None and label.text:
            if label.text in names:
                context.report("E024", label.span, f"the argument `{label.text}` is given twice")
            names.add(label.text)
    if len(children) > 1:
        for argument_ in children:
            if isinstance(argument_.value, syntax.Comprehension) and argument_.span == argument_.value.span:
                _check_bare_generator(context, argument_)
    return tuple(children)


def _check_bare_generator(context: Context, argument_: syntax.Argument) -> None:
    start, end = argument_.span
    if argument_.value.kind == "generator" and context.text[start : start + 1] != "(":  # type: ignore[union-attr]
        context.report(
            "E024",
            argument_.span,
            "a generator among other arguments needs its own parentheses",
            fix=Fix("Add parentheses", (Edit(Span(start, start), "("), Edit(Span(end, end), ")")), "safe"),
        )


def argument(context: Context, children: Children, span: Span) -> syntax.Argument:
    """`x`"""
    if context.lambdas:
        context.lambdas.pop(children[0].span, None)
    return syntax.Argument(span, None, children[0])


def generator_argument(_: Context, children: Children, span: Span) -> syntax.Argument:
    """`x for x in xs` as a call's argument."""
    value = syntax.Comprehension(span, "generator", children[0], children[1])
    return syntax.Argument(value.span, None, value)


def keyword(context: Context, children: Children, span: Span) -> syntax.Argument:
    """`name=x`"""
    if context.lambdas:
        context.lambdas.pop(children[1].span, None)
    return syntax.Argument(span, identifier(children[0]), children[1])


def star_argument(_: Context, children: Children, span: Span) -> syntax.Argument:
    """`*x`"""
    return syntax.Argument(span, None, children[0], "*")


def double_star_argument(_: Context, children: Children, span: Span) -> syntax.Argument:
    """`**x`"""
    return syntax.Argument(span, None, children[0], "**")


def list_comprehension(_: Context, children: Children, span: Span) -> syntax.Comprehension:
    """`[x for x in xs]`"""
    return syntax.Comprehension(span, "list", children[0], children[1])


def set_comprehension(_: Context, children: Children, span: Span) -> syntax.Comprehension:
    """`{x for x in xs}`"""
    return syntax.Comprehension(span, "set", children[0], children[1])


def dict_comprehension(_: Context, children: Children, span: Span) -> syntax.Comprehension:
    """`{k: v for k, v in xs}`"""
    return syntax.Comprehension(span, "dict", children[0], children[1])


def generator(_: Context, children: Children, span: Span) -> syntax.Comprehension:
    """`(x for x in xs)`"""
    return syntax.Comprehension(span, "generator", children[0], children[1])


def comprehension_clauses(
    _: Context, children: Children, span: Span
) -> tuple[syntax.ComprehensionClause, ...]:
    """`for x in xs if x for y in x`"""
    return tuple(children)


def comprehension_clause(_: Context, children: Children, span: Span) -> syntax.ComprehensionClause:
    """`for x in xs if x`"""
    return syntax.ComprehensionClause(span, children[0], children[1], tuple(children[2:]))
