"""The inputs of a declared program: names and types from the checker, Python's types from the loaded file."""

from __future__ import annotations

import datetime
import decimal
import pathlib
import sys
import uuid
from typing import TYPE_CHECKING, Any, Literal, Union

from ..compiler import types
from ..compiler.relations import display
from .values import Input

if TYPE_CHECKING:
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
    fields = loaded.analysis.program.interface(name).inputs
    return [Input(one.name, python_type(one.type, loaded), display(one.type), one.required) for one in fields]


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
        if getattr(module, "__file__", None) == path and hasattr(module, name):
            return getattr(module, name)
    return loaded.names.get(name, Any)
