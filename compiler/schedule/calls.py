"""Calls: which are waited for, and which are calls of a module's parts."""

from __future__ import annotations

from ...grammar import syntax
from ..program import CallKind
from ..trees import walk
from .view import View


def waiting_kind(view: View, node: syntax.Call) -> CallKind | None:
    """What a call runs when that has to be waited for; None for plain calls, and where nothing is awaited."""
    if not view.asynchronous:
        return None
    kind = view.call_kind(node)
    match kind.target:
        case "module" | "lm" | "python" | "print":
            return kind
        case "function":
            return kind if kind.awaits or kind.effects else None
        case "unknown":
            return kind if _from_outside(view, node.function) else None
        case _:
            return kind if kind.awaits else None


def is_part_call(view: View, node: syntax.Call) -> bool:
    """Whether a call is one of a part of the module: those are made again when an `assert` fails."""
    function = node.function
    while isinstance(function, syntax.Subscript | syntax.Attribute):
        function = function.value
    symbol = view.symbol(function) if isinstance(function, syntax.Name) else None
    if symbol is None or view.call_kind(node).target != "module":
        return False
    return symbol.kind == "part" or (symbol.kind == "local" and view.is_module)


def part_calls(view: View, node: syntax.Node) -> list[syntax.Call]:
    """The calls of parts in an expression or statement."""
    return [each for each in walk(node) if isinstance(each, syntax.Call) and is_part_call(view, each)]


def _from_outside(view: View, function: syntax.Expression) -> bool:
    """Whether an unknown function comes from Python: a name, or an attribute of something imported."""
    if isinstance(function, syntax.Name):
        return True
    while isinstance(function, syntax.Attribute | syntax.Subscript):
        function = function.value
    symbol = view.symbol(function) if isinstance(function, syntax.Name) else None
    return symbol is not None and symbol.kind in ("python", "imported", "unresolved", "constant", "parameter")
