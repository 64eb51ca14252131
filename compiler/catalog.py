"""What the runtime offers, read off its own classes: the only place where the compiler knows the runtime.

Nothing is declared twice: a class's fields are its constructor's parameters, `Annotated[int, Ge(1)]` holds their
limits, the text under a field documents it, and an `Interface` says which fields a module's calls have. Each name
is looked at when it is first asked for, so that a check pays for what its file uses.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from textwrap import dedent
from types import ModuleType
from typing import Any

from . import types
from .python import Lookup, limits, parse_annotation
from .types import Type

_ROLES: Mapping[str, Type] = {
    "Metric": types.Callback("metric", types.ANY),
    "Reward": types.Callback("reward", types.FLOAT),
    "ToolFunction": types.Callback("tool", types.ANY),
    "SignatureLike": types.SignatureLike(),
    "Examples": types.Dataset(types.OPEN),
    "Predictions": types.List(types.ANY),
}
"""The names by which the runtime's annotations say what a parameter takes; see `runtime/interface.py`."""


@cache
def names() -> tuple[str, ...]:
    """The runtime's public names."""
    return tuple(getattr(_runtime(), "__all__", ()))


@cache
def lookup(name: str) -> Type | None:
    """The type, as a value, of one of the runtime's public names; None when it has no such name."""
    if name not in _public():
        return None
    return _value(name, getattr(_runtime(), name))


def definition(name: str) -> types.ClassDefinition | None:
    """One of the runtime's public classes."""
    found = lookup(name)
    return found.definition if isinstance(found, types.Class) else None


@cache
def settings() -> tuple[types.Parameter, ...]:
    """The parameters of `LM` that every module takes too, for its parts."""
    cls = _runtime().LM
    marked = {name for name, text in _annotations(cls).items() if "Setting(" in text}
    return tuple(
        types.Parameter(each.name, each.type, False, each.default, "keyword-only", each.limits)
        for each in _class(cls).parameters or ()
        if each.name in marked
    )


@cache
def call_settings() -> tuple[types.Parameter, ...]:
    """The named arguments of a module's call that are no inputs: `lm`, `config` …"""
    parameters = _function("__call__", _runtime().Module.__call__).parameters
    return tuple(each for each in parameters if each.kind == "keyword-only")


# --- classes and functions ------------------------------------------------------------------------------


def _runtime() -> ModuleType:
    return import_module("..runtime", __package__)


@cache
def _public() -> frozenset[str]:
    return frozenset(names())


def _value(name: str, value: Any) -> Type:
    if isinstance(value, type):
        return types.Class(_class(value))
    if inspect.isroutine(value):
        return _function(name, value)
    if name in _ROLES:
        return types.TypeForm(_ROLES[name])
    return types.UNKNOWN


@cache
def _class(cls: type) -> types.ClassDefinition:
    shape = getattr(cls, "interface", None)
    return types.ClassDefinition(
        cls.__name__,
        cls.__module__,
        tuple(base.__name__ for base in cls.__mro__ if base is not object),
        lambda: _parameters(cls),
        lambda: _Members(cls),
        lambda: inspect.cleandoc(cls.__doc__ or ""),
        lambda: _place(cls),
        lambda: dict(_parameter_docs(cls)),
        shape=_shape(shape, cls.__module__) if hasattr(shape, "of") else None,
    )


def _shape(interface: Any, module: str) -> types.InterfaceShape:
    lookup = _lookup_in(module)
    return types.InterfaceShape(
        interface.of,
        tuple(
            types.Field(name, parse_annotation(_text(kind), lookup), "input", required=False)
            for name, kind in interface.inputs.items()
        ),
        tuple(
            types.Field(name, parse_annotation(_text(kind), lookup), "output")
            for name, kind in interface.outputs.items()
        ),
    )


def _parameters(cls: type) -> tuple[types.Parameter, ...] | None:
    try:
        signature = inspect.signature(cls)
    except (ValueError, TypeError):
        return None
    found = _signature(signature, cls.__module__)
    if any(base.__name__ == "Module" for base in cls.__mro__):
        own = {each.name for each in found}
        found = tuple(each for each in found if each.kind != "**")
        found += tuple(each for each in settings() if each.name not in own)
    return found


