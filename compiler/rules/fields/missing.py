"""What a signature, a module or a function has to say and does not."""

from __future__ import annotations

from typing import TypeAlias

from ....base.diagnostic import Diagnostic
from ....base.span import Span
from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ..references import names_called, names_handed_over, set_of
from ..rule import Findings, file_rule, insert, replace, rule
from ..walking import remembered

_Signature: TypeAlias = syntax.SignatureDeclaration | syntax.ModuleDeclaration | syntax.String


@file_rule("E229", "missing-annotation", fix="sometimes")
def missing_annotation(program: Program) -> Findings:
    """A parameter or the return value of a function has no type.

    Only a metric or reward may omit its types: they are inferred from where it is used.

    ```dspy
    def shorten(text) -> str:
    #           ^^^^ E229 the parameter `text` needs a type
        return text[:10]
    ```

    ```dspy
    def shorten(text: str) -> str:
        return text[:10]
    ```
    """
    said = program.found(_untyped)
    if not said:
        return
    names = program.combine(names_handed_over, set_of)
    called = program.combine(names_called, set_of)
    for item, findings in said:
        declaration = item.declaration
        name = item.names[0].text
        may_omit = isinstance(declaration, syntax.FunctionDeclaration) and (
            (name in names and (name not in called or bool(declaration.parameters)))
            or (name not in called and len(declaration.parameters) >= 2)
        )
        for found in findings if not may_omit else ():
            yield found.shifted(item.start)


@remembered
def _untyped(item: Item) -> tuple[Diagnostic, ...]:
    """What is said of the parameters and the result of an item that have no type."""
    declaration = item.declaration
    if item.broken or not isinstance(declaration, syntax.ModuleDeclaration | syntax.FunctionDeclaration):
        return ()
    return tuple(_say_untyped(declaration))


def _say_untyped(declaration: syntax.ModuleDeclaration | syntax.FunctionDeclaration) -> Findings:
    for each in declaration.parameters:
        if each.name is not None and each.annotation is None:
            kind = _kind_of_default(each.default)
            fix = insert(f"Write `: {kind}`", each.name.span.end, f": {kind}") if kind else None
            yield missing_annotation.at(each.name, f"the parameter `{each.name.text}` needs a type", fix=fix)
    if isinstance(declaration, syntax.FunctionDeclaration) and declaration.returns is None:
        name = declaration.name
        if name.text.startswith("test") and not declaration.parameters:
            yield _is_a_test(declaration)
            return
        yield missing_annotation.at(name, f"`{name.text}` needs a return type: `-> …`")


def _is_a_test(node: syntax.FunctionDeclaration) -> Diagnostic:
    """`def test_answer():`, as pytest has it."""
    title = node.name.text.removeprefix("test").replace("_", " ").strip() or "it works"
    head = f'test "{title}":'
    with_brackets = Span(node.span.start, node.name.span.end + len("()"))
    words = f"a test is not a function; write `{head}`"
    return missing_annotation.at(node.name, words, fix=replace(f"Write `{head}`", with_brackets, head[:-1]))


def _kind_of_default(node: syntax.Expression | None) -> str:
    """The type of a constant; of a parameter without one the most likely."""
    match node:
        case None | syntax.String():
            return "str"
        case syntax.Constant(value=bool() | int() | float() as value):
            return type(value).__name__
        case _:
            return ""


@rule("E230", "no-outputs", syntax.SignatureDeclaration, syntax.ModuleDeclaration, syntax.String)
def no_outputs(program: Program, item: Item, node: _Signature) -> Findings:
    """A signature or module has no output, so there is nothing to ask a model for.

    ```dspy
    module qa = Predict("question ->")
    #                   ^^^^^^^^^^^^^ E230 a signature needs at least one output
    ```

    ```dspy
    module qa = Predict("question -> answer")
    ```
    """
    if isinstance(node, syntax.String):
        string = item.signature_string(node)
        if string is not None and not string.problems and not string.interface.outputs:
            yield no_outputs.at(node, "a signature needs at least one output")
    elif not any(each.direction == "output" for each in node.fields) and not _takes_over_outputs(item, node):
        yield no_outputs.at(node.name, f"`{node.name.text}` needs at least one output")


def _takes_over_outputs(item: Item, node: syntax.SignatureDeclaration | syntax.ModuleDeclaration) -> bool:
    """Whether a signature has outputs of the one that it extends, or may have some."""
    if isinstance(node, syntax.ModuleDeclaration) or node.base is None:
        return False
    symbol = item.symbol_of(node.name)
    kind = symbol.type if symbol is not None else types.UNKNOWN
    return not isinstance(kind, types.Signature) or kind.interface.open or bool(kind.interface.outputs)
