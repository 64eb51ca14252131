"""Completion where a type is written: behind the colon of a field or parameter, `->`, and `type X =`."""

from __future__ import annotations

from collections.abc import Iterator

from .. import types
from ..relations import BUILTIN_CLASSES, named
from . import offers
from .cursor import Cursor
from .offers import Completion
from .place import MAKERS, Place, in_field

_GENERICS = ("list", "dict", "tuple", "set", "Literal", "Any")
_BLOCK_WORDS = {"else", "forward", "fallback"}
_RARE = {"object", "type", "range", "slice", "complex"}


def in_type(cursor: Cursor) -> bool:
    """Whether a type is expected: behind a colon, behind `->`, or behind `type X =`."""
    outside = cursor.outside
    words = [token.text for token in outside]
    statement = [token.text for token in cursor.statement]
    bracket = cursor.bracket
    header = (
        cursor.indentation == 0
        and cursor.declaration in ("def", "module")
        and words[:1] == [cursor.declaration]
    )
    if header and cursor.brackets and "=" not in words:
        inside = cursor.since(cursor.brackets[0])
        return _behind_colon([token.text for token in inside], cursor)
    if header and "->" in words:
        return _open_type(words[words.index("->") + 1 :], cursor)
    if statement[:1] == ["type"] and "=" in words:
        return _open_type(words[words.index("=") + 1 :], cursor)
    if bracket is not None and bracket.text in "({" and not in_field(cursor):
        return False
    named_before = words[1:2] == [":"] and words[0] not in _BLOCK_WORDS and cursor.declaration != "enum"
    if not (in_field(cursor) or named_before) or any(each.kind == "string" for each in outside):
        return False
    return _behind_colon(words, cursor)


def _behind_colon(words: list[str], cursor: Cursor) -> bool:
    """Whether the last colon of these words has a type behind it that is still being written."""
    colon = max((at for at, word in enumerate(words) if word == ":"), default=-1)
    if colon < 0 or {"=", "where", ","} & set(words[colon + 1 :]):
        return False
    return _open_type(words[colon + 1 :], cursor)


def _open_type(words: list[str], cursor: Cursor) -> bool:
    """Whether the type is not complete: nothing is there yet, or a bracket or a bar asks for more."""
    inside = cursor.bracket is not None and cursor.bracket.text == "["
    return (
        (not words and cursor.last in (":", "->", "="))
        or cursor.last == "|"
        or (inside and cursor.last in ("[", ",", "|"))
    )


def type_offers(place: Place) -> Iterator[Completion]:
    """The types that may be written: the file's own first, then Python's, then the runtime's."""
    replaced = place.cursor.replaced
    yield from offers.named(sorted(BUILTIN_CLASSES - _RARE), replaced, "type", "built-in", offers.NEAR)
    for name in _GENERICS:
        snippet = f"{name}[$0]" if name != "Any" else ""
        yield Completion(name, "type", replaced, "built-in", rank=offers.NEAR, snippet=snippet)
    yield Completion("None", "type", replaced, "built-in", rank=offers.BUILTIN)
    for found in place.names.values():
        kind = named(found.type)
        if kind is None or not types.known(kind) or found.kind in ("local", "builtin", "part", "input"):
            continue
        if found.kind != "runtime":
            yield offers.symbol(found, replaced, offers.EXPECTED)
        elif isinstance(found.type, types.TypeForm) or not _is_maker(found.type):
            yield offers.symbol(found, replaced, offers.RUNTIME)


def _is_maker(kind: types.Type) -> bool:
    """Whether a class of the runtime constructs modules, optimizers and the like, which are no values."""
    bases = {base for kinds in MAKERS.values() for base in kinds} - {"LM", "BaseLM"}
    return isinstance(kind, types.Class) and any(kind.definition.is_a(base) for base in bases)
