"""The order of declarations: each behind what it needs when it is evaluated, else as in the text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...grammar import syntax
from ..program import Item, Program
from ..trees import declared_names, walk


def ordered(program: Program) -> list[Item]:
    """The items of a file, each behind those that it needs; imports first.

    An import of a file that imports this one stands as late as it can: that file then finds this one's types.
    What a declaration extends stands before it in any case.
    """
    owners = {name.text: item for item in program.items for name in declared_names(item.declaration)}
    needs = {item.index: _needed(item, owners) for item in program.items}
    bases = {item.index: _bases(item, owners) for item in program.items}
    eager = {
        item.index: needs[item.index] if _is_eager(item) else bases[item.index] for item in program.items
    }
    done: dict[int, Item] = {}
    under_way: set[int] = set()

    def place(item: Item) -> None:
        if item.index in done or item.index in under_way:
            return
        under_way.add(item.index)
        lazy = not _is_eager(item)
        for base in bases[item.index]:
            place(base)
        for needed in needs[item.index] if lazy else _closure(item, needs):
            # Records may name each other in a cycle: as annotations, which are looked up when they are used.
            if not lazy or not (_reaches(needed.index, under_way, eager) or is_late(needed)):
                place(needed)
        under_way.discard(item.index)
        done[item.index] = item

    def comes_late(item: Item) -> bool:
        return is_late(item) or any(is_late(each) for each in _closure(item, bases))

    for item in sorted(program.items, key=comes_late):
        place(item)
    return list(done.values())


def is_late(item: Item) -> bool:
    """Whether an item imports a file that imports this one."""
    return item.target is not None and item.target.kind == "dspy" and item.target.is_in_cycle


def _closure(item: Item, needs: Mapping[int, list[Item]]) -> list[Item]:
    """All that is needed to use what an item needs, nearest last."""
    found: dict[int, Item] = {}
    waiting = list(needs[item.index])
    while waiting:
        each = waiting.pop()
        if each.index not in found and each.index != item.index:
            found[each.index] = each
            waiting += needs[each.index]
    return list(found.values())[::-1]


def missing_before(program: Program, order: list[Item]) -> dict[int, set[int]]:
    """For each record, the items that it names and that come behind it."""
    owners = {name.text: item for item in program.items for name in declared_names(item.declaration)}
    position = {item.index: place for place, item in enumerate(order)}
    found: dict[int, set[int]] = {}
    bases = {item.index: _bases(item, owners) for item in order}
    for item in order:
        if isinstance(item.declaration, syntax.TypeDeclaration):
            needed = [each for own in (item, *_closure(item, bases)) for each in _needed(own, owners)]
            later = {each.index for each in needed if position[each.index] > position[item.index]}
            if later:
                found[item.index] = later
    return found


def uses(program: Program) -> dict[str, list[str]]:
    """Which of the file's names each of its modules and programs is made of."""
    made_of: dict[str, list[str]] = {}
    owners = {name.text: item for item in program.items for name in declared_names(item.declaration)}
    for item in program.items:
        kind = item.declaration.kind if isinstance(item.declaration, syntax.ValueDeclaration) else ""
        if kind in ("module", "program") or isinstance(item.declaration, syntax.ModuleDeclaration):
            names = [name for each in _needed(item, owners) for name in _names(each)]
            for own in _names(item):
                made_of[own] = names
    return made_of


def _names(item: Item) -> list[str]:
    return [name.text for name in declared_names(item.declaration)]


def _reaches(start: int, targets: set[int], edges: Mapping[int, list[Item]]) -> bool:
    seen: set[int] = set()
    waiting = [start]
    while waiting:
        index = waiting.pop()
        if index in targets:
            return True
        if index not in seen:
            seen.add(index)
            waiting += [item.index for item in edges[index]]
    return False


def _is_eager(item: Item) -> bool:
    """Whether the names of a declaration are looked up where it stands, not when it is first used."""
    match item.declaration:
        case syntax.TypeDeclaration() | syntax.SignatureDeclaration() | syntax.ModuleDeclaration():
            return False
        case syntax.FunctionDeclaration() | syntax.TestDeclaration():
            return False
        case _:
            return True


def _bases(item: Item, owners: Mapping[str, Item]) -> list[Item]:
    """The items of the file whose names stand in what a declaration extends."""
    declaration = item.declaration
    if not isinstance(declaration, syntax.TypeDeclaration | syntax.SignatureDeclaration):
        return []
    names = walk(declaration.base) if declaration.base is not None else ()
    found = [owners[each.text] for each in names if isinstance(each, syntax.Name) and each.text in owners]
    return [each for each in found if each.index != item.index]


def _needed(item: Item, owners: Mapping[str, Item]) -> list[Item]:
    """The items of the file whose names a declaration needs to be evaluated and used."""
    found: dict[int, Item] = {}
    for node in _evaluated(item.declaration):
        for each in walk(node):
            if isinstance(each, syntax.Name) and each.text in owners:
                owner = owners[each.text]
                if owner.index != item.index:
                    found[owner.index] = owner
            elif isinstance(each, syntax.String) and (string := item.signature_string(each)) is not None:
                for field in string.fields:
                    for name in walk(field.type) if field.type is not None else ():
                        if isinstance(name, syntax.Name) and name.text in owners:
                            found[owners[name.text].index] = owners[name.text]
    return list(found.values())


def _evaluated(declaration: syntax.Declaration | None) -> Iterable[syntax.Node]:
    match declaration:
        case None | syntax.TestDeclaration():
            return ()
        case syntax.FunctionDeclaration(parameters=parameters):
            return parameters
        case syntax.ModuleDeclaration(parameters=parameters, fields=fields, parts=parts):
            return (*parameters, *fields, *parts)
        case _:
            return (declaration,)
