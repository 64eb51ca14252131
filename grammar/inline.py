"""The string form of a signature: `"context: list[str], question -> answer: float"`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from . import syntax
from .actions.context import Context
from .driver import parse
from .lexer import lex
from .problems import Problem, problem


@dataclass(frozen=True)
class InlineSignature:
    """The fields of a string form; spans count from the start of the string's content."""

    inputs: tuple[syntax.Field, ...]
    outputs: tuple[syntax.Field, ...]
    problems: tuple[Problem, ...]


@lru_cache(maxsize=4096)
def parse_signature_string(text: str) -> InlineSignature:
    """The fields of `a, b: T -> c: T`. Never raises; an untyped field has the type None."""
    lexed = lex(text, inside_brackets=True)
    context = Context(text)
    value = parse(lexed.tokens, context, "inline_signature") if lexed.is_balanced else None
    if value is None:
        return InlineSignature((), (), (problem("E001", (0, len(text)), "syntax error"),))
    inputs, outputs = value
    return InlineSignature(inputs, outputs, tuple(lexed.problems + context.problems))
