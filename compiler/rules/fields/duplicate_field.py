"""Two fields, parts, members or parameters of the same name."""

from __future__ import annotations

from collections.abc import Iterator

from ....grammar import syntax
from ...program import Item, Program
from ...types import Place
from ..rule import Finding, label, rule


@rule("E103", "duplicate-field")
def duplicate_field(program: Program, item: Item) -> Iterator[Finding]:
    """A declaration has two fields, parts, members or parameters of the same name.

    An input and an output may not share their name either: a demo or an example could not tell them apart.

    ```dspy
    signature Translate:
        input text: str
        output text: str
    #          ^^^^ E103 `Translate` has a field `text` already
    ```

    ```dspy
    signature Translate:
        input text: str
        output translation: str
    ```
    """
    for word, names in _groups(item):
        first: dict[str, syntax.Identifier] = {}
        for name in names:
            before = first.setdefault(name.text, name)
            if before is not name:
                owner = _owner(item)
                labels = label(program, Place(program.path, item.at(before)), f"the first `{name.text}`")
                yield Finding(name, f"{owner} has a {word} `{name.text}` already", labels=labels)


def _groups(item: Item) -> Iterator[tuple[str, list[syntax.Identifier]]]:
    match item.declaration:
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
    for string in item.string_by_node.values():
        yield "field", [each.name for each in string.fields]


def _owner(item: Item) -> str:
    name = getattr(item.declaration, "name", None)
    return (
        f"`{name.text}`"
        if isinstance(name, syntax.Identifier) and not item.string_by_node
        else "the signature"
    )
