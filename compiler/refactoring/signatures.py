"""A signature that is written as a string, and one that is declared: one made of the other."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ...base.diagnostic import Edit
from ...grammar import syntax
from ..facts import SignatureString
from ..program import Item
from ..query.at import symbol_at
from .names import camel, free
from .refactoring import Edits, Refactoring, Selection, above, inserted


def extract_signature(selection: Selection) -> Iterator[Refactoring]:
    """Declare the signature that the string at the cursor is."""
    found, string = selection.found, selection.nearest(syntax.String)
    if found is None or not isinstance(string, syntax.String):
        return
    signature = found.item.signature_string(string)
    if signature is None or not _is_whole(signature) or not _is_readable(found.item, string):
        return
    name = free(camel(_owner(selection) or "Extracted"), selection.analysis.program.names())
    title = f"Extract a signature `{name}` from the string"
    yield Refactoring(
        title, "refactor.extract", partial(_extracted, selection, found.item, string, signature, name)
    )


def _extracted(
    selection: Selection, item: Item, string: syntax.String, signature: SignatureString, name: str
) -> Edits:
    call = next((each for each in item.nodes(syntax.Call) if _has_instructions(each, string)), None)
    lines = [f"signature {name}:"]
    if call is not None:
        lines.append(f"    {item.text[call.arguments[1].span.start : call.arguments[1].span.end]}")
    for field in signature.fields:
        # A field without a type is a text, as a string-form signature sends it.
        written = item.text[field.type.span.start : field.type.span.end] if field.type is not None else "str"
        lines.append(f"    {field.direction} {field.name.text}: {written}")
    replaced = string.span if call is None else call.span
    return selection.here(item, (inserted(above(item), "\n".join(lines) + "\n\n"), Edit(replaced, name)))


def _is_whole(signature: SignatureString) -> bool:
    """Whether inputs and outputs are there, each with a name."""
    directions = {each.direction for each in signature.fields}
    named = all(each.name.text for each in signature.fields)
    return not signature.problems and named and directions == {"input", "output"}


def _is_readable(item: Item, string: syntax.String) -> bool:
    """Whether the string is written as what it says, without escapes."""
    return string.value in string.raw and item.text[string.span.start : string.span.end] == string.raw


def _has_instructions(call: syntax.Call, string: syntax.String) -> bool:
    """Whether a call is `Signature("a -> b", "instructions")` of a string."""
    match call:
        case syntax.Call(
            function=syntax.Name(text="Signature"),
            arguments=(
                syntax.Argument(name=None, star="", value=first),
                syntax.Argument(name=None, star="", value=syntax.String()),
            ),
        ):
            return first is string
        case _:
            return False


def _owner(selection: Selection) -> str:
    """The name of the part or declaration that the signature is for."""
    for node in reversed(selection.path):
        match node:
            case syntax.Part(name=name):
                return name.text
            case syntax.ValueDeclaration(kind=kind, names=(name,)) if kind != "signature":
                return name.text
            case syntax.Assign(target=syntax.Name(text=text)):
                return text
    return ""


# --- and back


def inline_signature(selection: Selection) -> Iterator[Refactoring]:
    """Write the signature whose name is used at the cursor as a string."""
    found = selection.found
    if found is None or not isinstance(found.node, syntax.Name):
        return
    if not isinstance(found.parent(found.node), syntax.Argument):
        return
    symbol = symbol_at(found)
    declared = selection.analysis.program.item(symbol.item) if symbol is not None else None
    if declared is None or not isinstance(declared.declaration, syntax.SignatureDeclaration):
        return
    text = _as_string(declared, declared.declaration)
    if text is not None:
        title = f"Write the signature `{found.node.text}` as a string here"
        edits = (Edit(found.node.span, text),)
        yield Refactoring(title, "refactor.inline", partial(selection.here, found.item, edits))


def _as_string(item: Item, declaration: syntax.SignatureDeclaration) -> str | None:
    """A declared signature as an expression; None for one that says more than a string can."""
    if declaration.base is not None or declaration.removals or declaration.demos:
        return None
    inputs: list[str] = []
    outputs: list[str] = []
    for field in declaration.fields:
        if field.default or field.where or field.message or field.description or field.type is None:
            return None
        written = " ".join(item.text[field.type.span.start : field.type.span.end].split())
        side = inputs if field.direction == "input" else outputs
        side.append(field.name.text if written == "str" else f"{field.name.text}: {written}")
    content = f"{', '.join(inputs)} -> {', '.join(outputs)}"
    quote = "'" if '"' in content else '"'
    if not inputs or not outputs or quote in content or "\\" in content:
        return None
    text = f"{quote}{content}{quote}"
    instructions = declaration.docstring
    return text if instructions is None else f"Signature({text}, {instructions.raw})"
