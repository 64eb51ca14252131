"""Declarations that depend on each other in a cycle, and modules that call each other in one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from msgspec.structs import replace

from ....base.diagnostic import Diagnostic
from ....grammar import syntax
from ...program import Item, Program
from ...trees import walk
from ..kind import Kind
from ..references import references
from ..rule import Findings, file_rule
from ..walking import remembered
from ..words import listed


@file_rule("E109", "declaration-cycle")
def declaration_cycle(program: Program) -> Findings:
    """Declarations depend on each other in a cycle, so none of them can be evaluated first.

    Records may refer to themselves in lists and where they are optional, and functions may call each other;
    values and aliases may not, no signature or record can extend itself, directly or through others, and
    no record can hold a record of its own type in each of its values: there would be no end.

    ```dspy
    low = high - 1
    #     ^^^^ E109 `low` and `high` depend on each other
    high = low + 1
    ```

    ```dspy
    low = 1
    high = low + 1
    ```
    """
    for cycle in program.combine(_evaluated, _cycles):
        words = ("depend on each other", "depends on itself")
        if all(isinstance(_declaration(program, name), _EXTENDING) for name in cycle):
            words = ("extend each other", "extends itself")
        yield _report(declaration_cycle, program, _evaluated, cycle, words)
    for cycle in program.combine(_held, _cycles):
        words = ("contain each other without end", "contains itself without end")
        found = _report(declaration_cycle, program, _held, cycle, words)
        name = cycle[1] if len(cycle) > 1 else cycle[0]
        yield replace(found, help=f"make it optional, `{name} | None = None`, or a list")


@file_rule("E304", "recursion")
def recursion(program: Program) -> Findings:
    """Modules call each other in a cycle.

    Recursion through module calls is an error, because the maximum cost of a run would be unknown. Write
    `for _ in range(n):` with `break` instead.

    ```dspy
    def improve(text: str) -> str:
        return polish(text=text).better
    #          ^^^^^^ E304 `improve`, `polish` and `Polish` call each other

    module Polish:
        input text: str
        output better: str
        forward:
            return better=improve(text)

    module polish = Polish()
    ```

    ```dspy
    module polish = Predict("text -> better")

    def improve(text: str) -> str:
        return polish(text=text).better
    ```
    """
    cycles = program.combine(_called, _cycles)
    if not cycles:
        return
    in_values = {name for cycle in program.combine(_evaluated, _cycles) for name in cycle}
    for cycle in cycles:
        declarations = [_declaration(program, name) for name in cycle]
        if cycle[0] not in in_values and any(map(_is_module, declarations)):
            yield _report(recursion, program, _called, cycle, ("call each other", "calls itself"))


def _report(
    kind: Kind, program: Program, look: _Look, cycle: Sequence[str], words: tuple[str, str]
) -> Diagnostic:
    several, single = words
    message = f"{listed(cycle)} {several if len(cycle) > 1 else single}"
    owner = [each for each in program.items if cycle[0] in look(each)[0]][-1]
    used = references(owner).values if look is _called else references(owner).names
    return kind.at(used[cycle[1] if len(cycle) > 1 else cycle[0]], message).shifted(owner.start)


# --- which declaration needs which ----------------------------------------------------------------------

_Uses: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""The names that an item declares, and those that it uses for it."""
_Look: TypeAlias = Callable[[Item], _Uses]
_NOTHING: _Uses = ((), ())
_EXTENDING = (syntax.SignatureDeclaration, syntax.TypeDeclaration)


@remembered
def _evaluated(item: Item) -> _Uses:
    """What evaluating a declaration needs."""
    declaration = item.declaration
    if isinstance(declaration, _EXTENDING):
        used = _roots(declaration.base) if declaration.base is not None and not item.broken else ()
        return tuple(name.text for name in item.names), used
    kinds = (syntax.ValueDeclaration, syntax.ConstantDeclaration, syntax.TypeAliasDeclaration)
    if item.broken or not isinstance(item.declaration, kinds):
        return _NOTHING
    return tuple(name.text for name in item.names), tuple(references(item).names)


@remembered
def _held(item: Item) -> _Uses:
    """The records without which there is none of a type."""
    declaration = item.declaration
    if item.broken or not isinstance(declaration, syntax.TypeDeclaration) or declaration.base is not None:
        return _NOTHING
    needed = [each.type for each in declaration.attributes if each.default is None]
    used = tuple(each.text for each in needed if isinstance(each, syntax.Name))
    return tuple(name.text for name in item.names), used


def _roots(base: syntax.Expression) -> tuple[str, ...]:
    return tuple(each.text for each in walk(base) if isinstance(each, syntax.Name))


@remembered
def _called(item: Item) -> _Uses:
    """The modules and functions that a module or function may call."""
    is_called = _is_module(item.declaration) or isinstance(item.declaration, syntax.FunctionDeclaration)
    if item.broken or not is_called:
        return _NOTHING
    return tuple(name.text for name in item.names), tuple(references(item).values)


def _is_module(declaration: syntax.Declaration | None) -> bool:
    if isinstance(declaration, syntax.ValueDeclaration):
        return declaration.kind in ("module", "program")
    return isinstance(declaration, syntax.ModuleDeclaration)


def _declaration(program: Program, name: str) -> syntax.Declaration | None:
    item = program.item(program.symbols[name].item)
    return item.declaration if item is not None else None


# --- cycles ---------------------------------------------------------------------------------------------


def _cycles(uses: Sequence[_Uses]) -> Sequence[Sequence[str]]:
    """The shortest cycle through each name that is the first of its cycle in the order of the file."""
    edges = {name: used for names, used in uses for name in names}
    order = {name: index for index, name in enumerate(edges)}
    found: list[Sequence[str]] = []
    for name in _in_cycles(edges):
        cycle = _shortest_cycle(edges, name)
        if cycle is not None and min(cycle, key=order.__getitem__) == name:
            found.append(cycle)
    return found


def _in_cycles(edges: Mapping[str, Sequence[str]]) -> list[str]:
    """What is left when names that need nothing that is left are taken away, one after the other."""
    left: dict[str, int] = {}
    users: dict[str, list[str]] = {}
    for name, used in edges.items():
        targets = [each for each in used if each in edges]
        left[name] = len(targets)
        for target in targets:
            users.setdefault(target, []).append(name)
    done = [name for name, count in left.items() if count == 0]
    for name in done:
        for user in users.get(name, ()):
            left[user] -= 1
            if left[user] == 0:
                done.append(user)
    return [name for name, count in left.items() if count]


def _shortest_cycle(edges: Mapping[str, Sequence[str]], start: str) -> list[str] | None:
    """The names on the shortest way from a name back to itself."""
    before: dict[str, str] = {}
    reached = [start]
    for each in reached:
        for name in edges[each]:
            if name == start:
                way = [each]
                while way[-1] != start:
                    way.append(before[way[-1]])
                return way[::-1]
            if name in edges and name not in before:
                before[name] = each
                reached.append(name)
    return None
