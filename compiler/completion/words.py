"""Completion of the language's words: those that the grammar takes at the cursor and that make sense."""

from __future__ import annotations

from collections.abc import Iterator

from ...grammar import syntax
from ...grammar.tables import tables
from ..declared import has_constructor
from ..query import keywords
from . import items
from .context import Context
from .items import Completion


def word_items(context: Context) -> Iterator[Completion]:
    """The words that may stand at the cursor; those of expressions after all else."""
    reading = context.reading
    if reading is None or context.marked.ground != "code" or context.kind in ("type", "label"):
        return
    fitting = set(reading.words)
    for word in (each for each in keywords.WORDS if each in fitting):
        if _makes_sense(word, context):
            known = keywords.find(word, behind_a_value=not reading.takes_name)
            rank = items.WORD if known in keywords.OF_EXPRESSIONS else items.EXPECTED
            for phrase in reading.phrases(word):
                yield items.keyword(known, context.replaced, rank, phrase)


def _makes_sense(word: str, context: Context) -> bool:
    """Whether a word that the grammar takes at the cursor means something there."""
    match word:
        case "break" | "continue":
            return context.above(syntax.For) is not None
        case "suggest":
            return isinstance(context.item.declaration, syntax.ModuleDeclaration)
        case "return":
            return not isinstance(context.item.declaration, syntax.TestDeclaration)
        case "lambda":
            return isinstance(context.parent, syntax.Argument)
        case "not":
            return context.kind != "literal"
        case _:
            return tables().literals[word] != tables().numbers["KIND"] or has_constructor(word)
