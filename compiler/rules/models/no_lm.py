"""Modules that are run and that no language model is set for."""

from __future__ import annotations

from ....grammar import syntax
from ... import catalog, types
from ...program import Item, Program, Symbol
from ..rule import Findings, file_rule, written


@file_rule("E301", "no-lm")
def no_lm(program: Program) -> Findings:
    """A test, evaluation or program uses a module that has no language model.

    The file's `configure(lm=…)` sets one for all modules; `lm=` in a constructor sets one for that module.

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
    if _is_configured(program):
        return
    for item in program.items:
        place = _without_lm(program, item) if not item.broken and _is_run(item.declaration) else None
        if place is not None:
            yield no_lm.at(
                place,
                f"no language model is set for `{written(item, place)}`",
                'write `configure(lm=LM("provider/model"))`, or pass `lm=` to the module',
            ).shifted(item.start)
            return


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
    item = program.item(symbol.item)
    if item is None or symbol.place is None or symbol.place.path != program.path:
        return False
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
            shape = definition.shape
            return bool(shape and shape.of) and catalog.definition(definition.name) is definition
        case types.Function(origin="declared"):
            return _lacks(program, item, call.function, seen)
        case _:
            return False


def _names_lm(item: Item, call: syntax.Call) -> bool:
    return any(
        each.star == "**" or (each.name is not None and each.name.text == "lm") for each in call.arguments
    )
