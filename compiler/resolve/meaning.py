"""Whether a name means the same as before an edit.

To others a declaration means its types, not its words: documentation counts only as being there or not, and
where something stands does not count if it can be found again by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from .. import types
from ..facts import Symbol

_WORDS = frozenset({"doc", "description"})
_IGNORED = frozenset({"node", "read", "read_members", "read_parameters", "line"})
_NOT_DEFINED = ""
"""A name that no module defines."""
_names: dict[type, tuple[str, ...]] = {}


def same_meaning(old: Symbol | None, new: Symbol | None) -> bool:
    """Whether what depends on a name may stay as it is."""
    return _same(old, new, set(), words=False)


def same_words(old: Symbol | None, new: Symbol | None) -> bool:
    """Whether a reader would be told the same about a name, its documentation and its place included."""
    return _same(old, new, set(), words=True)


def _same(old: Any, new: Any, assumed: set[tuple[int, int]], *, words: bool) -> bool:
    """Compares two values part by part; `assumed` are the recursive ones that are being compared."""
    if old is new:
        return True
    if type(old) is not type(new):
        return False
    match old:
        case Mapping():
            return old.keys() == new.keys() and all(
                _same(old[each], new[each], assumed, words=words) for each in old
            )
        case str() | int() | float() | None:
            return bool(old == new)
        case tuple():
            return len(old) == len(new) and all(
                _same(first, second, assumed, words=words) for first, second in zip(old, new, strict=True)
            )
        case types.Place():
            return _same_place(old, new, words=words)
        case types.PythonModule():
            return _same_module(old, new, assumed, words=words)
    pair = (id(old), id(new))
    if pair in assumed:
        return True
    assumed.add(pair)
    return all(
        _same_field(name, getattr(old, name), getattr(new, name), assumed, words=words)
        for name in _fields(type(old))
    )


def _same_field(name: str, old: Any, new: Any, assumed: set[tuple[int, int]], *, words: bool) -> bool:
    if name in _WORDS and not words:
        return bool(old) == bool(new)
    return _same(old, new, assumed, words=words)


def _fields(kind: type[Struct]) -> tuple[str, ...]:
    found = _names.get(kind)
    if found is None:
        found = tuple(name for name in kind.__struct_fields__ if name not in _IGNORED)
        if kind is types.Record:
            found = (*found, "interface", "members", "parameters")
        elif kind is types.ModuleClass:
            found = (*found, "interface")
        elif kind is types.Function:
            found = (*found, "returns")
        elif kind is types.ClassDefinition:
            found = ("name", "module", "bases", "complete", "shape", "parameters", "members", "doc", "place")
        _names[kind] = found
    return found


def _same_place(old: types.Place, new: types.Place, *, words: bool) -> bool:
    if (old.path, old.item, old.name) != (new.path, new.item, new.name):
        return False
    # In a Python file a place is where it was when the file was read.
    where = (old.span, old.line) == (new.span, new.line)
    return where or (bool(old.name) and not words)


def _same_module(
    old: types.PythonModule, new: types.PythonModule, assumed: set[tuple[int, int]], *, words: bool
) -> bool:
    names = new.names()
    return (
        old.name == new.name
        and old.names() == names
        # A module that does not parse may have any name, so it says something else of what is not defined.
        and all(
            _same(old.read(each), new.read(each), assumed, words=words) for each in (*names, _NOT_DEFINED)
        )
    )
