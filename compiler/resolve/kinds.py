"""What running a call means: a model call, a function, Python; whether it waits, whether it has effects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
_PRINT = CallKind("print", awaits=False, effects=True, only_prints=True)
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
    callee = item.binding_of(call).callee
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
        case "builtin" if function.name == "print":
            return _PRINT
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

    Functions that reach each other do the same; they are found as strongly connected components, each after
    those that it calls (Tarjan, "Depth-first search and linear graph algorithms", 1972).

    Args:
        function: the `def`.
        body: the item of a `def` and its file; None for one that is not there.
        known: what has been found out before; added to.
    """
    if function not in known and body(function) is None:
        return UNKNOWN_CALL
    order: dict[Declared, int] = {}
    lowest: dict[Declared, int] = {}
    component: list[Declared] = []
    bodies: dict[Declared, _Body] = {}
    waiting: list[tuple[Declared, Iterator[Declared]]] = []

    def enter(each: Declared) -> None:
        found = body(each)
        bodies[each] = own = _of_body(*found) if found is not None else _NOTHING_KNOWN
        order[each] = lowest[each] = len(order)
        component.append(each)
        waiting.append((each, iter(own.functions)))

    if function not in known:
        enter(function)
    while waiting:
        each, callees = waiting[-1]
        callee = next(callees, None)
        if callee is None:
            waiting.pop()
            if waiting:
                lowest[waiting[-1][0]] = min(lowest[waiting[-1][0]], lowest[each])
            if lowest[each] == order[each]:
                _note(_taken(component, each), bodies, known)
        elif callee in known:
            continue
        elif callee in order:
            lowest[each] = min(lowest[each], order[callee])
        else:
            enter(callee)
    return known[function]


def _taken(stack: list[Declared], first: Declared) -> list[Declared]:
    """Take what stands on a stack from `first` on."""
    members = [stack.pop()]
    while members[-1] != first:
        members.append(stack.pop())
    return members


def _note(
    members: Sequence[Declared], bodies: Mapping[Declared, _Body], known: dict[Declared, CallKind]
) -> None:
    """What functions that reach each other run: what each does itself, and what those do that they call."""
    called = [known[each] for member in members for each in bodies[member].functions if each in known]
    found: list[_Body | CallKind] = [*(bodies[each] for each in members), *called]
    effects = [each for each in found if each.effects]
    kind = CallKind(
        "function",
        any(each.awaits for each in found),
        bool(effects),
        bool(effects) and all(each.only_prints for each in effects),
    )
    known.update(dict.fromkeys(members, kind))


class _Body(Struct, frozen=True):
    """What the calls in a function do by themselves, and which functions it calls."""

    awaits: bool
    effects: bool
    only_prints: bool
    functions: tuple[Declared, ...]


_NOTHING_KNOWN = _Body(awaits=False, effects=True, only_prints=False, functions=())


def _of_body(scope: FileScope, item: Item) -> _Body:
    """What a function does, remembered with its item."""
    found: _Body | None = item.memory.get(_of_body)
    if found is None:
        kinds = [_direct(scope, item, call) for call in item.nodes(syntax.Call)]
        direct = [each for each in kinds if isinstance(each, CallKind)]
        called = tuple(dict.fromkeys(each for each in kinds if isinstance(each, tuple)))
        found = _Body(
            any(each.awaits for each in direct),
            any(each.effects for each in direct),
            all(each.only_prints for each in direct if each.effects),
            called,
        )
        item.memory[_of_body] = found
    return found
