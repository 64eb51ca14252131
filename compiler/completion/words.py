"""Completion of the language's words: those that the grammar takes at the cursor and that make sense."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...grammar import syntax
from ...grammar.words import VALUE_KINDS
from ..declared import has_constructor
from ..query import keywords
from . import items
from .context import Context
from .items import Completion

_EXTENDS = re.compile(r"^(?:type|signature)[ \t]+\w+[ \t]*\(", re.M)
"""The head of a declaration that extends another, which may have no syntax tree yet."""
_OPERATORS = {each.word for each in keywords.OPERATORS}


def word_items(context: Context) -> Iterator[Completion]:
    """The words that may stand at the cursor; those of expressions after all else."""
    reading = context.reading
    if reading is None or context.marked.ground != "code" or context.kind in ("type", "label"):
        return
    if context.marked.followed_by_equals:
        return  # a name is given a value
    fitting = set(reading.words)
    if context.kind == "words" and reading.in_square_brackets and _is_in_type(context):
        fitting -= _OPERATORS
    for word in (each for each in keywords.WORDS if each in fitting):
        if _makes_sense(word, context):
            known = keywords.find(word, behind_a_value=not reading.takes_name)
            rank = items.WORD if known in keywords.OF_EXPRESSIONS else items.EXPECTED
            for phrase in reading.phrases(word):
                yield items.keyword(known, context.replaced, rank, phrase)


def _is_in_type(context: Context) -> bool:
    return context.behind_comma is not None and context.behind_comma.kind in ("type", "literal")


def _makes_sense(word: str, context: Context) -> bool:
    """Whether a word that the grammar takes at the cursor means something there."""
    match word:
        case "break" | "continue":
            return context.above(syntax.For) is not None
        case "del":
            return _EXTENDS.search(context.marked.text) is not None
        case "suggest":
            return isinstance(context.item.declaration, syntax.ModuleDeclaration)
        case "return":
            return not isinstance(context.item.declaration, syntax.TestDeclaration)
        case "lambda":
            return isinstance(context.parent, syntax.Argument)
        case "input" | "output" | "forward" | "fallback":
            declaration = context.item.declaration
            if not isinstance(declaration, syntax.ModuleDeclaration):
                return True
            return _is_in_order(word, declaration, context.marked.offset)
        case "not":
            return context.kind != "literal"
        case _:
            return word not in VALUE_KINDS or has_constructor(word)


def _is_in_order(word: str, module: syntax.ModuleDeclaration, at: int) -> bool:
    """Whether a line may begin with a word there: fields and parts, then `forward`, then `fallback`."""
    behind_forward = module.forward is not None and any(each.span.start < at for each in module.forward)
    match word:
        case "forward":
            return module.forward is None and all(
                each.span.start <= at for each in (*module.fields, *module.parts)
            )
        case "fallback":
            return behind_forward and module.fallback is None
        case _:
            return not behind_forward
