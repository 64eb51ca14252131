"""Completion where a type is written: behind the colon of a field or parameter, `->`, and `type X =`."""

from __future__ import annotations

from collections.abc import Iterator

from .. import types
from ..relations import named
from . import items
from .context import MAKERS, Place, in_field
from .cursor import Cursor
from .items import Completion

_GENERICS = ("list", "dict", "tuple", "set", "Literal", "Any")
_WITH_FIELDS = {"signature", "module", "module class", "program", "dataset"}
"""What stands for its fields when it is named as a type: mostly in the parameters of a metric."""
_BLOCK_WORDS = {"else", "forward", "fallback"}
_COMMON = ("str", "int", "float", "bool", "date", "datetime", "Decimal")


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
    yield from items.named(_COMMON, replaced, "type", "built-in", items.NEAR)
    for name in _GENERICS:
        snippet = f"{name}[$0]" if name != "Any" else ""
        yield Completion(name, "type", replaced, "built-in", rank=items.NEAR, snippet=snippet)
    yield Completion("None", "type", replaced, "built-in", rank=items.BUILTIN)
    of_parameter = place.cursor.declaration == "def"
    for found in place.names.values():
        if (isinstance(found.type, types.TypeForm) and found.kind not in ("local", "builtin", "runtime")) or (
            found.kind in _WITH_FIELDS and of_parameter and types.known(named(found.type) or types.UNKNOWN)
        ):
            yield items.symbol(found, replaced, items.EXPECTED)
        elif found.kind == "runtime" and _is_value(found.type):
            yield items.symbol(found, replaced, items.RUNTIME)


def _is_value(kind: types.Type) -> bool:
    """Whether objects of a class of the runtime are held by fields: an image, a history, a language model."""
    if isinstance(kind, types.TypeForm):
        return isinstance(kind.type, types.Record | types.Enum | types.Instance)
    return isinstance(kind, types.Class) and (
        ".types" in kind.definition.module or any(kind.definition.is_a(base) for base in MAKERS["lm"])
    )
