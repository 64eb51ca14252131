"""Signatures that do not say what is to be done."""

from __future__ import annotations

from ....grammar import syntax
from ...program import Item, Program
from ..rule import Findings, rule


@rule("W205", "missing-instructions", syntax.SignatureDeclaration, severity="info")
def missing_instructions(program: Program, item: Item, node: syntax.SignatureDeclaration) -> Findings:
    """A signature has no instructions and no descriptions, so its model knows only the names of its fields.

    The docstring of a signature tells the model what to do. Optimizers that write instructions also start
    from it.

    ```dspy
    signature Route:
    #         ^^^^^ W205 `Route` has no instructions; say in a docstring what the model should do
        input message: str
        output team: Literal["billing", "shipping"]
    ```

    ```dspy
    signature Route:
        \"\"\"Choose the team that answers a customer's message.\"\"\"
        input message: str
        output team: Literal["billing", "shipping"]
    ```
    """
    if node.docstring is not None or getattr(node, "base", None) is not None:
        return
    if any(each.description is not None for each in node.fields):
        return
    words = f"`{node.name.text}` has no instructions; say in a docstring what the model should do"
    yield missing_instructions.at(node.name, words)