def _function(name: str, function: Callable[..., Any], skip: int = 0) -> types.Function:
    module = getattr(function, "__module__", "")
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        return types.Function(name, (), types.UNKNOWN, origin="runtime", untyped=True)
    parameters = [each for each in _signature(signature, module) if each.name != "self"]
    return types.Function(
        name,
        tuple(parameters[skip:]),
        parse_annotation(_text(signature.return_annotation), _lookup_in(module)),
        inspect.cleandoc(function.__doc__ or ""),
        origin="runtime",
        is_async=inspect.iscoroutinefunction(function),
        pure=True,
    )


def _signature(signature: inspect.Signature, module: str) -> tuple[types.Parameter, ...]:
    lookup = _lookup_in(module)
    return tuple(_parameter(each, lookup) for each in signature.parameters.values())


def _parameter(parameter: inspect.Parameter, lookup: Lookup) -> types.Parameter:
    text = _text(parameter.annotation)
    required = parameter.default is inspect.Parameter.empty
    return types.Parameter(
        parameter.name,
        parse_annotation(text, lookup),
        required and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD),
        "" if required else _default(parameter.default),
        _KINDS[parameter.kind],
        limits(ast.parse(text, mode="eval").body) if "(" in text else types.Limits(),
    )


_KINDS: Mapping[Any, Any] = {
    inspect.Parameter.POSITIONAL_ONLY: "positional-only",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "",
    inspect.Parameter.KEYWORD_ONLY: "keyword-only",
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
}


class _Members(Mapping[str, Type]):
    """The public attributes and methods of a class, each read when it is asked for."""

    def __init__(self, cls: type) -> None:
        self._cls = cls
        self._found: dict[str, Type] = {}
        self._annotations = _annotations(cls)
        methods = (name for name in dir(cls) if name[0] != "_" or name == "__call__")
        self._names = dict.fromkeys([*(name for name in self._annotations if name[0] != "_"), *methods])

    def __getitem__(self, name: str) -> Type:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._found:
            self._found[name] = self._read(name)
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _read(self, name: str) -> Type:
        value = inspect.getattr_static(self._cls, name, None)
        if isinstance(value, property):
            returns = getattr(value.fget, "__annotations__", {}).get("return", "")
            return parse_annotation(_text(returns), _lookup_in(self._cls.__module__))
        if inspect.isfunction(value):
            return _function(name, value)
        if isinstance(value, classmethod | staticmethod):
            return _function(name, value.__func__, skip=isinstance(value, classmethod))
        if name in self._annotations:
            return parse_annotation(self._annotations[name], _lookup_in(self._cls.__module__))
        return types.UNKNOWN


# --- annotations ----------------------------------------------------------------------------------------


def _annotations(cls: type) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        found.update({name: _text(each) for name, each in base.__dict__.get("__annotations__", {}).items()})
    return found


def _text(annotation: Any) -> str:
    """An annotation as Python writes it; `""` for none."""
    if annotation is inspect.Signature.empty:
        return ""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _default(value: Any) -> str:
    text = repr(value)
    return "..." if text.startswith("<") else text


@cache
def _lookup_in(module: str) -> Lookup:
    namespace = vars(sys.modules[module]) if module in sys.modules else {}

    def find(name: str) -> Type | None:
        if name in _ROLES:
            return types.TypeForm(_ROLES[name])
        if name in _public():
            return lookup(name)
        value = namespace.get(name)
        if isinstance(value, type) and value.__module__.startswith(_runtime().__name__):
            return types.Class(_class(value))
        if value is not None and getattr(value, "__module__", "") == "typing" and "[" in repr(value):
            return types.TypeForm(parse_annotation(_text(value), find))
        return None

    return find


# --- documentation, read from the source ----------------------------------------------------------------


def _parameter_docs(cls: type) -> Iterator[tuple[str, str]]:
    """The string under each annotated field of a class and its bases."""
    for base in reversed(cls.__mro__):
        if not base.__module__.startswith(_runtime().__name__):
            continue
        try:
            body = ast.parse(dedent(inspect.getsource(base))).body
        except (OSError, TypeError, SyntaxError):
            continue
        statements = body[0].body if body and isinstance(body[0], ast.ClassDef) else []
        for field, under in zip(statements, statements[1:], strict=False):
            match field, under:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    yield name, inspect.cleandoc(text)


def _place(cls: type) -> types.Place | None:
    try:
        path = inspect.getsourcefile(cls)
        line = inspect.getsourcelines(cls)[1]
    except (OSError, TypeError):
        return None
    return types.Place(path, line=max(0, line - 1)) if path else None
