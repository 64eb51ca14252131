"""Tools that say nothing about themselves."""

from __future__ import annotations

from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ..rule import Findings, rule


@rule("W202", "undocumented-tool", syntax.Call, severity="warning")
def undocumented_tool(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A function is given to an agent as a tool, but has no docstring: the model knows only its name.

    ```dspy
    def price(item: str) -> float:
        return 3.5 if item == "tea" else 4.0

    module clerk = ReAct("question -> answer", tools=[price])
    #                                                 ^^^^^ W202 the tool `price` has no docstring
    ```

    ```dspy
    def price(item: str) -> float:
        \"\"\"The price of a drink, in euros.\"\"\"
        return 3.5 if item == "tea" else 4.0

    module clerk = ReAct("question -> answer", tools=[price])
    ```
    """
    binding = item.binding_of(node)
    argument = binding.argument("tools") if binding is not None else None
    if argument is None or not isinstance(argument.value, syntax.List | syntax.Tuple):
        return
    for each in argument.value.elements:
        kind = item.type_of(each)
        if not isinstance(each, syntax.Name) or not isinstance(kind, types.Function):
            continue
        symbol = program.symbols.get(each.text)
        owner = program.item(symbol.item) if symbol is not None and symbol.kind == "function" else None
        declared = owner.declaration if owner is not None else None
        if isinstance(declared, syntax.FunctionDeclaration) and declared.docstring is None:
            yield undocumented_tool.at(each, f"the tool `{each.text}` has no docstring")
