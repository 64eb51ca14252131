"""Members of an enumeration that share a value."""

from __future__ import annotations

from ....base.diagnostic import Label
from ....grammar import syntax
from ...program import Item, Program
from ..rule import Findings, rule, written


@rule("E239", "duplicate-value", syntax.EnumDeclaration)
def duplicate_value(program: Program, item: Item, node: syntax.EnumDeclaration) -> Findings:
    """Two members of an enumeration have the same value, so the second is only another name for the first.

    ```dspy
    enum Priority:
        low = 1
        normal = 1
    #            ^ E239 `low` already has the value `1`
        high = 3
    ```

    ```dspy
    enum Priority:
        low = 1
        normal = 2
        high = 3
    ```
    """
    first: dict[tuple[type, object], syntax.Member] = {}
    for member in node.members:
        match member.value:
            case None:
                value: object = member.name.text
            case syntax.String(value=value) | syntax.Constant(value=value):
                pass
            case _:
                continue
        before = first.setdefault((type(value), value), member)
        if before is not member and before.name.text != member.name.text:
            shown = written(item, member.value) if member.value is not None else f'"{value}"'
            words = f"`{before.name.text}` already has the value `{shown}`"
            labels = (Label(before.span, f"`{before.name.text}`"),)
            yield duplicate_value.at(member.value or member.name, words, labels=labels)


@rule("E240", "no-members", syntax.EnumDeclaration, syntax.TypeDeclaration)
def no_members(
    program: Program, item: Item, node: syntax.EnumDeclaration | syntax.TypeDeclaration
) -> Findings:
    """An enumeration has no members, so it has no values; or a record has no attributes.

    ```dspy
    enum Priority:
    #    ^^^^^^^^ E240 `Priority` has no members, so no answer can be valid
        \"\"\"How urgent it is.\"\"\"
    ```

    ```dspy
    enum Priority:
        \"\"\"How urgent it is.\"\"\"
        low
        high
    ```
    """
    if isinstance(node, syntax.EnumDeclaration):
        if not node.members:
            words = f"`{node.name.text}` has no members, so no answer can be valid"
            yield no_members.at(node.name, words)
    elif not node.attributes and getattr(node, "base", None) is None:
        words = f"`{node.name.text}` has no attributes, so the model is told nothing about it"
        yield no_members.at(node.name, words)
