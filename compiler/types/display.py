"""How types are written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextvars import ContextVar

from . import model as types
from .model import Type
from .union import known


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
        case types.Iterable(item=types.Builtin(name="object")):
            return "Iterable"
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
        case types.Enum(name=name, whole=types.Enum(), members=members):
            return f"Literal[{', '.join(f'{name}.{member}' for member, _ in members)}]"
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
    return f"({display_parameters(function.parameters)}) -> {_display_result(function)}"


_in_result: ContextVar[bool] = ContextVar("in_result", default=False)
"""Whether the result of a function is being written that only its body tells."""


def _display_result(function: types.Function) -> str:
    """What a function returns; a function that its body returns may be itself, be it through others."""
    if function.read is None:
        return display(function.returns)
    if _in_result.get():
        return "Callable"
    token = _in_result.set(True)
    try:
        return display(function.returns)
    finally:
        _in_result.reset(token)


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
    annotation = f": {display(parameter.type)}" if known(parameter.type) else ""
    if not parameter.default or star:
        return f"{star}{parameter.name}{annotation}"
    return f"{parameter.name}{annotation}{' = ' if annotation else '='}{parameter.default}"


def display_value(value: types.Value) -> str:
    """A constant as Python writes it, strings in double quotes."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
