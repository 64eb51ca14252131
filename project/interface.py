"""What a declared program takes and gives: names from the checker, Python's types from the loaded file."""

from __future__ import annotations

import datetime
import decimal
import pathlib
import sys
import uuid
from inspect import signature
from typing import TYPE_CHECKING, Any, Literal, Union, get_type_hints

from ..base.modules import file_of
from ..compiler import types
from ..compiler.types.display import display
from ..runtime.types.annotations import type_name
from .inputs import OTHERS, Input

if TYPE_CHECKING:
    from ..runtime.modules.base import Module
    from .programs import Loaded

_CLASSES: dict[str, Any] = {
    **{kind.__name__: kind for kind in (str, int, float, bool, complex, bytes)},
    **{kind.__name__: kind for kind in (datetime.date, datetime.datetime, datetime.time, datetime.timedelta)},
    "Decimal": decimal.Decimal,
    "Path": pathlib.Path,
    "UUID": uuid.UUID,
}


def inputs_of(loaded: Loaded, name: str) -> list[Input]:
    """What a program or module of the file takes."""
    interface = loaded.analysis.program.interface(name)
    if interface.open and not interface.fields:
        return _inputs_of_python(loaded.names[name])
    known = _annotations_of(loaded.names[name])
    return [
        Input(
            one.name,
            known[one.name] if one.name in known else python_type(one.type, loaded),
            display(one.type),
            one.required,
        )
        for one in interface.inputs
    ]


def _annotations_of(module: Any) -> dict[str, Any]:
    """The types of a program's inputs, where it has a signature of its own."""
    inner = getattr(module, "module", None)
    signature = getattr(module, "signature", None) or getattr(inner, "signature", None)
    fields = getattr(signature, "input_fields", None)
    return {name: field.annotation for name, field in fields.items()} if isinstance(fields, dict) else {}


def _inputs_of_python(module: Module) -> list[Input]:
    """What a module written in Python takes: the parameters of its `forward`."""
    own = type(module)
    function = own.aforward if "aforward" in vars(own) and "forward" not in vars(own) else own.forward
    try:
        hints = get_type_hints(function)
    except Exception:  # noqa: BLE001 - annotations of a user's; without them any value will do
        hints = {}
    parameters = list(signature(function).parameters.values())[1:]
    return [
        Input(
            OTHERS if one.kind is one.VAR_KEYWORD else one.name,
            kind := hints.get(one.name, Any),
            type_name(kind),
            one.default is one.empty and one.kind is not one.VAR_KEYWORD,
        )
        for one in parameters
        if one.kind is not one.VAR_POSITIONAL
    ]


def outputs_of(loaded: Loaded, name: str) -> list[str]:
    """The names of what a program or module of the file gives."""
    return [one.name for one in loaded.analysis.program.interface(name).outputs]


def python_type(kind: types.Type, loaded: Loaded) -> Any:
    """The Python type of a type of the language; `Any` for what a text could not be read as."""

    def inner(kind: types.Type) -> Any:
        return python_type(kind, loaded)

    match kind:
        case types.Nothing():
            return type(None)
        case types.Builtin(name=name):
            return _CLASSES.get(name, Any)
        case types.List(item=item) | types.Iterable(item=item):
            return list[inner(item)]  # type: ignore[misc]
        case types.Set(item=item):
            return set[inner(item)]  # type: ignore[misc]
        case types.Dict(key=key, value=value):
            return dict[inner(key), inner(value)]  # type: ignore[misc]
        case types.Tuple(items=items, rest=rest):
            return tuple[(inner(rest), ...)] if rest is not None else tuple[tuple(map(inner, items))]  # type: ignore[misc]
        case types.Literals(values=values):
            return Literal[values]
        case types.Union(options=options):
            return Union[tuple(map(inner, options))]  # noqa: UP007 - the options are known only here
        case types.Record(name=name, path=path) | types.Enum(name=name, path=path):
            return _declared(name, path, loaded)
        case _:
            return Any


def _declared(name: str, path: str, loaded: Loaded) -> Any:
    """The class of a record or enumeration, in the loaded module whose file the checker found it in."""
    for module in list(sys.modules.values()):
        if file_of(module) == path and hasattr(module, name):
            return getattr(module, name)
    return loaded.names.get(name, Any)
