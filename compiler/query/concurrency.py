"""Which calls of a body are in flight at the same time, by the facts that decide how it is compiled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from ...grammar import syntax
from ..analysis import FileAnalysis
from ..program import Item
from ..schedule import effects
from ..schedule.dependence import Compound, Unit, blocks, units
from ..schedule.here import Here

Block = tuple[syntax.Statement, ...]


class Together(Struct, frozen=True):
    """A statement whose calls run beside others, and what these are for; for none, beside each other."""

    offset: int
    """The end of the statement."""
    others: tuple[str, ...]


def together(analysis: FileAnalysis, item: Item) -> Iterator[Together]:
    """The statements of a module's body that make calls while others do, in the order of the text."""
    declaration = item.declaration
    if not isinstance(declaration, syntax.ModuleDeclaration) or item.broken:
        return
    here = Here(
        analysis.program,
        item,
        is_module=True,
        parameters=frozenset(id(each.name) for each in declaration.parameters),
    )
    for body in (declaration.forward or (), declaration.fallback or ()):
        yield from _in_block(here, body)


def _in_block(here: Here, body: Block) -> Iterator[Together]:
    found = units(here, body)
    beside: dict[int, list[Unit]] = {}
    for index, unit in enumerate(found):
        for other in _independent(found, index) if unit.calls else ():
            beside.setdefault(index, []).append(found[other])
            beside.setdefault(other, []).append(unit)
    for index, unit in enumerate(found):
        end = here.item.start + unit.statement.span.end
        if isinstance(unit.statement, Compound):
            for inner in blocks(unit.statement) if unit.taken_out is None else ():
                yield from _in_block(here, inner)
        elif index in beside and unit.taken_out is None:
            names = tuple(dict.fromkeys(name for each in beside[index] if (name := _name(each))))
            yield Together(end, names)
        elif unit.calls and _is_all_at_once(here, unit.statement):
            yield Together(end, ())


def _independent(found: Sequence[Unit], index: int) -> Iterator[int]:
    """The later units that make calls before this one has to be there."""
    if found[index].barrier:
        return
    fed = set(found[index].writes)
    for at in range(index + 1, len(found)):
        unit = found[at]
        if unit.reads & fed:
            if unit.barrier:
                return
            fed |= unit.writes
        elif unit.calls:
            yield at
            if unit.barrier:
                return
        else:
            fed -= unit.writes


def _is_all_at_once(here: Here, statement: syntax.Statement) -> bool:
    """Whether a comprehension in a statement makes the calls of its items beside each other."""
    inside = (each for each in here.item.nodes(syntax.Comprehension) if _contains(statement, each))
    return any(effects.waits_in_items(here, each) for each in inside)


def _contains(node: syntax.Node, inner: syntax.Node) -> bool:
    return node.span.start <= inner.span.start and inner.span.end <= node.span.end


def _name(unit: Unit) -> str:
    """What a unit is for: the variable that it sets."""
    return ", ".join(sorted(each for each in unit.writes if each.isidentifier()))
