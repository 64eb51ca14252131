"""The optimizations of a file: `program NAME = OPTIMIZER.compile(MODULE, …)` with what they are made of."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from ....grammar import syntax
from ... import catalog, types
from ...program import UNBOUND, Binding, Item, Program
from ..walking import remembered


class Compilation(Struct, frozen=True, eq=False):
    """One `compile(…)` of an optimizer that is declared in the file, or constructed in place."""

    item: Item
    """The program's."""
    name: str
    call: syntax.Call
    binding: Binding
    optimizer: str
    """The optimizer's class."""
    owner: Item
    """The item that constructs the optimizer."""
    construction: syntax.Call
    settings: Binding
    """The arguments that the optimizer is constructed with."""

    def setting(self, name: str) -> syntax.Argument | None:
        """What the optimizer is constructed with."""
        return self.settings.argument(name)

    def argument(self, name: str) -> syntax.Argument | None:
        """What `compile` is called with."""
        return self.binding.argument(name)


def compilations(program: Program) -> Iterator[Compilation]:
    """The optimizations of a file."""
    for item, _ in program.found(_is_program):
        found = _compilation(program, item)
        if found is not None:
            yield found


@remembered
def _is_program(item: Item) -> bool:
    node = item.declaration
    return isinstance(node, syntax.ValueDeclaration) and node.kind == "program" and not item.broken


def _compilation(program: Program, item: Item) -> Compilation | None:
    declaration = item.declaration
    call = declaration.value if isinstance(declaration, syntax.ValueDeclaration) else None
    if not isinstance(call, syntax.Call) or not isinstance(call.function, syntax.Attribute):
        return None
    binding = item.binding_of(call)
    made = _made(program, item, call.function.value)
    if binding.parameters is None or made is None:
        return None
    owner, construction = made
    kind, settings = owner.type_of(construction), owner.binding_of(construction)
    if not isinstance(kind, types.Instance) or settings is UNBOUND or owner.broken:
        return None
    if catalog.definition(kind.definition.name) is not kind.definition:
        return None
    name = item.names[0].text if item.names else ""
    return Compilation(item, name, call, binding, kind.definition.name, owner, construction, settings)


def _made(program: Program, item: Item, node: syntax.Expression) -> tuple[Item, syntax.Call] | None:
    """Where an optimizer is constructed."""
    if isinstance(node, syntax.Call):
        return item, node
    symbol = item.symbol_of(node) if isinstance(node, syntax.Name) else None
    owner = program.item(symbol.item) if symbol is not None and symbol.kind == "optimizer" else None
    declaration = owner.declaration if owner is not None else None
    if owner is None or not isinstance(declaration, syntax.ValueDeclaration):
        return None
    return (owner, declaration.value) if isinstance(declaration.value, syntax.Call) else None
