"""What may follow the dot behind a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from .. import catalog, types
from ..facts import Symbol
from ..pythonfiles.classes import ERROR_BASES
from ..types import Type, lookup
from . import builtins

_UNRESOLVED = Symbol("", "unresolved", types.UNKNOWN)
_RECORD_METHODS = ("model_dump", "model_dump_json", "model_copy")
"""What pydantic gives each record, and what does not change it."""


def member(kind: Type, name: str) -> Symbol | None:
    """What `.name` is behind a value of a type: Unknown when that cannot be told, None when there is none."""
    if not types.known(kind):
        return _UNRESOLVED
    if isinstance(kind, types.Union):
        found = [each for each in (member(option, name) for option in kind.options) if each is not None]
        if not found:
            return None
        return (
            found[0]
            if len(found) == 1
            else Symbol(name, found[0].kind, types.union(*(each.type for each in found)))
        )
    if isinstance(kind, types.Builtin):
        found_here = builtins.member(kind, name)
        if found_here is not None:
            return Symbol(name, "member", found_here)
        return _UNRESOLVED if is_open(kind) else None
    for owned, symbol in _members(kind, name):
        if owned == name:
            return symbol
    if isinstance(kind, types.Module) and kind.interface.field(name) is not None:
        return None  # a field of what a call gives, not of the module
    return _UNRESOLVED if is_open(kind) else None


def members(kind: Type) -> Mapping[str, Symbol]:
    """All that may follow the dot behind a value of a type, as far as it is known."""
    found: dict[str, Symbol] = {}
    for option in types.options(kind):
        for name, symbol in _members(option, None):
            if not name.startswith("__"):
                found.setdefault(name, symbol)
    return found


def is_open(kind: Type) -> bool:
    """Whether a value may have attributes that are not known."""
    match kind:
        case types.Prediction(interface=interface) | types.Fields(interface=interface):
            return interface.open
        case types.Record(interface=interface):
            return interface.open
        case types.Enum(open=is_open):
            return is_open
        case types.Instance(definition=definition):
            return not definition.complete or _answers_to_any_name(definition)
        case types.Class(definition=definition):
            return not definition.complete
        case types.Module(declared=types.ModuleClass(open=is_open)):
            return is_open
        case types.Module(definition=definition):
            return definition is None or not definition.complete
        case types.Dataset(definition=definition):
            return definition is None
        case types.Builtin(name=name):
            return builtins.class_name(kind) not in ("str", "int", "float") and name != "object"
        case types.List() | types.Set() | types.Dict() | types.Tuple() | types.Literals() | types.Nothing():
            return False
        case types.TypeForm(type=types.Enum(open=is_open)):
            return is_open
        case types.PythonModule():
            return False
        case _:
            return True


_OF_ERRORS: Mapping[str, Type] = {
    "args": types.Tuple((), types.ANY),
    "add_note": types.UNKNOWN,
    "with_traceback": types.UNKNOWN,
    "__cause__": types.UNKNOWN,
    "__context__": types.UNKNOWN,
    "__notes__": types.UNKNOWN,
}
"""What every exception of Python has."""


def _answers_to_any_name(definition: types.ClassDefinition) -> bool:
    """An `Example` has the fields of its row, whichever these are."""
    return any(definition.members.get(name) is not None for name in ("__getattr__", "__getattribute__"))


def _members(kind: Type, wanted: str | None) -> Iterator[tuple[str, Symbol]]:
    """Members by name; with `wanted`, those of other names may be left out."""
    match kind:
        case types.Prediction(interface=interface):
            yield from _fields(interface.fields, wanted, "output")
            yield from _of_class(catalog.definition("Prediction"), wanted)
        case types.Fields(interface=interface):
            yield from _fields(interface.fields, wanted)
            yield from _of_class(catalog.definition("Prediction"), wanted)
            yield from _of_class(catalog.definition("Example"), wanted)
        case types.Record():
            yield from _fields(kind.interface.fields, wanted)
            yield from _typed(kind.members if wanted is None else _only(kind.members, wanted))
            yield from ((name, Symbol(name, "member", types.UNKNOWN)) for name in _RECORD_METHODS)
        case types.Enum(members=values):
            held = types.Literals(lookup.member_values(values))
            yield "value", Symbol("value", "member", held)
            yield "name", Symbol("name", "member", types.STR)
            if lookup.classes(held.values) == {"str"}:
                yield from _typed(builtins.members(types.STR))
        case types.TypeForm(type=types.Enum(members=values, place=place) as enum):
            told = dict(enum.descriptions)
            if wanted is None:
                for name, _ in values:
                    yield name, Symbol(name, "member", enum, place, doc=told.get(name, ""))
            elif wanted in lookup.member_names(values):
                kind = enum.only((wanted,))
                yield wanted, Symbol(wanted, "member", kind, place, doc=told.get(wanted, ""))
        case types.TypeForm(type=types.Record(members=methods)):
            yield from _typed(methods if wanted is None else _only(methods, wanted))
        case types.TypeForm(type=inside) if wanted is not None and builtins.class_name(inside):
            found = builtins.member(inside, wanted)
            if isinstance(found, types.Function):
                # `str.upper`, which is called with the text.
                of = types.Parameter("self", inside, kind="positional-only")
                whole = replace(found, parameters=(of, *found.parameters))
                yield wanted, Symbol(wanted, "member", whole)
        case types.Module(definition=definition, declared=declared):
            if declared is not None:
                own = (*declared.attributes, "signature")
                yield from ((name, Symbol(name, "part", types.UNKNOWN)) for name in own)
            yield from _of_class(definition if declared is None else catalog.definition("Module"), wanted)
        case types.AnyModule():
            yield from _of_class(catalog.definition("Module"), wanted)
        case types.Dataset(definition=definition):
            yield from _of_class(definition, wanted)
        case types.Signature():
            yield from _of_class(catalog.definition("Signature"), wanted)
        case types.Instance(definition=definition) | types.Class(definition=definition):
            yield from _of_class(definition, wanted)
            if not ERROR_BASES.isdisjoint(definition.bases):
                yield from _typed(_OF_ERRORS if wanted is None else _only(_OF_ERRORS, wanted))
        case types.PythonModule(read=read, names=names):
            for name in (wanted,) if wanted is not None else names():
                found = read(name)
                if found is not None:
                    yield name, Symbol(name, "imported", found, getattr(found, "place", None))
        case _ if wanted is not None:
            found = builtins.member(kind, wanted)
            if found is not None:
                yield wanted, Symbol(wanted, "member", found)
        case _:
            yield from _typed(builtins.members(kind))


def _fields(
    fields: tuple[types.Field, ...], wanted: str | None, direction: str = ""
) -> Iterator[tuple[str, Symbol]]:
    for each in fields:
        if (wanted is None or each.name == wanted) and (not direction or each.direction == direction):
            yield each.name, Symbol(each.name, "field", _held(each), each.place, doc=each.description)


def _held(field: types.Field) -> Type:
    """What a field's value can be: of `where x in […]` only the choices, and None where it may be None."""
    if not field.choices:
        return field.type
    plain = [each for each in types.options(field.type) if not isinstance(each, types.Nothing)]
    if plain not in ([types.STR], [types.INT]):
        return field.type
    others = [each for each in types.options(field.type) if isinstance(each, types.Nothing)]
    return types.union(types.Literals(field.choices), *others)


def _typed(members: Mapping[str, Type]) -> Iterator[tuple[str, Symbol]]:
    for name, kind in members.items():
        yield name, Symbol(name, "member", kind)


def _only(members: Mapping[str, Type], name: str) -> Mapping[str, Type]:
    found = members.get(name)
    return {} if found is None else {name: found}


def _of_class(definition: types.ClassDefinition | None, wanted: str | None) -> Iterator[tuple[str, Symbol]]:
    if definition is None:
        return
    for name in (wanted,) if wanted is not None else tuple(definition.members):
        found = definition.members.get(name)
        if found is not None:
            yield (
                name,
                Symbol(name, "member", found, getattr(found, "place", None), doc=getattr(found, "doc", "")),
            )
