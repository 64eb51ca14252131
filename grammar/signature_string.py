"""The string form of a signature: `"context: list[str], question -> answer: float"`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import zip_longest

from msgspec import Struct

from ..base.diagnostic import Diagnostic
from . import syntax
from .actions.context import Context
from .lexing.brackets import find_repairs
from .lexing.errors import too_deep
from .lexing.lexer import lex
from .lexing.tokens import Token
from .parsing.driver import parse
from .problems import problem, replacement
from .recovery.recover import mend


class InlineSignature(Struct, frozen=True):
    """The fields of a string form; spans count from the start of the string's content."""

    inputs: tuple[syntax.Field, ...]
    outputs: tuple[syntax.Field, ...]
    problems: tuple[Diagnostic, ...]


@lru_cache(maxsize=4096)
def parse_signature_string(text: str) -> InlineSignature:
    """The fields of `a, b: T -> c: T`. Never raises; an untyped field has the type None."""
    lexed = lex(text, inside_brackets=True)
    context = Context(text)
    value = parse(lexed.tokens, context, "inline_signature") if lexed.is_balanced else None
    if value is not None:
        inputs, outputs = value
        problems = [*lexed.problems, *context.closing_problems()]
        return InlineSignature(inputs, outputs, tuple(problems or _dangling_commas(lexed.tokens)))
    if "->" not in text and "=>" not in text:
        found = problem(
            "E001", (0, len(text)), "expected `->` between the inputs and the outputs of this signature"
        )
        return InlineSignature((), (), (found,))
    if not lexed.is_balanced:
        repairs = find_repairs(text, lexed.skipped)
        problems = repairs.problems
        lexed = lex(text, inside_brackets=True, repairs=repairs)
        lexed.problems += problems
    mended = mend(text, lexed, "inline_signature")
    context = Context(text)
    value = parse(mended.tokens, context, "inline_signature") if mended.is_complete else None
    inputs, outputs = value or ((), ())
    problems = [*map(_of_fields, lexed.problems), *mended.problems] or context.closing_problems()
    return InlineSignature(inputs, outputs, tuple(problems) or (too_deep((0, len(text))),))


def _of_fields(found: Diagnostic) -> Diagnostic:
    """A semicolon separates no statements here, but fields."""
    if found.code != "E016":
        return found
    fix = replacement("Write `,`", found.span.start, found.span.end, ",", "safe")
    return problem("E001", found.span, "`,` separates the fields of a signature, not `;`", None, fix)


def _dangling_commas(tokens: Sequence[Token]) -> list[Diagnostic]:
    """A comma behind which no field stands: it has lost its field, or is left from one."""
    written = [token for token in tokens if token.text]
    found: list[Diagnostic] = []
    for token, after in zip_longest(written, written[1:]):
        if token.text == "," and (after is None or after.text == "->"):
            end = "the end" if after is None else "`->`"
            found.append(problem("E001", token.span, f"expected a name after `,`, found {end}"))
    return found
