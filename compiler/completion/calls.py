"""The call whose arguments a cursor is among: what it takes, what it has been given, what comes next."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ...grammar import syntax
from .. import types
from ..program import UNBOUND, Binding, Item


class ActiveCall(Struct, frozen=True):
    """A call with the cursor among its arguments."""

    item: Item
    node: syntax.Call | syntax.ConfigureDeclaration
    callee: types.Type
    parameters: tuple[types.Parameter, ...] | None
    """What it takes; None when that cannot be known."""
    argument: syntax.Argument | None
    """The argument that the cursor is in; None behind one."""
    active: types.Parameter | None
    """The parameter that this argument is."""
    given: frozenset[str]
    """The parameters that have another argument."""
    takes_position: bool
    """Whether an argument at the cursor may be one without a name."""

    def one_before(self) -> ActiveCall:
        """The same with the cursor in the argument before."""
        arguments = self.node.arguments
        at = next((index for index, each in enumerate(arguments) if each is self.argument), 0)
        return call_with(self.item, self.node, arguments[at - 1] if at > 0 else None)

    @property
    def missing(self) -> tuple[types.Parameter, ...]:
        """The parameters without an argument that may be given by name."""
        return tuple(
            each
            for each in self.parameters or ()
            if each.kind in ("", "keyword-only") and each.name not in self.given
        )


def active_call(item: Item, path: Sequence[syntax.Node]) -> ActiveCall | None:
    """The innermost call around a node that is among its arguments."""
    for above, below in zip(reversed(path[:-1]), reversed(path), strict=False):
        if isinstance(above, syntax.Call | syntax.ConfigureDeclaration) and isinstance(
            below, syntax.Argument
        ):
            return call_with(item, above, below)
    return None


def call_with(
    item: Item, node: syntax.Call | syntax.ConfigureDeclaration, argument: syntax.Argument | None
) -> ActiveCall:
    """A call with the cursor in one of its arguments, or behind one."""
    binding = item.binding_of(node)
    callee = item.type_of(node.function) if isinstance(node, syntax.Call) else types.UNKNOWN
    if binding is UNBOUND:
        return ActiveCall(item, node, callee, None, argument, None, _named(node, argument), True)
    if types.known(binding.callee):
        callee = binding.callee
    others = {parameter.name for given, parameter in binding.matched if given is not argument}
    active = next((parameter for given, parameter in binding.matched if given is argument), None)
    return ActiveCall(
        item,
        node,
        callee,
        _parameters(callee, binding),
        argument,
        active,
        _named(node, argument) | others,
        _takes_position(node, callee, binding, argument),
    )


def _parameters(callee: types.Type, binding: Binding) -> tuple[types.Parameter, ...] | None:
    match callee:
        case types.Overloaded(options=ways):
            return tuple({each.name: each for way in ways for each in way.parameters}.values())
        case _:
            return binding.parameters


def _named(
    node: syntax.Call | syntax.ConfigureDeclaration, argument: syntax.Argument | None
) -> frozenset[str]:
    return frozenset(
        each.name.text for each in node.arguments if each is not argument and each.name is not None
    )


def _takes_position(
    node: syntax.Call | syntax.ConfigureDeclaration,
    callee: types.Type,
    binding: Binding,
    argument: syntax.Argument | None,
) -> bool:
    if isinstance(node, syntax.ConfigureDeclaration) or isinstance(callee, types.Module | types.AnyModule):
        return False
    for each in node.arguments:
        if each is argument:
            break
        if each.name is not None:
            return False
    return binding.parameters is None or argument is None or argument not in binding.surplus
