"""Two fields, parts, members or parameters of the same name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from ....base.diagnostic import Label
from ....grammar import syntax
from ...program import Item, Program
from ..edits import free_name, rename
from ..rule import DECLARATIONS, Findings, rule

_Owner: TypeAlias = syntax.Declaration | syntax.String


@rule("E103", "duplicate-field", *DECLARATIONS, syntax.String, fix="always")
def duplicate_field(program: Program, item: Item, node: _Owner) -> Findings:
    """A declaration has two fields, parts, members or parameters of the same name.

    An input and an output may not share a name either, because a demo or an example could not tell them
    apart.

    ```dspy
    signature Translate:
        input text: str
        output text: str
    #          ^^^^ E103 `Translate` already has a field `text`
    ```

    ```dspy
    signature Translate:
        input text: str
        output translation: str
    ```
    """
    if isinstance(node, syntax.String) and item.signature_string(node) is None:
        return
    for word, names in _groups(item, node):
        first: dict[str, syntax.Identifier] = {}
        for name in names:
            before = first.setdefault(name.text, name)
            if before is not name:
                owner = _owner(node)
                labels = (Label(before.span, f"the first `{name.text}`"),)
                fix = rename([name], free_name(name.text, {each.text for each in names}))
                words = f"{owner} already has a {word} `{name.text}`"
                yield duplicate_field.at(name, words, fix=fix, labels=labels)


def _groups(item: Item, node: _Owner) -> Iterator[tuple[str, list[syntax.Identifier]]]:
    match node:
        case syntax.TypeDeclaration(attributes=attributes):
            yield "field", [each.name for each in attributes]
        case syntax.EnumDeclaration(members=members):
            yield "member", [each.name for each in members]
        case syntax.SignatureDeclaration(fields=fields):
            yield "field", [each.name for each in fields]
        case syntax.ModuleDeclaration(fields=fields, parts=parts, parameters=parameters):
            yield "field", [each.name for each in fields]
            # Inputs, parameters and parts share one scope; inputs that repeat each other are told above.
            inputs = {each.name.text: each.name for each in reversed(fields) if each.direction == "input"}
            named = [each.name for each in parameters if each.name is not None]
            yield "name", [*named, *inputs.values(), *(each.name for each in parts)]
        case syntax.FunctionDeclaration(parameters=parameters):
            yield "parameter", [each.name for each in parameters if each.name is not None]
        case syntax.String():
            string = item.signature_string(node)
            yield "field", [each.name for each in string.fields] if string is not None else []


def _owner(node: _Owner) -> str:
    name = getattr(node, "name", None)
    return f"`{name.text}`" if isinstance(name, syntax.Identifier) else "the signature"
