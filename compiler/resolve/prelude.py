"""The names that need no declaration: the runtime's, and Python's pure built-ins."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from .. import catalog, types
from ..facts import Symbol
from ..types import Type
from . import builtins


def given(name: str) -> Symbol | None:
    """What a name means that no file declares: the runtime's comes before a built-in."""
    if name not in _given:
        # Threads that come together keep the same symbol, because symbols are compared by identity.
        return _given.setdefault(name, _find(name))
    return _given[name]


_given: dict[str, Symbol | None] = {}


def _find(name: str) -> Symbol | None:
    found = catalog.lookup(name)
    if found is not None:
        return describe(Symbol(name, "runtime", found))
    built = builtins.builtin(name)
    return Symbol(name, "builtin", built, doc=_doc(built)) if built is not None else None


def given_names() -> Sequence[str]:
    """All names that no file declares."""
    return (*catalog.names(), *builtins.builtin_names())


def describe(symbol: Symbol) -> Symbol:
    """A symbol with the place and the documentation that its type holds."""
    return replace(symbol, place=_place(symbol.type), doc=_doc(symbol.type))


def _place(kind: Type) -> types.Place | None:
    match kind:
        case types.Function(place=place) | types.PythonModule(place=place):
            return place
        case types.Class(definition=definition):
            return definition.place
        case types.TypeForm(type=types.Record(place=place) | types.Enum(place=place)):
            return place
        case _:
            return None


def _doc(kind: Type) -> str:
    match kind:
        case types.Function(doc=doc) | types.TypeForm(type=types.Record(doc=doc) | types.Enum(doc=doc)):
            return doc
        case types.Class(definition=definition):
            return definition.doc
        case _:
            return ""
