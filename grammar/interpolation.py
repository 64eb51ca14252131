"""The expressions inside f-strings."""

from __future__ import annotations

from . import syntax
from .actions.context import Context
from .lexing.lexer import lex
from .parsing.driver import parse
from .source import Span


def parse_interpolation(context: Context, start: int, end: int) -> syntax.Expression:
    """The expression `context.text[start:end]` of a replacement field."""
    lexed = lex(context.text, start, end, inside_brackets=True)
    context.problems.extend(lexed.problems)
    inner = Context(context.text)
    value = parse(lexed.tokens, inner, "interpolation") if lexed.is_balanced else None
    context.problems.extend(inner.problems)
    context.lambdas.update(inner.lambdas)
    if isinstance(value, syntax.Node):
        return value  # type: ignore[return-value]
    span = Span(start, end)
    if not lexed.problems:
        context.report("E022", span, f"`{context.text[start:end].strip()}` is no expression")
    return syntax.Missing(span)
