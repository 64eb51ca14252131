"""Completion: what may stand at the cursor, in a file that need not parse."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from ...grammar.source import Span
from .. import types
from ..analysis import FileAnalysis
from . import keywords, offers
from .annotations import in_type, type_offers
from .cursor import Cursor, Token, cursor_at
from .offers import Completion
from .place import Place, callee_at, expected_type, in_field
from .receiver import type_before
from .values import value_offers

_OPERAND_WORDS = {
    *("and", "or", "not", "in", "is", "if", "elif", "else", "for", "lambda", "where", "match", "case"),
    *("return", "assert", "suggest", "demo", "import", "from"),
}
"""Words behind which a value begins."""
_DECLARATION_WORDS = {word.word for word in keywords.DECLARATIONS}


def complete(
    analysis: FileAnalysis,
    offset: int,
    modules: Callable[[], Iterable[str]] = tuple,
    names_in: Callable[[str], Iterable[str]] = lambda module: (),
) -> tuple[Completion, ...]:
    """What may stand at an offset, the likeliest first.

    `modules` gives the names that an import may begin with, `names_in` what a module of such a name offers.
    """
    cursor = cursor_at(analysis.source, offset)
    if cursor.comment:
        return ()
    return offers.unique(_offers(Place(analysis, cursor, modules, names_in)))


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
                yield offers.member(found, cursor.replaced)
    elif not cursor.statement:
        yield from _line_start(place)
    elif _names_something_new(cursor):
        return
    elif in_type(cursor):
        yield from type_offers(place)
    elif in_field(cursor) and _ends_value(cursor.statement[-1]) and not cursor.brackets:
        if not any(token.text == "where" for token in cursor.outside):
            yield offers.keyword(keywords.WHERE, cursor.replaced, offers.EXPECTED)
        else:
            yield from (offers.keyword(word, cursor.replaced) for word in keywords.OPERATORS)
    elif _ends_value(cursor.statement[-1]):
        yield from (offers.keyword(word, cursor.replaced) for word in keywords.OPERATORS)
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
        words = keywords.STATEMENTS
        yield from (offers.symbol(found, cursor.replaced) for found in place.names.values())
    else:
        words = ()
    yield from (offers.keyword(word, cursor.replaced, offers.EXPECTED) for word in words)


def _names_something_new(cursor: Cursor) -> bool:
    """Whether the place is for a name that the user makes up."""
    outside = [token.text for token in cursor.outside]
    if not cursor.brackets:
        if outside[0] in ("input", "output") and len(outside) == 1:
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
    words = [token.text for token in cursor.statement]
    if words[0] == "from" and "import" in words:
        module = "".join(words[1 : words.index("import")])
        given = set(words[words.index("import") + 1 :])
        if words[-1] != "as":
            names = (
                name for name in place.names_in(module) if name not in given and not name.startswith("_")
            )
            yield from offers.named(names, cursor.replaced, "variable", f"from {module}", offers.EXPECTED)
    elif words[-1] in ("from", "import", "."):
        yield from offers.named(place.modules(), cursor.replaced, "module", "module", offers.EXPECTED)
    elif words[0] == "from":
        word = keywords.Keyword("import", "The names that are imported.", "import")
        yield offers.keyword(word, cursor.replaced, offers.EXPECTED)


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
        yield from offers.string_values(expected_type(place), content)


_INLINE_TYPE = re.compile(r"(?::[^,:]*?|[\[|][^:]*?)(?P<prefix>(?:[^\W\d]\w*)?)\Z")
"""The end of a signature's text where a type is written."""


def _holds_signature(place: Place) -> bool:
    """Whether the string at the cursor stands where a signature does."""
    cursor = place.cursor
    if cursor.declaration == "signature" and cursor.last == "=" and not cursor.brackets:
        return True
    if cursor.bracket is None or cursor.bracket.text != "(" or cursor.last not in ("(", "="):
        return False
    callee, parameters = callee_at(place, cursor.bracket)
    if isinstance(callee, types.Class):
        parameters = parameters or callee.definition.parameters
    name = cursor.statement[-2].text if cursor.last == "=" else ""
    wanted = [each for each in parameters or () if each.name == name or not name][:1]
    return any(
        isinstance(each, types.SignatureLike) for found in wanted for each in types.options(found.type)
    )
