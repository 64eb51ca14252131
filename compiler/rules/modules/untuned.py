"""Modules that an optimizer does not reach, and fields that take the place of a module's own."""

from __future__ import annotations

from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ..rule import Findings, declared_at, label, rule
from ..walking import Construction


@rule("W206", "own-reasoning", Construction, severity="warning")
def own_reasoning(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A signature has an output `reasoning`, which takes the place of the one that `ChainOfThought` adds.

    It comes first, as the added one does, and keeps its own type and description. If that is what you want,
    use `Predict`, which adds nothing.

    ```dspy
    module ask = ChainOfThought("q -> reasoning, a")
    #                           ^^^^^^^^^^^^^^^^^^^ W206 the output `reasoning` replaces the module's own
    ```

    ```dspy
    module ask = ChainOfThought("q -> a")
    ```
    """
    binding = item.binding_of(node)
    callee = binding.callee
    if not isinstance(callee, types.Class) or callee.definition.name != "ChainOfThought":
        return
    argument = binding.argument("signature")
    field = _output(item, argument.value, "reasoning") if argument is not None else None
    if argument is not None and field is not None:
        words = "the output `reasoning` replaces the module's own"
        labels = label(program, field.place, "it is declared here")
        if isinstance(argument.value, syntax.String):
            labels = ()
        help_ = "leave it out, or use `Predict`"
        yield own_reasoning.at(argument.value, words, help_, labels=labels)


def _output(item: Item, node: syntax.Expression, name: str) -> types.Field | None:
    string = item.signature_string(node) if isinstance(node, syntax.String) else None
    kind = item.type_of(node)
    if string is not None:
        interface = string.interface
    elif isinstance(kind, types.Signature):
        interface = kind.interface
    else:
        return None
    return next((each for each in interface.outputs if each.name == name), None)


@rule("W312", "untuned-module", syntax.ModuleDeclaration, severity="warning")
def untuned_module(program: Program, item: Item, node: syntax.ModuleDeclaration) -> Findings:
    """A module calls another module of the file that is not one of its parts, so no optimizer tunes it here.

    Optimizers change the parts of a module. A module that is only called by name is traced, but stays as it
    is. To make it a part, write its name; several modules can share a part.

    ```dspy
    module search = Predict("question -> answer")

    module Ask:
        input question: str
        output answer: str
        forward:
            return search(question=question)
    #              ^^^^^^ W312 `search` is not a part of `Ask`, so optimizing `Ask` does not tune it
    ```

    ```dspy
    module search = Predict("question -> answer")

    module Ask:
        input question: str
        output answer: str
        ask = search
        forward:
            return ask(question=question)
    ```
    """
    if not node.forward:
        return
    start, end = node.forward[0].span.start, node.forward[-1].span.end
    parts = {each.value.text for each in node.parts if isinstance(each.value, syntax.Name)}
    told: set[str] = set()
    for call in item.nodes(syntax.Call):
        function = call.function
        if not isinstance(function, syntax.Name) or not start <= call.span.start < end:
            continue
        symbol = item.symbol_of(function)
        if symbol is None or symbol.kind != "module" or function.text in told | parts:
            continue
        told.add(function.text)
        if isinstance(symbol.type, types.Module) and _is_made_of(symbol.type, node):
            continue  # that it calls itself is another finding
        words = f"`{function.text}` is not a part of `{node.name.text}`, so optimizing"
        help_ = f"write `NAME = {function.text}` above `forward:`, and call that"
        yield untuned_module.at(
            function,
            f"{words} `{node.name.text}` does not tune it",
            help_,
            labels=declared_at(program, symbol),
        )


def _is_made_of(kind: types.Module, node: syntax.ModuleDeclaration) -> bool:
    return kind.declared is not None and kind.declared.name == node.name.text
