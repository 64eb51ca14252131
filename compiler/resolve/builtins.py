"""The pure built-ins that an expression may use, and the methods of Python's own types.

Methods that change their object are no members: values are immutable (see the rule `mutation`).
"""

from __future__ import annotations

from collections.abc import Mapping

from .. import catalog, types
from ..types import Type
from ..types.generic import BUILTIN_CLASSES, generic
from .generics import bound

MUTATORS: Mapping[str, frozenset[str]] = {
    "list": frozenset(["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"]),
    "dict": frozenset(["clear", "pop", "popitem", "setdefault", "update"]),
    "set": frozenset(
        [
            "add",
            "clear",
            "difference_update",
            "discard",
            "intersection_update",
            "pop",
            "remove",
            "symmetric_difference_update",
            "update",
        ]
    ),
}
"""The methods that a class has in Python and not here, because they change their object."""

FORBIDDEN = frozenset(
    [
        "open",
        "eval",
        "exec",
        "input",
        "compile",
        "breakpoint",
        "exit",
        "quit",
        "help",
        "globals",
        "locals",
        "vars",
        "dir",
        "setattr",
        "delattr",
        "getattr",
        "hasattr",
        "__import__",
        "id",
        "iter",
        "next",
        "super",
        "property",
        "staticmethod",
        "classmethod",
        "memoryview",
        "bytearray",
        "callable",
    ]
)
"""Python's built-ins that the language leaves out."""


def builtin(name: str) -> Type | None:
    """The type, as a value, of a name that needs no declaration; None when it means nothing."""
    found = catalog.functions().get(name)
    if found is not None:
        return found
    if name in BUILTIN_CLASSES and name != "slice":
        return types.TypeForm(types.Builtin(name))
    if name in ("list", "dict", "set", "frozenset", "tuple", "Any"):
        kind = generic(name, None)
        return None if kind is None else types.TypeForm(kind)
    return None


def builtin_names() -> tuple[str, ...]:
    """All names that need no declaration."""
    classes = [name for name in sorted(BUILTIN_CLASSES) if name != "slice"]
    return (*catalog.functions(), *classes, "list", "dict", "set", "frozenset", "tuple", "Any", "Literal")


def constructor(kind: Type) -> Type | None:
    """What calling the name of one of Python's own types takes and gives; None when that is not known."""
    name = kind.name if isinstance(kind, types.Builtin) else class_name(kind)
    return catalog.constructors().get(name or "")


def members(kind: Type) -> Mapping[str, Type]:
    """The methods and attributes of one of Python's own types; nothing for other types."""
    found = catalog.methods().get(class_name(kind) or "", {})
    solution = _solution(kind)
    return {name: _bound(each, solution) for name, each in found.items()} if solution else found


def member(kind: Type, name: str) -> Type | None:
    """A method or attribute of one of Python's own types; None where it has none of this name."""
    found = catalog.methods().get(class_name(kind) or "", {}).get(name)
    solution = _solution(kind) if found is not None else None
    return _bound(found, solution) if found is not None and solution else found


def _solution(kind: Type) -> Mapping[str, Type]:
    """What the variables in the methods of a container stand for."""
    match kind:
        case types.List(item=item) | types.Set(item=item):
            return {"T": item}
        case types.Dict(key=key, value=value):
            return {"K": key, "V": value}
        case _:
            return {}


def class_name(kind: Type) -> str | None:
    """The name of the class of one of Python's own types; None for a type that is no class of Python's."""
    match kind:
        case types.Builtin(name=name):
            return "int" if name == "bool" else name
        case types.List():
            return "list"
        case types.Set():
            return "set"
        case types.Dict():
            return "dict"
        case types.Tuple():
            return "tuple"
        case types.Literals(values=values):
            classes = {type(value).__name__ for value in values}
            return "int" if classes == {"bool"} else classes.pop() if len(classes) == 1 else None
        case _:
            return None


def _bound(found: Type, solution: Mapping[str, Type]) -> Type:
    match found:
        case types.Function():
            return bound(found, solution)
        case types.Overloaded(options=ways):
            return types.Overloaded(tuple(bound(way, solution) for way in ways))
        case _:
            return found
