"""Arguments in the wrong place: by position where names are needed, too many, given twice, or spread."""

from __future__ import annotations

from ....base.diagnostic import Edit, Fix
from ....base.span import Span
from ....grammar import syntax
from ... import types
from ...program import UNBOUND, Binding, Item, Program
from ..edits import without_argument
from ..rule import Findings, replace, rule, written
from .arguments import CALLS, Call, Called, called, is_meant


@rule("E204", "positional-input", *CALLS, fix="sometimes")
def positional_input(program: Program, item: Item, node: Call) -> Findings:
    """An input of a module, or an attribute of a record, is passed without its name.

    ```dspy
    module qa = ChainOfThought("question -> answer")

    def ask(text: str) -> str:
        return qa(text).answer
    #             ^^^^ E204 `qa` takes inputs by name; write `question=text`
    ```

    ```dspy
    module qa = ChainOfThought("question -> answer")

    def ask(text: str) -> str:
        return qa(question=text).answer
    ```
    """
    binding = item.binding_of(node)
    if binding is not UNBOUND and binding.parameters is None:
        if isinstance(binding.callee, types.Module | types.AnyModule) and isinstance(node, syntax.Call):
            # What the module takes is not known, but not by position.
            for argument in node.arguments:
                if argument.name is None and not argument.star:
                    words = f"`{written(item, node.function)}` takes inputs by name; write `NAME=…`"
                    yield positional_input.at(argument, words)
        return
    for call in called(item, node):
        if call.noun not in ("input", "attribute"):
            continue
        free = [each for each in call.binding.parameters or () if call.binding.argument(each.name) is None]
        surplus = call.binding.surplus
        if not surplus:
            continue
        words = f"`{call.name}` takes {call.noun}s by name"
        meant = [each.name for each in free if each.required or not call.is_module][: len(surplus)]
        if len(meant) < len(surplus):
            yield positional_input.at(surplus[0], words)
            continue
        texts = [written(item, each) for each in surplus]
        form = ", ".join(
            f"{name}={text if len(text) <= 30 else '…'}" for name, text in zip(meant, texts, strict=True)
        )
        edits = tuple(
            Edit(Span(each.span.start, each.span.start), f"{name}=")
            for name, each in zip(meant, surplus, strict=True)
        )
        title = f"Write `{', '.join(f'{name}=' for name in meant)}`"
        yield positional_input.at(surplus[0], f"{words}; write `{form}`", fix=Fix(title, edits, "unsafe"))


@rule("E205", "surplus-argument", *CALLS, fix="sometimes")
def surplus_argument(program: Program, item: Item, node: Call) -> Findings:
    """A call passes more positional arguments than the callee takes.

    ```dspy
    limit = len([1, 2], [3])
    #                   ^^^ E205 `len` takes 1 positional argument, not 2
    ```

    ```dspy
    limit = len([1, 2, 3])
    ```
    """
    for call in called(item, node):
        if call.noun in ("input", "attribute") or not call.binding.surplus:
            continue
        takes = sum(each.kind in ("", "positional-only") for each in call.binding.parameters or ())
        given = sum(each.name is None for each in call.arguments)
        noun = "positional argument" if takes == 1 else "positional arguments"
        words = f"`{call.name}` takes " + (f"{takes} {noun}, not {given}" if takes else f"no {noun}")
        yield surplus_argument.at(call.binding.surplus[0], words, *_by_name(call))


def _by_name(call: Called) -> tuple[str | None, Fix | None]:
    """How to give the positional arguments by name, and the fix, where their types say which each one is."""
    positional = [each for each in call.arguments if each.name is None and not each.star]
    given = {each.name.text for each in call.arguments if each.name is not None}
    edits: list[Edit] = []
    names: list[str] = []
    for argument in positional:
        kind = call.item.type_of(argument.value)
        fitting = [
            each.name
            for each in call.binding.parameters or ()
            if each.kind in ("", "keyword-only") and each.name not in given and is_meant(kind, each.type)
        ]
        required = [each.name for each in call.binding.parameters or () if each.required]
        fitting = [each for each in fitting if each in required] or fitting
        if len(fitting) != 1 or fitting[0] in names:
            return _named_only(call, given), None
        names.append(fitting[0])
        if any(each is argument and parameter.name == fitting[0] for each, parameter in call.binding.matched):
            continue
        edits.append(Edit(Span(argument.span.start, argument.span.start), f"{fitting[0]}="))
    named = {edit.span.start: edit.replacement for edit in edits}
    form = ", ".join(
        f"{named[each.span.start]}{written(call.item, each)}"
        for each in positional
        if each.span.start in named
    )
    return f"write `{form[:80]}`", Fix("Write the names", tuple(edits), "unsafe")


def _named_only(call: Called, given: set[str]) -> str | None:
    """The parameters that take a name, where there are few."""
    names = [
        f"`{each.name}=…`"
        for each in call.binding.parameters or ()
        if each.kind == "keyword-only" and each.name not in given
    ]
    return f"pass the others by name: {', '.join(names[:3])}" + " …" * (len(names) > 3) if names else None


@rule("E206", "repeated-argument", *CALLS, fix="always")
def repeated_argument(program: Program, item: Item, node: Call) -> Findings:
    """A call passes an argument both by position and by name.

    ```dspy
    words = "a,b".split(",", sep=";")
    #                        ^^^ E206 `sep` of `"a,b".split` is already given by position
    ```

    ```dspy
    words = "a,b".split(",")
    ```
    """
    for call in called(item, node):
        for argument in call.binding.repeated:
            name = argument.name
            if name is not None:
                words = f"`{name.text}` of `{call.name}` is already given by position"
                fix = without_argument(item, call.arguments, argument)
                yield repeated_argument.at(name, words, fix=fix)


@rule("E207", "spread-inputs", syntax.Call, fix="sometimes")
def spread_inputs(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A module is called with `*` or `**`, so its inputs are unknown.

    ```dspy
    module qa = ChainOfThought("question -> answer")

    def ask(values: dict[str, str]) -> str:
        return qa(**values).answer
    #             ^^^^^^^^ E207 a module call does not accept `**`; pass each input by name
    ```

    ```dspy
    module qa = ChainOfThought("question -> answer")

    def ask(values: dict[str, str]) -> str:
        return qa(question=values["question"]).answer
    ```
    """
    binding = item.binding_of(node)
    if isinstance(binding.callee, types.Module | types.AnyModule):
        for argument in node.arguments:
            if argument.star:
                words = f"a module call does not accept `{argument.star}`; pass each input by name"
                yield spread_inputs.at(argument, words, fix=_by_inputs(item, binding, argument))


def _by_inputs(item: Item, binding: Binding, argument: syntax.Argument) -> Fix | None:
    """`**values` as the module's inputs one by one, out of a dict, a prediction or a row."""
    module, kind = binding.callee, item.type_of(argument.value)
    if (
        argument.star != "**"
        or not isinstance(module, types.Module)
        or not isinstance(argument.value, syntax.Name)
    ):
        return None
    given = {each.name.text for each, _ in binding.matched if each.name is not None}
    inputs = [each.name for each in module.interface.inputs if each.required and each.name not in given]
    by_key = isinstance(kind, types.Dict)
    if not inputs or not (by_key or isinstance(kind, types.Prediction | types.Fields)):
        return None
    value = argument.value.text
    text = ", ".join(f'{name}={value}["{name}"]' if by_key else f"{name}={value}.{name}" for name in inputs)
    return replace(f"Write `{text[:60]}`", argument, text)
