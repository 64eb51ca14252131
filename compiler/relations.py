"""What fits where, and how a type is written."""

from __future__ import annotations

import json
from collections.abc import Sequence

from . import types
from .types import Type
from .types import plain as plain
from .types import widened as widened

_WIDER = {
    "bool": {"int", "float", "complex"},
    "int": {"float", "complex"},
    "float": {"complex"},
    "datetime": {"date"},
}
_SEQUENCES = {"list", "List", "MutableSequence"}
_ITERABLES = {
    "Sequence",
    "Iterable",
    "Iterator",
    "Collection",
    "Generator",
    "AsyncIterator",
    "AsyncIterable",
    "Reversible",
}
_SETS = {"set", "Set", "frozenset", "FrozenSet", "AbstractSet", "MutableSet"}
_MAPPINGS = {"dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "OrderedDict"}
BUILTIN_CLASSES = frozenset(
    [
        "str",
        "int",
        "float",
        "bool",
        "complex",
        "object",
        "bytes",
        "date",
        "datetime",
        "time",
        "timedelta",
        "Decimal",
        "Path",
        "UUID",
        "type",
        "range",
        "slice",
    ]
)
"""Classes without parameters that a type may name."""


# --- how types are made from their names ----------------------------------------------------------------


def generic(name: str, arguments: Sequence[Type] | None) -> Type | None:
    """The type that a generic name gives with these arguments (None: without brackets), or None."""
    given = tuple(arguments or ())
    first = given[0] if given else types.ANY
    if name in _SEQUENCES:
        return types.List(first)
    if name in _SETS:
        return types.Set(first)
    if name in _MAPPINGS:
        return types.Dict(first, given[1] if len(given) > 1 else types.ANY)
    if name in _ITERABLES:
        return types.Iterable(first)
    if name in ("tuple", "Tuple"):
        return types.Tuple(given) if arguments is not None else types.Tuple((), types.ANY)
    if name == "Optional":
        return types.union(first, types.NONE)
    if name == "Union":
        return types.union(*given) if given else types.ANY
    if name in ("Annotated", "Final", "ClassVar", "Required", "NotRequired", "ReadOnly"):
        return first
    if name in ("Callable", "Coroutine", "Awaitable"):
        return types.Callback("", types.ANY) if name == "Callable" else types.ANY
    return types.ANY if name == "Any" else None


# --- how types are written ------------------------------------------------------------------------------


def display(kind: Type) -> str:
    """A type as Python writes it."""
    match kind:
        case types.Unknown():
            return "Unknown"
        case types.Anything() | types.Never():
            return "Any"
        case types.Nothing():
            return "None"
        case types.Builtin(name=name) | types.Variable(name=name):
            return name
        case types.List(item=types.Never()):
            return "list"
        case types.Dict(key=types.Never()):
            return "dict"
        case types.List(item=item):
            return f"list[{display(item)}]"
        case types.Set(item=item):
            return f"set[{display(item)}]"
        case types.Iterable(item=item):
            return f"Iterable[{display(item)}]"
        case types.Dict(key=key, value=value):
            return f"dict[{display(key)}, {display(value)}]"
        case types.Tuple(items=items, rest=rest):
            inner = f"{display(rest)}, ..." if rest is not None else ", ".join(map(display, items)) or "()"
            return f"tuple[{inner}]"
        case types.Literals(values=values):
            return f"Literal[{', '.join(map(display_value, values))}]"
        case types.Union(options=options):
            named = [each for each in options if not isinstance(each, types.Nothing)]
            return " | ".join([*map(display, named), *(["None"] if len(named) < len(options) else [])])
        case types.Record(name=name) | types.Enum(name=name):
            return name
        case types.Signature(interface=interface) | types.Fields(interface=interface):
            return interface.name or "Signature"
        case types.Module(interface=interface, definition=definition, declared=declared):
            return (
                declared.name if declared else definition.name if definition else interface.name or "Module"
            )
        case types.ModuleClass(name=name):
            return f"type[{name}]"
        case types.Prediction(interface=interface):
            return (
                f"Prediction({', '.join(f'{each.name}: {display(each.type)}' for each in interface.outputs)})"
            )
        case types.Dataset():
            return "Dataset"
        case types.Function():
            return display_function(kind)
        case types.Overloaded(options=ways):
            return display(ways[0])
        case types.Callback(role=role):
            return role or "Callable"
        case types.SignatureLike():
            return "Signature | str"
        case types.AnyModule():
            return "Module"
        case types.Instance(definition=definition):
            return definition.name
        case types.TypeForm(type=inside):
            return f"type[{display(inside)}]"
        case types.Class(definition=definition):
            return f"type[{definition.name}]"
        case types.PythonModule(name=name):
            return f"module {name}"


def display_function(function: types.Function) -> str:
    """The parameters and the result of a function as Python writes them."""
    return f"({display_parameters(function.parameters)}) -> {display(function.returns)}"


def display_parameters(parameters: Sequence[types.Parameter]) -> str:
    """Parameters as Python writes them in a signature."""
    written: list[str] = []
    starred = False
    for each in parameters:
        if each.kind == "keyword-only" and not starred:
            written.append("*")
        starred = starred or each.kind in ("keyword-only", "*")
        written.append(display_parameter(each))
        if each.kind == "*":
            starred = True
    return ", ".join(written)


def display_parameter(parameter: types.Parameter) -> str:
    """One parameter as Python writes it."""
    star = parameter.kind if parameter.kind in ("*", "**") else ""
    annotation = f": {display(parameter.type)}" if types.known(parameter.type) else ""
    if not parameter.default or star:
        return f"{star}{parameter.name}{annotation}"
    return f"{parameter.name}{annotation}{' = ' if annotation else '='}{parameter.default}"


def display_value(value: types.Value) -> str:
    """A constant as Python writes it, strings in double quotes."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


# --- what fits where ------------------------------------------------------------------------------------


def assignable(source: Type, target: Type) -> bool:
    """Whether a value of one type may stand where another is asked for.

    Values are immutable, so containers are covariant. Of a union, one option that fits is enough: what an
    `if` has ruled out is not known here, and a false alarm is worse than a late error.
    """
    if isinstance(source, types.Unknown | types.Anything | types.Never) or source is target:
        return True
    if isinstance(source, types.Union):
        return any(assignable(each, target) for each in source.options)
    match target:
        case (
            types.Unknown()
            | types.Anything()
            | types.Never()
            | types.Variable()
            | types.Builtin(name="object")
        ):
            return True
        case types.Union(options=options):
            if isinstance(source, types.Literals):
                return all(
                    any(assignable(types.Literals((value,)), each) for each in options)
                    for value in source.values
                )
            return any(assignable(source, each) for each in options)
        case types.Nothing():
            return isinstance(source, types.Nothing) or source == types.Literals((None,))
        case types.Literals(values=values):
            wanted = {(type(value), value) for value in values}
            return isinstance(source, types.Literals) and all((type(v), v) in wanted for v in source.values)
        case types.Builtin(name=name):
            return _fits_builtin(source, name)
        case types.List(item=item):
            return (isinstance(source, types.List) and assignable(source.item, item)) or _is_open_iterable(
                source
            )
        case types.Set(item=item):
            return isinstance(source, types.Set) and assignable(source.item, item)
        case types.Dict(key=key, value=value):
            return (
                isinstance(source, types.Dict)
                and assignable(source.key, key)
                and assignable(source.value, value)
            )
        case types.Tuple():
            return isinstance(source, types.Tuple) and _fits_tuple(source, target)
        case types.Iterable(item=item):
            inside = iterated(source)
            return inside is not None and assignable(inside, item)
        case types.Record():
            return source == target or (isinstance(source, types.Dict) and assignable(source.key, types.STR))
        case types.Enum(members=members, open=is_open):
            values = tuple(value for _, value in members)
            return source == target or is_open or assignable(source, types.Literals(values))
        case types.Callback():
            return _callable(source)
        case types.SignatureLike():
            return isinstance(source, types.Signature | types.SignatureLike) or assignable(source, types.STR)
        case types.AnyModule():
            return isinstance(source, types.Module | types.AnyModule) or _instance_of(source, "Module")
        case types.Instance(definition=definition):
            return _fits_instance(source, definition)
        case types.Dataset():
            return isinstance(source, types.Dataset | types.List | types.Tuple) or _is_open_iterable(source)
        case types.Signature() | types.TypeForm() | types.Class():
            return isinstance(source, types.Signature | types.TypeForm | types.Class)
        case types.Module():
            return isinstance(source, types.Module | types.AnyModule)
        case types.Prediction() | types.Fields():
            return isinstance(source, types.Prediction | types.Fields | types.Dataset | types.Instance)
        case types.ModuleClass() | types.Function() | types.Overloaded() | types.PythonModule():
            return True


def _fits_builtin(source: Type, name: str) -> bool:
    if isinstance(source, types.Builtin):
        return source.name == name or name in _WIDER.get(source.name, ())
    if isinstance(source, types.Literals):
        classes = {type(value).__name__ for value in source.values}
        return all(each == name or name in _WIDER.get(each, ()) for each in classes)
    if isinstance(source, types.Enum):
        return (
            bool(source.members)
            and all(isinstance(value, str) for _, value in source.members)
            and name == "str"
        )
    if name == "type":
        return isinstance(source, types.TypeForm | types.Class | types.Signature | types.ModuleClass)
    return isinstance(source, types.Instance) and source.definition.is_a(name)


def _fits_tuple(source: types.Tuple, target: types.Tuple) -> bool:
    if target.rest is not None:
        inside = iterated(source)
        return inside is None or assignable(inside, target.rest)
    if source.rest is not None:
        return all(assignable(source.rest, each) for each in target.items)
    return len(source.items) == len(target.items) and all(map(assignable, source.items, target.items))


def _fits_instance(source: Type, wanted: types.ClassDefinition) -> bool:
    match source:
        case types.Instance(definition=given):
            return given.is_a(wanted.name) or not given.complete
        case types.Module(definition=given):
            return given is None or given.is_a(wanted.name) or wanted.is_a("Module")
        case types.Prediction() | types.Fields():
            return wanted.name in ("Prediction", "Example")
        case types.Dataset():
            return wanted.name == "Dataset"
        case types.Dict():
            return True  # pydantic makes a model from a dictionary
        case types.Record():
            return not wanted.complete
        case _:
            return False


def _instance_of(source: Type, base: str) -> bool:
    return isinstance(source, types.Instance) and (
        source.definition.is_a(base) or not source.definition.complete
    )


def _is_open_iterable(source: Type) -> bool:
    """Whether a value of some class may be a list, as far as is known."""
    return isinstance(source, types.Instance) and (
        not source.definition.complete or source.definition.is_a("Sequence")
    )


def _callable(source: Type) -> bool:
    match source:
        case types.Function() | types.Overloaded() | types.Callback() | types.Module() | types.Class():
            return True
        case types.TypeForm() | types.ModuleClass():
            return True
        case types.Instance(definition=definition):
            return "__call__" in definition.members or not definition.complete
        case _:
            return False


def iterated(kind: Type) -> Type | None:
    """What a `for` over a value gives; Unknown when that cannot be told, None when there is nothing in it."""
    match kind:
        case types.Unknown() | types.Anything() | types.Never():
            return types.UNKNOWN
        case types.List(item=item) | types.Set(item=item) | types.Iterable(item=item):
            return item
        case types.Dict(key=key):
            return key
        case types.Tuple(items=items, rest=rest):
            return rest if rest is not None else types.union(*items) if items else types.NEVER
        case types.Builtin(name="str"):
            return types.STR
        case types.Builtin(name="range" | "bytes"):
            return types.INT
        case types.Literals(values=values):
            return types.STR if all(isinstance(value, str) for value in values) else None
        case types.Union(options=options):
            found = [each for each in map(iterated, options) if each is not None]
            return types.union(*found) if found else None
        case types.Dataset(columns=columns):
            return types.Fields(columns)
        case types.TypeForm(type=types.Enum() as enum):
            return enum
        case types.Builtin() | types.Nothing() | types.Module() | types.Function() | types.Enum():
            return None
        case types.Signature() | types.ModuleClass():
            return None
        case types.Class(definition=definition) if definition.complete and not definition.is_a("Enum"):
            return None
        case _:
            return types.UNKNOWN


def named(value: Type) -> Type | None:
    """The type that a name stands for in an annotation, from its type as a value; None when it is no type."""
    match value:
        case types.TypeForm(type=inside):
            return inside
        case types.Class(definition=definition):
            return types.AnyModule() if definition.name == "Module" else types.Instance(definition)
        case types.Signature(interface=interface) | types.Module(interface=interface):
            return types.Fields(interface)
        case types.ModuleClass():
            return types.Fields(value.interface)
        case types.Dataset(columns=columns):
            return types.Fields(columns)
        case types.Unknown() | types.Anything() | types.Nothing():
            return value
        case types.Callback() | types.SignatureLike() | types.AnyModule():
            return value
        case _:
            return None
