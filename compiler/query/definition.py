"""Definition: where the name at a place is declared, in this file, another `.dspy` file or a Python file."""

from __future__ import annotations

from ...grammar import syntax
from .. import types
from ..analysis import FileAnalysis
from .at import Found, find, symbol_at


def definition(analysis: FileAnalysis, offset: int) -> types.Place | None:
    """Where the name at an offset is declared; None for built-ins and where nothing is known."""
    place = _definition(analysis, offset)
    return None if place is None else analysis.program.locate(place)


def _definition(analysis: FileAnalysis, offset: int) -> types.Place | None:
    found = find(analysis, offset)
    if found is None:
        return None
    if isinstance(found.node, syntax.Identifier):
        parent = found.parent(found.node)
        if isinstance(parent, syntax.Argument) and parent.name is found.node:
            place = _argument(found, parent)
            if place is not None:
                return place
        if isinstance(parent, syntax.FromImport) and found.item.target is not None and found.item.target.path:
            return types.Place(found.item.target.path, line=0)
    symbol = symbol_at(found)
    return None if symbol is None else symbol.place or place_of(symbol.type)


def place_of(kind: types.Type) -> types.Place | None:
    """Where what a type describes is declared."""
    match kind:
        case types.Class(definition=declared) | types.Instance(definition=declared):
            return declared.place
        case types.Function(place=place) | types.Signature(place=place) | types.ModuleClass(place=place):
            return place
        case types.PythonModule(place=place):
            return place
        case types.TypeForm(type=types.Record(place=place) | types.Enum(place=place)):
            return place
        case types.Overloaded(options=ways):
            return next((way.place for way in ways if way.place is not None), None)
        case _:
            return None


def _argument(found: Found, argument: syntax.Argument) -> types.Place | None:
    """The field of a module or record that a named argument gives a value to."""
    call = found.parent(argument)
    binding = found.item.binding_of(call) if isinstance(call, syntax.Call) else None
    if binding is None or argument.name is None:
        return None
    match binding.callee:
        case types.Module(interface=interface) | types.TypeForm(type=types.Record(interface=interface)):
            field = interface.field(argument.name.text)
            return field.place if field is not None else None
        case _:
            return None
