"""Fields: names that are taken, conditions, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator

from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ..rule import Finding, label, rule

RESERVED = {"completed": "ends an answer in the prompt"}
"""Names that the prompt's own format uses."""


@rule("E217", "reserved-field")
def reserved_field(program: Program, item: Item) -> Iterator[Finding]:
    """A field has a name that the prompt's format uses itself.

    ```dspy
    signature Review:
        input task: str
        output completed: bool
    #          ^^^^^^^^^ E217 a field cannot be called `completed`: that name ends an answer in the prompt
    ```

    ```dspy
    signature Review:
        input task: str
        output is_completed: bool
    ```
    """
    for name in _field_names(item):
        if name.text in RESERVED:
            words = f"a field cannot be called `{name.text}`: that name {RESERVED[name.text]}"
            yield Finding(name, words)


@rule("E218", "hint-field")
def hint_field(program: Program, item: Item) -> Iterator[Finding]:
    """A module that is refined has an input called `hint_`, which is where the advice goes.

    ```dspy
    module draft = Predict("topic, hint_ -> text")

    def short(args: draft, pred: draft) -> float:
        return 1.0 if len(pred.text) < 100 else 0.0

    module better = Refine(draft, N=3, reward_fn=short, threshold=1.0)
    #                      ^^^^^ E218 `draft` has an input `hint_`, which `Refine` needs for its advice
    ```

    ```dspy
    module draft = Predict("topic, remark -> text")

    def short(args: draft, pred: draft) -> float:
        return 1.0 if len(pred.text) < 100 else 0.0

    module better = Refine(draft, N=3, reward_fn=short, threshold=1.0)
    ```
    """
    for node in item.nodes(syntax.Call):
        binding = item.binding_of(node)
        callee = binding.callee if binding is not None else types.UNKNOWN
        if binding is None or not isinstance(callee, types.Class) or callee.definition.shape is None:
            continue
        hint = callee.definition.shape.reserved
        argument = binding.argument(callee.definition.shape.of) if hint is not None else None
        kind = item.type_of(argument.value) if argument is not None else types.UNKNOWN
        if argument is not None and isinstance(kind, types.Module):
            field = kind.interface.field(hint or "")
            if field is not None and field.direction == "input":
                name = item.text[argument.value.span.start : argument.value.span.end]
                labels = label(program, field.place, f"the input `{hint}`")
                words = (
                    f"`{name}` has an input `{hint}`, which `{callee.definition.name}` needs for its advice"
                )
                yield Finding(argument.value, words, labels=labels)


def _field_names(item: Item) -> Iterator[syntax.Identifier]:
    match item.declaration:
        case syntax.SignatureDeclaration(fields=fields) | syntax.ModuleDeclaration(fields=fields):
            yield from (each.name for each in fields)
    for string in item.string_by_node.values():
        yield from (each.name for each in string.fields)


@rule("E229", "missing-annotation")
def missing_annotation(program: Program, item: Item) -> Iterator[Finding]:
    """A parameter, or what a function returns, has no type.

    Only a metric or reward may leave its types out: they come from the places where it is used.

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
    declaration = item.declaration
    if not isinstance(declaration, syntax.ModuleDeclaration | syntax.FunctionDeclaration):
        return
    untyped = [
        each.name for each in declaration.parameters if each.name is not None and each.annotation is None
    ]
    lacks_result = isinstance(declaration, syntax.FunctionDeclaration) and declaration.returns is None
    if not untyped and not lacks_result:
        return
    if isinstance(declaration, syntax.FunctionDeclaration) and _is_callback(program, declaration):
        return
    for name in untyped:
        yield Finding(name, f"the parameter `{name.text}` needs a type")
    if lacks_result:
        name = declaration.name
        yield Finding(name, f"`{name.text}` needs the type that it returns: `-> …`")


@rule("E230", "no-outputs")
def no_outputs(program: Program, item: Item) -> Iterator[Finding]:
    """A signature or module has no output, so that there is nothing to ask a model for.

    ```dspy
    module qa = Predict("question ->")
    #                   ^^^^^^^^^^^^^ E230 a signature needs at least one output
    ```

    ```dspy
    module qa = Predict("question -> answer")
    ```
    """
    match item.declaration:
        case (
            syntax.SignatureDeclaration(name=name, fields=fields)
            | syntax.ModuleDeclaration(name=name, fields=fields)
        ):
            if not any(each.direction == "output" for each in fields):
                yield Finding(name, f"`{name.text}` needs at least one output")
    for node in item.nodes(syntax.String):
        string = item.signature_string(node)
        if string is not None and not string.problems and not string.interface.outputs:
            yield Finding(node, "a signature needs at least one output")


def _is_callback(
    program: Program, declaration: syntax.FunctionDeclaration | syntax.ModuleDeclaration
) -> bool:
    """Whether a function is handed to something, or may be by another file, because nothing here calls it."""
    symbol = program.symbols.get(declaration.name.text)
    is_called = False
    for item in program.items:
        called = {id(call.function) for call in item.nodes(syntax.Call)}
        for node in item.nodes(syntax.Name):
            if item.symbol_of(node) is symbol:
                if id(node) not in called:
                    return True
                is_called = True
    return not is_called and len(declaration.parameters) >= 2
