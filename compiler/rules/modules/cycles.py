"""Declarations that depend on each other in a cycle, and modules that call each other in one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from ....base.diagnostic import Diagnostic
from ....grammar import syntax
from ...program import Program
from ..kind import Kind
from ..references import references
from ..rule import Findings, file_rule
from ..words import listed


@file_rule("E109", "declaration-cycle")
def declaration_cycle(program: Program) -> Findings:
    """Declarations depend on each other in a cycle, so none of them can be evaluated first.

    Records may refer to themselves, and functions may call each other; values and aliases may not.

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
    edges = _evaluated(program)
    for cycle in _cycles(edges):
        yield _report(declaration_cycle, program, edges, cycle, "depend on each other", "depends on itself")


@file_rule("E304", "recursion")
def recursion(program: Program) -> Findings:
    """Modules call each other in a cycle.

    Recursion through module calls is an error, because the most that a run can cost would be unknown. Write
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
    edges = _called(program)
    cycles = list(_cycles(edges))
    if not cycles:
        return
    in_values = {name for cycle in _cycles(_evaluated(program)) for name in cycle}
    for cycle in cycles:
        declarations = [_declaration(program, name) for name in cycle]
        if cycle[0] not in in_values and any(map(_is_module, declarations)):
            yield _report(recursion, program, edges, cycle, "call each other", "calls itself")


def _report(
    kind: Kind, program: Program, edges: _Edges, cycle: Sequence[str], several: str, single: str
) -> Diagnostic:
    words = f"{listed(cycle)} {several if len(cycle) > 1 else single}"
    place = edges[cycle[0]][cycle[1] if len(cycle) > 1 else cycle[0]]
    item = program.item(program.symbols[cycle[0]].item)
    assert item is not None
    return kind.at(place, words).shifted(item.start)


# --- which declaration needs which ----------------------------------------------------------------------

_Edges: TypeAlias = Mapping[str, Mapping[str, syntax.Name]]
"""The names that the declaration of a name uses, each with the node that does; other names do not count."""


def _evaluated(program: Program) -> _Edges:
    """What evaluating a declaration needs, among the declarations that are evaluated."""
    kinds = (syntax.ValueDeclaration, syntax.ConstantDeclaration, syntax.TypeAliasDeclaration)
    return {
        name.text: references(item).names
        for item in program.items
        if isinstance(item.declaration, kinds) and not item.broken
        for name in item.names
    }


def _called(program: Program) -> _Edges:
    """The modules and functions that a module or function may call."""
    return {
        name.text: references(item).values
        for item in program.items
        if (_is_module(item.declaration) or isinstance(item.declaration, syntax.FunctionDeclaration))
        and not item.broken
        for name in item.names
    }


def _is_module(declaration: syntax.Declaration | None) -> bool:
    if isinstance(declaration, syntax.ValueDeclaration):
        return declaration.kind in ("module", "program")
    return isinstance(declaration, syntax.ModuleDeclaration)


def _declaration(program: Program, name: str) -> syntax.Declaration | None:
    item = program.item(program.symbols[name].item)
    return item.declaration if item is not None else None


# --- cycles ---------------------------------------------------------------------------------------------


def _cycles(edges: _Edges) -> Iterator[list[str]]:
    """The shortest cycle through each name that is the first of its cycle in the order of the file."""
    order = {name: index for index, name in enumerate(edges)}
    for name in _in_cycles(edges):
        cycle = _shortest_cycle(edges, name)
        if cycle is not None and min(cycle, key=order.__getitem__) == name:
            yield cycle


def _in_cycles(edges: _Edges) -> list[str]:
    """What is left when names that need nothing that is left are taken away, one after the other."""
    left: dict[str, int] = {}
    users: dict[str, list[str]] = {}
    for name, used in edges.items():
        targets = used.keys() & edges.keys()
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


def _shortest_cycle(edges: _Edges, start: str) -> list[str] | None:
    """The names on the shortest way from a name back to itself."""
    ways = [[start]]
    seen: set[str] = set()
    for way in ways:
        for name in edges[way[-1]]:
            if name == start:
                return way
            if name in edges and name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return None
