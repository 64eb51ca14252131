"""What the declarations of a file need of each other: circles, and modules that nobody gave an LM."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ...grammar import syntax
from .. import catalog, types
from ..program import Item, Program, Symbol, declared_names
from .rule import Finding, rule, written
from .words import listed

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


# --- language models ------------------------------------------------------------------------------------


@rule("E301", "no-lm")
def no_lm(program: Program, item: Item) -> Iterator[Finding]:
    """A test, an evaluation or a program reaches a module for which no language model is set.

    The file's `configure(lm=…)` sets one for all modules, `lm=` in a constructor for one.

    ```dspy
    module qa = ChainOfThought("question -> answer")

    test "the capital of Belgium":
        pred = qa(question="What is the capital of Belgium?")
    #          ^^ E301 no language model is set for `qa`
        assert pred.answer == "Brussels"
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))

    module qa = ChainOfThought("question -> answer")

    test "the capital of Belgium":
        pred = qa(question="What is the capital of Belgium?")
        assert pred.answer == "Brussels"
    ```
    """
    if not _is_run(item.declaration) or _is_configured(program):
        return
    place = _without_lm(program, item)
    earlier = program.items[: item.index]
    if place is None or any(_is_run(each.declaration) and _without_lm(program, each) for each in earlier):
        return
    yield Finding(
        place,
        f"no language model is set for `{written(item, place)}`",
        'write `configure(lm=LM("provider/model"))`, or give the module `lm=`',
    )


def _is_run(declaration: syntax.Declaration | None) -> bool:
    if isinstance(declaration, syntax.ValueDeclaration):
        return declaration.kind in ("program", "evaluate")
    return isinstance(declaration, syntax.TestDeclaration)


def _is_configured(program: Program) -> bool:
    return any(
        argument.star or (argument.name is not None and argument.name.text == "lm")
        for item in program.items
        if isinstance(item.declaration, syntax.ConfigureDeclaration)
        for argument in item.declaration.arguments
    )


def _without_lm(program: Program, item: Item) -> syntax.Expression | None:
    """The first module that is called, compiled or evaluated in an item without an LM."""
    seen: set[str] = set()
    if isinstance(item.declaration, syntax.TestDeclaration):
        for call in item.nodes(syntax.Call):
            if _names_lm(item, call):
                continue
            if _lacks(program, item, call.function, seen):
                return call.function
        return None
    for call in item.nodes(syntax.Call):
        for argument in call.arguments:
            if isinstance(item.type_of(argument.value), types.Module) and _lacks(
                program, item, argument.value, seen
            ):
                return argument.value
    return None


def _lacks(program: Program, item: Item, node: syntax.Expression, seen: set[str]) -> bool:
    """Whether running what an expression stands for reaches a predictor that has no LM of its own."""
    match node:
        case syntax.Name(text=name):
            symbol = item.symbol_of(node)
            if symbol is None or symbol.kind in ("local", "parameter", "input") or name in seen:
                return False
            if symbol.kind == "part":
                return _part_lacks(program, item, name, seen)
            return _symbol_lacks(program, symbol, {*seen, name})
        case syntax.Call():
            if _names_lm(item, node):
                return False
            return _call_lacks(program, item, node, seen)
        case syntax.List(elements=elements):
            return any(_lacks(program, item, each, seen) for each in elements)
        case syntax.Comprehension(element=element) if not isinstance(element, syntax.DictEntry):
            return _lacks(program, item, element, seen)
        case _:
            return False


def _part_lacks(program: Program, item: Item, name: str, seen: set[str]) -> bool:
    declaration = item.declaration
    parts = declaration.parts if isinstance(declaration, syntax.ModuleDeclaration) else ()
    return any(_lacks(program, item, part.value, {*seen, name}) for part in parts if part.name.text == name)


def _symbol_lacks(program: Program, symbol: Symbol, seen: set[str]) -> bool:
    if symbol.item is None or symbol.place is None or symbol.place.path != program.path:
        return False
    item = program.items[symbol.item]
    match item.declaration:
        case syntax.ValueDeclaration(kind="module" | "program", value=value):
            return _lacks(program, item, value, seen)
        case syntax.ModuleDeclaration(parts=parts):
            return any(_lacks(program, item, part.value, seen) for part in parts)
        case syntax.FunctionDeclaration():
            return any(
                _lacks(program, item, call.function, seen)
                for call in item.nodes(syntax.Call)
                if not _names_lm(item, call)
            )
        case _:
            return False


def _call_lacks(program: Program, item: Item, call: syntax.Call, seen: set[str]) -> bool:
    callee = item.type_of(call.function)
    modules = [each.value for each in call.arguments if isinstance(item.type_of(each.value), types.Module)]
    if modules:
        return any(_lacks(program, item, each, seen) for each in modules)
    match callee:
        case types.ModuleClass():
            return _lacks(program, item, call.function, seen)
        case types.Class(definition=definition):
            # A user's own class may bring a model of its own.
            return definition.shape is not None and catalog.definition(definition.name) is definition
        case types.Function(origin="declared"):
            return _lacks(program, item, call.function, seen)
        case _:
            return False


def _names_lm(item: Item, call: syntax.Call) -> bool:
    return any(
        each.star == "**" or (each.name is not None and each.name.text == "lm") for each in call.arguments
    )
