"""Definition: where the name at a place is declared, in this file, another `.dspy` file or a Python file."""

from __future__ import annotations

from msgspec.structs import replace

from ...grammar import syntax
from .. import types
from ..analysis import FileAnalysis
from ..program import UNBOUND, Symbol
from .at import Found, find, symbol_at
from .links import links_of


def definition(analysis: FileAnalysis, offset: int) -> types.Place | None:
    """Where the name at an offset is declared; None for built-ins and where nothing is known."""
    place = _definition(analysis, offset)
    return None if place is None else analysis.program.locate(place)


def _definition(analysis: FileAnalysis, offset: int) -> types.Place | None:
    found = find(analysis, offset)
    if found is None:
        return None
    if isinstance(found.node, syntax.String):
        link = next((each for each in links_of(analysis, found.item) if each.span.contains(offset)), None)
        return None if link is None else types.Place(link.path, line=0)
    if isinstance(found.node, syntax.Identifier):
        parent = found.parent(found.node)
        if isinstance(parent, syntax.Argument) and parent.name is found.node:
            place = _argument(analysis, found, parent)
            if place is not None:
                return place
        if isinstance(parent, syntax.Attribute):
            place = _member(analysis, found, parent)
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


def type_definition(analysis: FileAnalysis, offset: int) -> types.Place | None:
    """Where the type of what stands at an offset is declared; for a collection, that of its items."""
    found = find(analysis, offset)
    if found is None:
        return None
    symbol = symbol_at(found)
    kind = symbol.type if symbol is not None else types.UNKNOWN
    parent = found.parent(found.node)
    if isinstance(parent, syntax.Attribute) and parent.name is found.node:
        kind = found.item.type_of(parent)
    elif isinstance(found.node, syntax.Name) and types.known(found.item.type_of(found.node)):
        kind = found.item.type_of(found.node)
    place = _place_of_type(analysis, kind)
    return None if place is None else analysis.program.locate(place)


def _place_of_type(analysis: FileAnalysis, kind: types.Type) -> types.Place | None:
    match kind:
        case types.Record(place=place) | types.Enum(place=place):
            return place
        case types.List(item=item) | types.Set(item=item) | types.Iterable(item=item):
            return _place_of_type(analysis, item)
        case types.Dict(value=value):
            return _place_of_type(analysis, value)
        case types.Union(options=options):
            places = (_place_of_type(analysis, each) for each in options)
            return next((each for each in places if each is not None), None)
        case types.Module(declared=types.ModuleClass(place=place)):
            return place
        case (
            types.Module(interface=interface)
            | types.Prediction(interface=interface)
            | types.Fields(interface=interface)
        ):
            symbol = analysis.program.lookup(interface.name) if interface.name else None
            if symbol is not None and symbol.kind in ("signature", "module", "module class", "program"):
                return symbol.place
            return next((each.place for each in interface.outputs if each.place is not None), None)
        case _:
            return place_of(kind)


def _member(analysis: FileAnalysis, found: Found, attribute: syntax.Attribute) -> types.Place | None:
    """The member that is read of an enumeration of a `.dspy` file."""
    owner = _symbol_of(found, attribute.value)
    declaration = _declaration(analysis, owner)
    if owner is None or not isinstance(declaration, syntax.EnumDeclaration):
        return None
    named = (each.name for each in declaration.members if each.name.text == attribute.name.text)
    return _beside(owner, next(named, None))


def _argument(analysis: FileAnalysis, found: Found, argument: syntax.Argument) -> types.Place | None:
    """The field or parameter that a named argument gives a value to."""
    call = found.parent(argument)
    if argument.name is None or not isinstance(call, syntax.Call):
        return None
    binding, name = found.item.binding_of(call), argument.name.text
    if binding is UNBOUND:
        return None
    match binding.callee:
        case types.Module(interface=interface) | types.TypeForm(type=types.Record(interface=interface)):
            field = interface.field(name)
            return field.place if field is not None else None
        case types.Function(place=place, name=of, origin="python" | "runtime") if place is not None:
            return _in_python(analysis, place, of, name)
        case types.Class(definition=definition) if definition.place is not None:
            return _in_python(analysis, definition.place, definition.name, name)
        case _:
            return _parameter(analysis, _symbol_of(found, call.function), name)


def _in_python(analysis: FileAnalysis, owner: types.Place, owner_name: str, name: str) -> types.Place:
    """A parameter of a function or class of a Python file; the function or class where it is not found."""
    wanted = types.Place(owner.path, name=f"{owner.name or owner_name}.{name}")
    place = analysis.program.locate(wanted)
    return place if place.span is not None else owner


def _parameter(analysis: FileAnalysis, function: Symbol | None, name: str) -> types.Place | None:
    """A parameter of a function or module of a `.dspy` file."""
    declaration = _declaration(analysis, function)
    if function is None or not isinstance(declaration, syntax.FunctionDeclaration | syntax.ModuleDeclaration):
        return None
    names = (each.name for each in declaration.parameters if each.name is not None)
    return _beside(function, next((each for each in names if each.text == name), None))


def _symbol_of(found: Found, node: syntax.Expression) -> Symbol | None:
    match node:
        case syntax.Attribute(name=name):
            return found.item.symbol_of(name)
        case _:
            return found.item.symbol_of(node)


def _declaration(analysis: FileAnalysis, symbol: Symbol | None) -> syntax.Node | None:
    """The declaration of a name, in this file as it stands there now."""
    if symbol is None or symbol.place is None or symbol.place.path != analysis.path:
        return None if symbol is None else symbol.node
    item = analysis.program.item(symbol.place.item)
    return symbol.node if item is None else item.declaration


def _beside(declared: Symbol, name: syntax.Identifier | None) -> types.Place | None:
    """A name in a declaration, whose own name stands where its symbol says."""
    if declared.place is None or name is None:
        return None
    return replace(declared.place, span=name.span, line=None, name="")
