"""What holds where several ways through a body meet."""

from __future__ import annotations

from collections.abc import Sequence

from .. import types
from ..facts import Symbol
from ..types import Type
from .context import Flow, Names
from .narrowing import Narrowed, joined


def meet(ends: Sequence[Flow | None]) -> Flow | None:
    """What holds behind branches; None where the end of none of them is reached.

    A name that is bound in several branches has the types of all of them.
    """
    reached = [each for each in ends if each is not None]
    if not reached:
        return None
    first = reached[0]
    if len(reached) == 1:
        return first
    narrowed = _less(joined([each.narrowed for each in reached]), first.names)
    others = [each for each in reached if each.names is not first.names]
    if not others:
        return first if narrowed is first.narrowed else Flow(first.names, narrowed)
    names: Names = dict(first.names)
    several: dict[str, list[Type]] = {}
    for flow in others:
        for name, symbol in flow.names.items():
            before = names.get(name)
            if before is symbol:
                continue
            if before is None:
                names[name] = symbol
            elif name not in several:
                several[name] = [_type_in(each, name) for each in reached if name in each.names]
    if not several:
        return Flow(names, narrowed)
    for name, kinds in several.items():
        kind = types.joined(kinds)
        if kind is not names[name].type:
            names[name] = _of_type(names[name], kind)
    return Flow(names, {path: kind for path, kind in narrowed.items() if path not in several})


def _less(narrowed: Narrowed, names: Names) -> Narrowed:
    """What is known without names of which all that was declared is left."""
    if not narrowed:
        return narrowed
    full = [path for path, kind in narrowed.items() if path in names and _is_all(kind, names[path].type)]
    return {path: kind for path, kind in narrowed.items() if path not in full} if full else narrowed


def _is_all(left: Type, kind: Type) -> bool:
    if isinstance(left, types.Union) and isinstance(kind, types.Union):
        return {*left.options} == {*kind.options}
    return left == kind


def _type_in(flow: Flow, name: str) -> Type:
    left = flow.narrowed.get(name)
    return flow.names[name].type if left is None else left


def _of_type(symbol: Symbol, kind: Type) -> Symbol:
    return Symbol(symbol.name, symbol.kind, kind, symbol.place, symbol.item, symbol.node, symbol.doc)
