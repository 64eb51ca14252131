"""Declarations that need each other in a circle, and modules that call each other in one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ....grammar import syntax
from ...program import Item, Program, declared_names
from ..rule import Finding, rule
from ..words import listed

Edges = Mapping[int, syntax.Name]
"""The items that an item needs, each with the name by which it does."""


@rule("E109", "declaration-cycle")
def declaration_cycle(program: Program, item: Item) -> Iterator[Finding]:
    """Declarations need each other in a circle, so that none of them can be evaluated first.

    Records may refer to themselves, and functions may call each other; values and aliases may not.

    ```dspy
    low = high - 1
    #     ^^^^ E109 `low` and `high` need each other
    high = low + 1
    ```

    ```dspy
    low = 1
    high = low + 1
    ```
    """
    yield from _cycle(program, item, _evaluated, "need each other", "needs itself")


@rule("E304", "recursion")
def recursion(program: Program, item: Item) -> Iterator[Finding]:
    """Modules call each other in a circle.

    Recursion through module calls is an error, because nobody could say what a run costs at most. Write
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
    cycle = _shortest_cycle(program, item.index, _called)
    if cycle is None or _shortest_cycle(program, item.index, _evaluated) is not None:
        return
    members = [program.items[index].declaration for index in cycle]
    if any(_is_module(each) for each in members):
        yield from _cycle(program, item, _called, "call each other", "calls itself")


def _cycle(
    program: Program, item: Item, edges: Callable[[Program, Item], Edges], several: str, single: str
) -> Iterator[Finding]:
    cycle = _shortest_cycle(program, item.index, edges)
    if cycle is None or item.index != min(cycle):
        return
    names = [name.text for index in cycle for name in declared_names(program.items[index].declaration)[:1]]
    words = f"{listed(names)} {several if len(names) > 1 else single}"
    yield Finding(edges(program, item)[cycle[1] if len(cycle) > 1 else item.index], words)


def _shortest_cycle(
    program: Program, start: int, edges: Callable[[Program, Item], Edges]
) -> list[int] | None:
    """The items of the shortest way from an item back to itself."""
    ways = [[start]]
    seen: set[int] = set()
    for way in ways:
        for index in edges(program, program.items[way[-1]]):
            if index == start:
                return way
            if index not in seen:
                seen.add(index)
                ways.append([*way, index])
    return None


def _evaluated(program: Program, item: Item) -> Edges:
    """What evaluating a declaration needs."""
    if isinstance(
        item.declaration, syntax.ValueDeclaration | syntax.ConstantDeclaration | syntax.TypeAliasDeclaration
    ):
        return _references(program, item, lambda each: not isinstance(each, syntax.FunctionDeclaration))
    return {}


def _called(program: Program, item: Item) -> Edges:
    """The modules and functions that a declaration may call."""
    declaration = item.declaration
    if _is_module(declaration) or isinstance(declaration, syntax.FunctionDeclaration):
        return _references(
            program,
            item,
            lambda each: _is_module(each) or isinstance(each, syntax.FunctionDeclaration),
            values_only=True,
        )
    return {}


def _is_module(declaration: syntax.Declaration | None) -> bool:
    if isinstance(declaration, syntax.ValueDeclaration):
        return declaration.kind in ("module", "program")
    return isinstance(declaration, syntax.ModuleDeclaration)


def _references(
    program: Program,
    item: Item,
    wanted: Callable[[syntax.Declaration | None], bool],
    *,
    values_only: bool = False,
) -> Edges:
    found: dict[int, syntax.Name] = {}
    for node in item.nodes(syntax.Name):
        symbol = item.symbol_of(node)
        own = program.symbols.get(node.text)
        if (
            symbol is None
            or own is None
            or own.item is None
            or symbol.item != own.item
            or symbol.kind in _INSIDE
        ):
            continue
        if values_only and id(node) in item.annotations:
            continue
        declaration = program.items[own.item].declaration
        if wanted(declaration) and not isinstance(
            declaration, syntax.TypeDeclaration | syntax.EnumDeclaration
        ):
            found.setdefault(own.item, node)
    return found


_INSIDE = frozenset({"local", "parameter", "part", "input", "output", "field"})
