"""Completion: what may stand at the cursor, in a file that need not parse."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from ...grammar.source import Span
from .. import types
from ..analysis import FileAnalysis
from ..query import keywords
from . import items
from .annotations import in_type, type_offers
from .context import Place, callee_at, expected_type, in_field, parameters_of
from .cursor import Cursor, Token, cursor_at
from .items import Completion
from .receiver import type_before
from .values import value_offers

_OPERAND_WORDS = {
    *("and", "or", "not", "in", "is", "if", "elif", "else", "for", "lambda", "where", "match", "case"),
    *("return", "assert", "suggest", "demo", "import", "from"),
}
"""Words behind which a value begins."""
_DECLARATION_WORDS = {word.word for word in keywords.DECLARATIONS}


def complete(
    analysis: FileAnalysis, offset: int, modules: Callable[[], Iterable[str]] = tuple
) -> tuple[Completion, ...]:
    """What may stand at an offset, the likeliest first; `modules` gives what an import may begin with."""
    cursor = cursor_at(analysis.source, offset)
    if cursor.comment:
        return ()
    return items.unique(_offers(Place(analysis, cursor, modules)))


def _offers(place: Place) -> Iterator[Completion]:
    cursor = place.cursor
    first, last = cursor.first, cursor.last
    if cursor.string is not None:
        yield from _in_string(place)
    elif first in ("from", "import") and cursor.indentation == 0:
        yield from _imports(place)
    elif last == "." and cursor.statement[-1].kind == "operator":
        kind = type_before(place.analysis, cursor.statement[:-1])
        for found in place.analysis.program.members(kind).values():
            if not found.name.startswith("_"):
                yield items.member(found, cursor.replaced)
    elif not cursor.statement:
        yield from _line_start(place)
    elif _in_number(cursor) or _names_something_new(cursor):
        return
    elif in_type(cursor):
        yield from type_offers(place)
    elif in_field(cursor) and _ends_value(cursor.statement[-1]) and not cursor.brackets:
        if not any(token.text == "where" for token in cursor.outside):
            yield items.keyword(keywords.WHERE, cursor.replaced, items.EXPECTED)
        else:
            yield from (items.keyword(word, cursor.replaced) for word in keywords.OPERATORS)
    elif _ends_value(cursor.statement[-1]):
        yield from (items.keyword(word, cursor.replaced) for word in keywords.OPERATORS)
    else:
        yield from value_offers(place)


# --- where a line begins --------------------------------------------------------------------------------


def _line_start(place: Place) -> Iterator[Completion]:
    cursor = place.cursor
    kind = cursor.declaration
    if cursor.indentation == 0 or not kind:
        words: Iterable[keywords.Keyword] = keywords.DECLARATIONS
    elif kind == "signature":
        words = keywords.SIGNATURE_LINES
    elif kind == "module" and not (cursor.in_block("forward") or cursor.in_block("fallback")):
        words = keywords.MODULE_LINES
    elif kind in ("module", "def", "test"):
        words = [word for word in keywords.STATEMENTS if _may_begin(word.word, cursor)]
        yield from (items.symbol(found, cursor.replaced) for found in place.names.values())
    else:
        words = ()
    yield from (items.keyword(word, cursor.replaced, items.EXPECTED) for word in words)


def _may_begin(word: str, cursor: Cursor) -> bool:
    """Whether a statement that begins with this word may stand on the cursor's line."""
    above = cursor.above[0].text if cursor.above else ""
    match word:
        case "elif":
            return above in ("if", "elif")
        case "else":
            return above in ("if", "elif")
        case "case":
            return bool(cursor.blocks) and cursor.blocks[-1][0].text == "match"
        case "break" | "continue":
            return cursor.in_block("for")
        case "suggest":
            return cursor.declaration == "module"
        case "return":
            return cursor.declaration != "test"
        case _:
            return not (cursor.blocks and cursor.blocks[-1][0].text == "match")


def _in_number(cursor: Cursor) -> bool:
    return cursor.statement[-1].kind == "number" and cursor.statement[-1].end == cursor.offset


def _names_something_new(cursor: Cursor) -> bool:
    """Whether the place is for a name that the user makes up."""
    outside = [token.text for token in cursor.outside]
    if not cursor.brackets:
        if outside in (["input"], ["output"]):
            return True
        declares = cursor.indentation == 0 and cursor.declaration in _DECLARATION_WORDS
        if declares and not {":", "=", "->"} & set(outside):
            return True
        return outside[-1:] in (["for"], ["as"])
    header = cursor.declaration in ("def", "module") and cursor.indentation == 0 and "=" not in outside
    if header and len(cursor.brackets) == 1 and cursor.last in ("(", ","):
        return True
    return cursor.last in ("for", "lambda")


def _ends_value(token: Token) -> bool:
    if token.kind in ("number", "string"):
        return True
    if token.kind == "name":
        return token.text not in _OPERAND_WORDS
    return token.text in (")", "]", "}")


# --- imports --------------------------------------------------------------------------------------------


def _imports(place: Place) -> Iterator[Completion]:
    cursor = place.cursor
    target = place.item.target if place.item is not None else None
    words = [token.text for token in cursor.statement]
    if words[0] == "from" and "import" in words:
        given = set(words[words.index("import") + 1 :])
        if words[-1] != "as" and target is not None:
            names = (name for name in target.names() if name not in given and not name.startswith("_"))
            detail = f"from {''.join(words[1 : words.index('import')])}"
            yield from items.named(names, cursor.replaced, "variable", detail, items.EXPECTED)
    elif words[-1] in ("from", "import", "."):
        yield from items.named(place.modules(), cursor.replaced, "module", "module", items.EXPECTED)
    elif words[0] == "from":
        word = keywords.Keyword("import", "The names that are imported.", "import")
        yield items.keyword(word, cursor.replaced, items.EXPECTED)


# --- inside strings -------------------------------------------------------------------------------------


def _in_string(place: Place) -> Iterator[Completion]:
    """The strings that fit, or, in a signature that is written as a string, the types of its fields."""
    cursor = place.cursor
    string = cursor.string
    if string is None:
        return
    if _holds_signature(place):
        annotation = _INLINE_TYPE.search(string.content)
        if annotation is not None:
            inside = replace(cursor, prefix=annotation["prefix"], string=None)
            yield from type_offers(replace(place, cursor=inside))
    elif "f" not in string.prefix:
        content = Span(string.start, cursor.offset)
        yield from items.string_values(expected_type(place), content)


_INLINE_TYPE = re.compile(r"(?::[^,:]*?|[\[|][^:]*?)(?P<prefix>(?:[^\W\d]\w*)?)\Z")
"""The end of a signature's text where a type is written."""


def _holds_signature(place: Place) -> bool:
    """Whether the string at the cursor stands where a signature does."""
    cursor = place.cursor
    if cursor.first == "signature" and cursor.last == "=" and cursor.indentation == 0:
        return True
    if cursor.bracket is None or cursor.bracket.text != "(" or cursor.last not in ("(", "="):
        return False
    parameters = parameters_of(*callee_at(place, cursor.bracket))
    name = cursor.statement[-2].text if cursor.last == "=" else ""
    wanted = [each for each in parameters if each.name == name or not name][:1]
    return any(
        isinstance(each, types.SignatureLike) for found in wanted for each in types.options(found.type)
    )
