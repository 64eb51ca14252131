"""What running a call means: a model call, a function, Python; whether it waits, whether it has effects."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from ...grammar import syntax
from .. import types
from ..facts import UNKNOWN_CALL, CallKind
from ..program import Item
from .scope import FileScope

Declared: TypeAlias = tuple[str, str]
"""A `def`: the path of its file and its name."""

_MODULE = CallKind("module", awaits=True, effects=False)
_LM = CallKind("lm", awaits=True, effects=False)
_BUILTIN = CallKind("builtin", awaits=False, effects=False)
_CONSTRUCTOR = CallKind("constructor", awaits=False, effects=False)
_LISTED = CallKind("python", awaits=False, effects=False)
_OBJECT = CallKind("python", awaits=False, effects=True)


def call_kind(
    scope: FileScope, item: Item, call: syntax.Call, function_kind: Callable[[Declared], CallKind]
) -> CallKind:
    """What a call runs; `function_kind` says it of a `def`."""
    found = _direct(scope, item, call)
    return function_kind(found) if isinstance(found, tuple) else found


def _direct(scope: FileScope, item: Item, call: syntax.Call) -> CallKind | Declared:
    """What a call runs, or the `def` that it calls."""
    binding = item.binding_of(call)
    callee = binding.callee if binding is not None else types.UNKNOWN
    match callee:
        case types.Module() | types.AnyModule():
            return _MODULE
        case types.Union(options=options) if all(isinstance(each, types.Module) for each in options):
            return _MODULE
        case types.Function(origin="python", is_async=waits) if _is_listed(scope, call.function):
            return CallKind("python", waits, effects=False)
        case types.Function():
            return of_function(scope, callee)
        case types.Overloaded():
            return _BUILTIN
        case types.Instance(definition=definition) if definition.is_a("BaseLM") or definition.is_a("LM"):
            return _LM
        case types.Instance():
            return _OBJECT
        case types.TypeForm(type=types.Record() | types.Enum()) | types.Class() | types.ModuleClass():
            return _CONSTRUCTOR
        case types.TypeForm():
            return _BUILTIN
        case _ if _is_listed(scope, call.function):
            return _LISTED
        case _:
            return UNKNOWN_CALL


def of_function(scope: FileScope, function: types.Function) -> CallKind | Declared:
    """What calling a function runs, by its type, or the `def` that it is."""
    match function.origin:
        case "python":
            return CallKind("python", function.is_async, effects=not (function.is_async or function.pure))
        case "builtin" | "runtime":
            return CallKind("builtin", awaits=function.is_async, effects=False)
        case "declared":
            return (function.place.path if function.place else scope.path, function.name)


def _is_listed(scope: FileScope, function: syntax.Expression) -> bool:
    """Whether the project's settings list an imported Python function as pure."""
    pure = scope.workspace.pure
    return bool(pure) and _imported_name(scope, function) in pure


def _imported_name(scope: FileScope, function: syntax.Expression) -> str:
    """The full name of what is called, `tools.search` for `search`; `""` where it is not imported."""
    if isinstance(function, syntax.Attribute):
        before = _imported_name(scope, function.value)
        return f"{before}.{function.name.text}" if before else ""
    return scope.imported_name(function.text) if isinstance(function, syntax.Name) else ""


Body: TypeAlias = Callable[[Declared], tuple[FileScope, Item] | None]


def function_kind(function: Declared, body: Body, known: dict[Declared, CallKind]) -> CallKind:
    """What calling a `def` runs: all that the functions do which it reaches.

    Args:
        function: the `def`.
        body: the item of a `def` and its file; None for one that is not there.
        known: what has been found out before; added to.
    """
    if function in known:
        return known[function]
    if body(function) is None:
        return UNKNOWN_CALL
    awaits = effects = False
    reached = {function: None}
    waiting = [function]
    while waiting:
        found = body(waiting.pop())
        own = _of_body(*found) if found is not None else _NOTHING_KNOWN
        awaits, effects = awaits or own.awaits, effects or own.effects
        for each in own.functions:
            kind = known.get(each)
            if kind is not None:
                awaits, effects = awaits or kind.awaits, effects or kind.effects
            elif each not in reached:
                reached[each] = None
                waiting.append(each)
    known[function] = CallKind("function", awaits, effects)
    return known[function]


class _Body(Struct, frozen=True):
    """What the calls in a function do by themselves, and which functions it calls."""

    awaits: bool
    effects: bool
    functions: tuple[Declared, ...]


_NOTHING_KNOWN = _Body(awaits=False, effects=True, functions=())


def _of_body(scope: FileScope, item: Item) -> _Body:
    """What a function does, remembered with its item."""
    found: _Body | None = item.memory.get(_of_body)
    if found is None:
        kinds = [_direct(scope, item, call) for call in item.nodes(syntax.Call)]
        direct = [each for each in kinds if isinstance(each, CallKind)]
        called = tuple(dict.fromkeys(each for each in kinds if isinstance(each, tuple)))
        found = _Body(any(each.awaits for each in direct), any(each.effects for each in direct), called)
        item.memory[_of_body] = found
    return found
