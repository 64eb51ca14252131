"""Types that the arguments of a call decide: what `T` is in `sorted(xs: Iterable[T]) -> list[T]`."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from .. import types
from ..types import Type
from ..types.assignable import iterated
from ..types.generic import has_variables

Solution = dict[str, Type]


def solve(parameter: Type, argument: Type, solution: Solution) -> None:
    """Add to the solution what an argument's type says about the variables in its parameter's type."""
    match parameter:
        case types.Variable(name=name):
            solution[name] = types.merged(solution[name], argument) if name in solution else argument
        case types.Iterable(item=item):
            inside = iterated(argument)
            solve(item, types.UNKNOWN if inside is None else inside, solution)
        case types.List(item=item):
            solve(item, argument.item if isinstance(argument, types.List) else types.UNKNOWN, solution)
        case types.Set(item=item):
            solve(item, argument.item if isinstance(argument, types.Set) else types.UNKNOWN, solution)
        case types.Dict(key=key, value=value):
            given = argument if isinstance(argument, types.Dict) else types.Dict(types.UNKNOWN, types.UNKNOWN)
            solve(key, given.key, solution)
            solve(value, given.value, solution)
        case types.Tuple(items=items):
            parts = argument.items if isinstance(argument, types.Tuple) else ()
            for index, item in enumerate(items):
                solve(item, parts[index] if index < len(parts) else types.UNKNOWN, solution)
        case types.Union(options=options):
            # `T | None` takes what is not None for `T`.
            fixed = [each for each in options if not has_variables(each)]
            left = [each for each in types.options(argument) if each not in fixed]
            for option in options:
                solve(option, types.union(*left) if left else argument, solution)
        case types.Callback(returns=returns, parameters=taken):
            with_these = tuple(substitute(each, solution) for each in taken or ())
            solve(returns, _result(argument, with_these), solution)
        case _:
            pass


def substitute(kind: Type, solution: Mapping[str, Type]) -> Type:
    """A type with its variables replaced; one that nothing decided becomes `Unknown`."""
    plain: object = kind.__class__
    if plain in _WITHOUT_PARTS:
        return kind
    match kind:
        case types.Variable(name=name):
            return solution.get(name, types.UNKNOWN)
        case types.List(item=item):
            return types.List(substitute(item, solution))
        case types.Set(item=item):
            return types.Set(substitute(item, solution))
        case types.Iterable(item=item):
            return types.Iterable(substitute(item, solution))
        case types.Dict(key=key, value=value):
            return types.Dict(substitute(key, solution), substitute(value, solution))
        case types.Tuple(items=items, rest=rest):
            inside = tuple(substitute(item, solution) for item in items)
            return types.Tuple(inside, None if rest is None else substitute(rest, solution))
        case types.Union(options=options):
            return types.merged(*(substitute(option, solution) for option in options))
        case types.Callback(role=role, returns=returns, parameters=taken):
            given = None if taken is None else tuple(substitute(each, solution) for each in taken)
            return types.Callback(role, substitute(returns, solution), given)
        case _:
            return kind


_WITHOUT_PARTS: frozenset[object] = frozenset(
    {
        types.Builtin,
        types.Literals,
        types.Unknown,
        types.Anything,
        types.Nothing,
        types.Record,
        types.Enum,
        types.Instance,
        types.Module,
        types.AnyModule,
        types.Signature,
        types.SignatureLike,
        types.Dataset,
        types.Prediction,
    }
)
"""Kinds of types that have no variables: most types of a program."""


def bound(function: types.Function, solution: Mapping[str, Type]) -> types.Function:
    """A method of a container with the container's own variables replaced; others stay for the call."""
    keep = {name: solution.get(name, types.Variable(name)) for name in ("T", "K", "V", "R", "N")}
    return replace(
        function,
        parameters=tuple(replace(each, type=substitute(each.type, keep)) for each in function.parameters),
        stated=substitute(function.stated, keep),
    )


def _result(function: Type, given: tuple[Type, ...]) -> Type:
    """What a function gives that is called with arguments of these types."""
    match function:
        case types.Function(returns=returns, parameters=parameters):
            inside: Solution = {}
            for parameter, kind in zip(parameters, given, strict=False):
                solve(parameter.type, kind, inside)
            return substitute(returns, inside)
        case types.Callback(returns=returns):
            return returns
        case types.Overloaded(options=ways):
            fitting = [each for each in ways if len(each.parameters) >= len(given)]
            return _result((fitting or ways)[0], given)
        case types.TypeForm(type=kind):
            return kind
        case types.Class(definition=definition):
            return types.Instance(definition)
        case _:
            return types.UNKNOWN
