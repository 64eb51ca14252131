"""How types are made from their names."""

from __future__ import annotations

from collections.abc import Sequence

from . import model as types
from .model import Type
from .union import union

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
BUILTIN_NAMES = BUILTIN_CLASSES | {"list", "dict", "set", "frozenset", "tuple"}
"""What Python calls its types."""


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
        return union(first, types.NONE)
    if name == "Union":
        return union(*given) if given else types.ANY
    if name in ("Annotated", "Final", "ClassVar", "Required", "NotRequired", "ReadOnly"):
        return first
    if name in ("Callable", "Coroutine", "Awaitable"):
        return types.Callback("", types.ANY) if name == "Callable" else types.ANY
    return types.ANY if name == "Any" else None


def has_variables(kind: Type) -> bool:
    """Whether the arguments of a call decide about a part of a type."""
    match kind:
        case types.Variable():
            return True
        case types.List(item=item) | types.Set(item=item) | types.Iterable(item=item):
            return has_variables(item)
        case types.Dict(key=key, value=value):
            return has_variables(key) or has_variables(value)
        case types.Tuple(items=items, rest=rest):
            return any(map(has_variables, items)) or (rest is not None and has_variables(rest))
        case types.Union(options=options):
            return any(map(has_variables, options))
        case types.Callback(returns=returns, parameters=parameters):
            return has_variables(returns) or any(map(has_variables, parameters or ()))
        case _:
            return False


def hides_builtin(name: str, value: Type) -> bool:
    """Whether a type's name stands for a program or its data, which nobody means in an annotation."""
    programs = types.Signature | types.Module | types.ModuleClass | types.Dataset
    return name in BUILTIN_NAMES and isinstance(value, programs)


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
