"""What `return` gives: in `forward` the outputs, in `def` a value of the declared type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...grammar import syntax
from ...grammar.source import Span
from .. import types
from ..diagnostic import Edit, Fix
from ..program import Item, Program, walk
from ..relations import assignable, display, plain
from .rule import Finding, replace, rule
from .words import described, listed, meant_or_has, near


@rule("E213", "incomplete-return")
def incomplete_return(program: Program, item: Item) -> Iterator[Finding]:
    """A `return` of `forward` or `fallback` does not give all outputs.

    ```dspy
    module Summarise:
        input text: str
        output title: str
        output summary: str
        write = Predict("text -> title, summary")
        forward:
            found = write(text=text)
            return title=found.title
    #       ^^^^^^^^^^^^^^^^^^^^^^^^ E213 `return` lacks the output `summary`
    ```

    ```dspy
    module Summarise:
        input text: str
        output title: str
        output summary: str
        write = Predict("text -> title, summary")
        forward:
            found = write(text=text)
            return title=found.title, summary=found.summary
    ```
    """
    for node, outputs in _module_returns(item):
        names = [each.name.text for each in outputs]
        if node.outputs is not None:
            given = _given(item, node.outputs)
            missing = [name for name in names if given is not None and name not in given]
            if missing and not _unknown_names(node, names):
                yield Finding(node, f"`return` lacks the output{_s(missing)} {listed(missing)}")
        elif node.value is None:
            yield Finding(node, f"`return` lacks the output{_s(names)} {listed(names)}")
        else:
            yield from _whole(item, node, node.value, names)


def _whole(item: Item, node: syntax.Return, value: syntax.Expression, names: list[str]) -> Iterator[Finding]:
    kind = item.type_of(value)
    if isinstance(kind, types.Prediction | types.Fields):
        interface = kind.interface
        missing = [name for name in names if interface.field(name) is None]
        if missing and not interface.open:
            has = listed([each.name for each in interface.outputs])
            yield Finding(value, f"this gives {has}, but not the output{_s(missing)} {listed(missing)}")
    elif types.known(kind) and not isinstance(kind, types.Instance | types.Union):
        fix = None
        if len(names) == 1:
            at = Span(value.span.start, value.span.start)
            fix = Fix(f"Write `{names[0]}=`", (Edit(at, f"{names[0]}="),), "unsafe")
        form = ", ".join(f"{name}=…" for name in names)
        yield Finding(value, f"`return` gives the outputs by name: `return {form}`", fix=fix)


@rule("E214", "unknown-output")
def unknown_output(program: Program, item: Item) -> Iterator[Finding]:
    """A `return` of `forward` names an output that the module does not declare.

    ```dspy
    module Ask:
        input question: str
        output answer: str
        respond = Predict("question -> answer")
        forward:
            return anwser=respond(question=question).answer
    #              ^^^^^^ E214 `Ask` has no output `anwser`; did you mean `answer`?
    ```

    ```dspy
    module Ask:
        input question: str
        output answer: str
        respond = Predict("question -> answer")
        forward:
            return answer=respond(question=question).answer
    ```
    """
    declaration = item.declaration
    if isinstance(declaration, syntax.FunctionDeclaration | syntax.TestDeclaration):
        for each in item.nodes(syntax.Return):
            if each.outputs:
                yield Finding(each, "only `forward` returns by name; write `return` and one value")
        return
    for node, outputs in _module_returns(item):
        names = [each.name.text for each in outputs]
        assert isinstance(declaration, syntax.ModuleDeclaration)
        for name in _unknown_names(node, names):
            close = near(name.text, names)
            fix = replace(f"Change to `{close}`", name, close) if close else None
            ending = meant_or_has(name.text, names)
            yield Finding(name, f"`{declaration.name.text}` has no output `{name.text}`{ending}", fix=fix)


@rule("E215", "missing-return")
def missing_return(program: Program, item: Item) -> Iterator[Finding]:
    """There is a way through `forward`, `fallback` or a function at whose end nothing is returned.

    ```dspy
    def sign(number: int) -> str:
    #   ^^^^ E215 `sign` may end without `return`
        if number > 0:
            return "positive"
        elif number < 0:
            return "negative"
    ```

    ```dspy
    def sign(number: int) -> str:
        if number > 0:
            return "positive"
        elif number < 0:
            return "negative"
        return "zero"
    ```
    """
    match item.declaration:
        case syntax.FunctionDeclaration(name=name, returns=returns, body=body):
            kind = item.type_of(returns) if returns is not None else types.NONE
            if types.known(kind) and not assignable(types.NONE, kind) and not terminates(body):
                yield Finding(name, f"`{name.text}` may end without `return`")
        case syntax.ModuleDeclaration(name=name, forward=forward, fallback=fallback):
            if forward is None and not item.declaration.fields:
                return
            if forward is None:
                yield Finding(name, f"`{name.text}` has no `forward:`", "write what it does with its inputs")
            for word, block in (("forward", forward), ("fallback", fallback)):
                if block and not terminates(block):
                    yield Finding(
                        _head(item, word, block), f"`{word}` of `{name.text}` may end without `return`"
                    )


@rule("E216", "wrong-return")
def wrong_return(program: Program, item: Item) -> Iterator[Finding]:
    """What is returned is not of the declared type.

    ```dspy
    def half(number: int) -> int:
        return number / 2
    #          ^^^^^^^^^^ E216 `half` returns `int`, not `float`
    ```

    ```dspy
    def half(number: int) -> float:
        return number / 2
    ```
    """
    declaration = item.declaration
    if isinstance(declaration, syntax.FunctionDeclaration) and declaration.returns is not None:
        wanted = item.type_of(declaration.returns)
        for node in item.nodes(syntax.Return):
            if node.outputs is not None:
                continue
            given = item.type_of(node.value) if node.value is not None else types.NONE
            if not assignable(given, wanted):
                place = node.value or node
                yield Finding(
                    place,
                    f"`{declaration.name.text}` returns {described(wanted)}, not {described(plain(given))}",
                )
    for node, outputs in _module_returns(item):
        declared = {each.name.text: item.type_of(each.type) for each in outputs if each.type is not None}
        for argument in node.outputs or ():
            wanted_output = declared.get(argument.name.text) if argument.name is not None else None
            given = item.type_of(argument.value)
            if (
                argument.name is not None
                and wanted_output is not None
                and not assignable(given, wanted_output)
            ):
                words = f"`{argument.name.text}` is {described(wanted_output)}, not {described(plain(given))}"
                yield Finding(argument.value, words)
        if node.value is not None:
            yield from _passed_on(item, node.value, declared)


def _passed_on(item: Item, value: syntax.Expression, declared: dict[str, types.Type]) -> Iterator[Finding]:
    kind = item.type_of(value)
    for field in kind.interface.outputs if isinstance(kind, types.Prediction) else ():
        if field.name in declared and not assignable(field.type, declared[field.name]):
            wanted = display(declared[field.name])
            yield Finding(value, f"the output `{field.name}` is `{wanted}`, not `{display(field.type)}`")


@rule("E219", "repeated-output")
def repeated_output(program: Program, item: Item) -> Iterator[Finding]:
    """A `return` gives an output twice, by name or by what `**` brings.

    ```dspy
    module Ask:
        input question: str
        output answer: str
        respond = Predict("question -> answer")
        forward:
            return answer="", answer=respond(question=question).answer
    #                         ^^^^^^ E219 `return` gives the output `answer` twice
    ```

    ```dspy
    module Ask:
        input question: str
        output answer: str
        respond = Predict("question -> answer")
        forward:
            return answer=respond(question=question).answer
    ```
    """
    for node, outputs in _module_returns(item):
        declared = {each.name.text for each in outputs}
        seen: set[str] = set()
        for argument in sorted(node.outputs or (), key=lambda each: each.star != "**"):
            for name in _names(item, argument):
                if name in seen and name in declared:
                    yield Finding(argument.name or argument, f"`return` gives the output `{name}` twice")
                seen.add(name)


# --- what a body does -----------------------------------------------------------------------------------


def terminates(body: Sequence[syntax.Statement]) -> bool:
    """Whether control cannot reach the end of a block."""
    return any(_ends(statement) for statement in body)


def _ends(statement: syntax.Statement) -> bool:
    match statement:
        case syntax.Return():
            return True
        case syntax.Assert(test=syntax.Constant(value=False), suggest=False):
            return True
        case syntax.If(branches=branches, otherwise=otherwise):
            return (
                bool(otherwise) and terminates(otherwise) and all(terminates(each.body) for each in branches)
            )
        case syntax.Match(cases=cases):
            return any(_catches_all(each) for each in cases) and all(terminates(each.body) for each in cases)
        case _:
            return False


def _catches_all(case: syntax.Case) -> bool:
    pattern = case.pattern
    while isinstance(pattern, syntax.AsPattern):
        pattern = pattern.pattern
    return case.guard is None and isinstance(pattern, syntax.CapturePattern)


def _module_returns(item: Item) -> Iterator[tuple[syntax.Return, list[syntax.Field]]]:
    """The `return`s of a module's `forward` and `fallback`, with its outputs."""
    declaration = item.declaration
    if not isinstance(declaration, syntax.ModuleDeclaration):
        return
    outputs = [each for each in declaration.fields if each.direction == "output"]
    if not outputs:
        return
    for statement in (*(declaration.forward or ()), *(declaration.fallback or ())):
        for node in walk(statement):
            if isinstance(node, syntax.Return):
                yield node, outputs


def _given(item: Item, outputs: Sequence[syntax.Argument]) -> set[str] | None:
    """The outputs that a `return` gives; None when that cannot be told."""
    given: set[str] = set()
    for argument in outputs:
        if argument.name is None:
            kind = item.type_of(argument.value)
            if not isinstance(kind, types.Prediction | types.Fields) or kind.interface.open:
                return None
        given.update(_names(item, argument))
    return given


def _names(item: Item, argument: syntax.Argument) -> list[str]:
    if argument.name is not None:
        return [argument.name.text]
    kind = item.type_of(argument.value)
    return [each.name for each in kind.interface.outputs] if isinstance(kind, types.Prediction) else []


def _unknown_names(node: syntax.Return, names: list[str]) -> list[syntax.Identifier]:
    given = [each.name for each in node.outputs or () if each.name is not None]
    return [each for each in given if each.text not in names]


def _head(item: Item, word: str, block: Sequence[syntax.Statement]) -> Span:
    heads = list(re.finditer(rf"^[ \t]*({word})\s*:", item.text[: block[0].span.start], re.MULTILINE))
    return Span(*heads[-1].span(1)) if heads else block[0].span


def _s(names: Sequence[str]) -> str:
    return "s" if len(names) > 1 else ""
