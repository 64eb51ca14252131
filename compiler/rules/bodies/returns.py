"""What `return` gives: in `forward` the outputs, in `def` a value of the declared type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from ....base.diagnostic import Fix
from ....base.span import Span
from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...types.assignable import assignable
from ...types.display import display
from ...types.narrow import only_none_misfits
from ...types.union import plain
from ..edits import without_argument
from ..rule import BODIES, Body, Findings, insert, replace, rule, written
from ..values.misspelt_choices import compares_with_missing
from ..words import but_is, described, listed, meant_or_has, near, nouns
from .flow import gap, terminates

_Declaration: TypeAlias = syntax.FunctionDeclaration | syntax.ModuleDeclaration


@rule("E213", "incomplete-return", syntax.ModuleDeclaration, fix="sometimes")
def incomplete_return(program: Program, item: Item, node: syntax.ModuleDeclaration) -> Findings:
    """A `return` in `forward` or `fallback` leaves out an output.

    ```dspy
    module Summarise:
        input text: str
        output title: str
        output summary: str
        write = Predict("text -> title, summary")
        forward:
            found = write(text=text)
            return title=found.title
    #       ^^^^^^^^^^^^^^^^^^^^^^^^ E213 `return` is missing the output `summary`
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
    for returned, outputs in _module_returns(item, node):
        names = [each.name.text for each in outputs]
        if returned.outputs is not None:
            given = _given(item, returned.outputs)
            missing = [name for name in names if given is not None and name not in given]
            if missing and not _unknown_names(returned, names):
                words = f"`return` is missing {nouns('output', missing)}"
                yield incomplete_return.at(returned, words)
        elif returned.value is None:
            yield incomplete_return.at(returned, f"`return` is missing {nouns('output', names)}")
        else:
            yield from _whole(item, returned.value, names)


def _whole(item: Item, value: syntax.Expression, names: list[str]) -> Findings:
    kind = item.type_of(value)
    if isinstance(kind, types.Prediction | types.Fields):
        interface = kind.interface
        missing = [name for name in names if interface.field(name) is None]
        if missing and not interface.open:
            has = listed([each.name for each in interface.outputs])
            words = f"this has {has}, but not {nouns('output', missing)}"
            yield incomplete_return.at(value, words)
    elif types.known(kind) and not isinstance(kind, types.Instance | types.Union):
        fix = _named(item, value, names)
        if fix is None and len(names) == 1 and not isinstance(value, syntax.Dict):
            fix = insert(f"Write `{names[0]}=`", value.span.start, f"{names[0]}=")
        form = ", ".join(f"{name}=…" for name in names)
        yield incomplete_return.at(value, f"return outputs by name: `return {form}`", fix=fix)


def _named(item: Item, value: syntax.Expression, names: list[str]) -> Fix | None:
    """A dict of the outputs, or a tuple of as many values, written as outputs by name."""
    match value:
        case syntax.Dict(entries=entries):
            keys = [each.key.value for each in entries if isinstance(each.key, syntax.String)]
            if sorted(keys) != sorted(names):
                return None
            values = [each.value for each in entries]
        case syntax.Tuple(elements=elements) if len(elements) == len(names):
            keys, values = names, list(elements)
        case _:
            return None
    text = ", ".join(f"{key}={written(item, each)}" for key, each in zip(keys, values, strict=True))
    return replace("Write the outputs by name", value, text)


@rule("E214", "unknown-output", *BODIES, fix="sometimes")
def unknown_output(program: Program, item: Item, node: Body) -> Findings:
    """A `return` in `forward` names an output that the module does not declare.

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
    if not isinstance(node, syntax.ModuleDeclaration):
        for each in item.nodes(syntax.Return):
            if each.outputs:
                yield unknown_output.at(each, "only `forward` returns values by name; return a single value")
        return
    for returned, outputs in _module_returns(item, node):
        names = [each.name.text for each in outputs]
        for name in _unknown_names(returned, names):
            close = near(name.text, names)
            fix = replace(f"Change to `{close}`", name, close) if close else None
            words = f"`{node.name.text}` has no output `{name.text}`{meant_or_has(name.text, names)}"
            yield unknown_output.at(name, words, fix=fix)


@rule("E215", "missing-return", syntax.FunctionDeclaration, syntax.ModuleDeclaration)
def missing_return(program: Program, item: Item, node: _Declaration) -> Findings:
    """A path through `forward`, `fallback` or a function ends without a `return`.

    ```dspy
    def sign(number: int) -> str:
    #   ^^^^ E215 `sign` can end without a `return`
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
    name = node.name.text
    if isinstance(node, syntax.FunctionDeclaration):
        kind = item.type_of(node.returns) if node.returns is not None else types.NONE
        may_end = types.known(kind) and not assignable(types.NONE, kind) and not terminates(item, node.body)
        if may_end and not compares_with_missing(program, item):
            words = f"`{name}` can end without a `return`{_when(item, node.body)}"
            yield missing_return.at(node.name, words)
        return
    if node.forward is None:
        if node.fields:
            words, advice = f"`{name}` has no `forward:`", "add a `forward:` block that returns the outputs"
            yield missing_return.at(node.name, words, advice)
        return
    for word, block in (("forward", node.forward), ("fallback", node.fallback)):
        if block and not terminates(item, block) and not compares_with_missing(program, item):
            words = f"`{word}` of `{name}` can end without a `return`{_when(item, block)}"
            yield missing_return.at(_head(item, word, block), words)


def _when(item: Item, block: Sequence[syntax.Statement]) -> str:
    left = gap(item, block)
    return f" if {left}" if left else ""


@rule("E216", "wrong-return", syntax.FunctionDeclaration, syntax.ModuleDeclaration, fix="sometimes")
def wrong_return(program: Program, item: Item, node: _Declaration) -> Findings:
    """A returned value does not have the declared type.

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
    if isinstance(node, syntax.FunctionDeclaration):
        yield from _function_returns(item, node)
        return
    for returned, outputs in _module_returns(item, node):
        declared = {each.name.text: item.type_of(each.type) for each in outputs if each.type is not None}
        for argument in returned.outputs or ():
            if argument.name is None:
                continue
            name, given = argument.name.text, item.type_of(argument.value)
            wanted = declared.get(name, types.UNKNOWN)
            if not assignable(given, wanted) and not only_none_misfits(given, wanted):
                words = f"`{name}` is {described(wanted)}{but_is(_plain(given), wanted)}"
                yield wrong_return.at(argument.value, words)
        if returned.value is not None:
            yield from _passed_on(item, returned.value, declared)


def _plain(given: types.Type) -> types.Type:
    """A type as a message says it: constants by their class, as long as several do not become one."""
    wide = plain(given)
    return wide if isinstance(wide, types.Union) is isinstance(given, types.Union) else given


def _function_returns(item: Item, node: syntax.FunctionDeclaration) -> Findings:
    wanted = item.type_of(node.returns) if node.returns is not None else types.UNKNOWN
    for returned in item.nodes(syntax.Return):
        if returned.outputs is not None:
            continue
        given = item.type_of(returned.value) if returned.value is not None else types.NONE
        if not assignable(given, wanted) and not only_none_misfits(given, wanted):
            words = f"`{node.name.text}` returns {described(wanted)}{but_is(_plain(given), wanted)}"
            fix = None
            if node.returns is not None and isinstance(given, types.Nothing):
                fix = insert("Write `| None`", node.returns.span.end, " | None")
            elif node.returns is not None and _is_plain(plain(given)):
                shown = display(plain(given))
                fix = replace(f"Change the return type to `{shown}`", node.returns, shown)
            elif wanted == types.BOOL and not isinstance(returned.value, syntax.Tuple | None):
                fix = replace("Write `bool(…)`", returned.value, f"bool({written(item, returned.value)})")
            yield wrong_return.at(returned.value or returned, words, fix=fix)


def _is_plain(kind: types.Type) -> bool:
    """Whether a type can be written everywhere."""
    match kind:
        case types.Builtin() | types.Nothing():
            return True
        case types.List(item=item) | types.Set(item=item):
            return _is_plain(item)
        case types.Dict(key=key, value=value):
            return _is_plain(key) and _is_plain(value)
        case types.Union(options=options):
            return all(map(_is_plain, options))
        case _:
            return False


def _passed_on(item: Item, value: syntax.Expression, declared: dict[str, types.Type]) -> Findings:
    kind = item.type_of(value)
    for field in kind.interface.outputs if isinstance(kind, types.Prediction) else ():
        if field.name in declared and not assignable(field.type, declared[field.name]):
            wanted = display(declared[field.name])
            words = f"the output `{field.name}` is `{wanted}`, not `{display(field.type)}`"
            yield wrong_return.at(value, words)


@rule("E219", "repeated-output", syntax.ModuleDeclaration, fix="sometimes")
def repeated_output(program: Program, item: Item, node: syntax.ModuleDeclaration) -> Findings:
    """A `return` sets an output twice, by name or through `**`.

    ```dspy
    module Ask:
        input question: str
        output answer: str
        respond = Predict("question -> answer")
        forward:
            return answer="", answer=respond(question=question).answer
    #                         ^^^^^^ E219 `return` sets the output `answer` twice
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
    for returned, outputs in _module_returns(item, node):
        declared = {each.name.text for each in outputs}
        seen: set[str] = set()
        for argument in sorted(returned.outputs or (), key=lambda each: each.star != "**"):
            for name in _names(item, argument):
                if name in seen and name in declared:
                    fix = None
                    if argument.name is not None and returned.outputs is not None:
                        fix = without_argument(item, returned.outputs, argument)
                    words = f"`return` sets the output `{name}` twice"
                    yield repeated_output.at(argument.name or argument, words, fix=fix)
                seen.add(name)


def _module_returns(
    item: Item, declaration: syntax.ModuleDeclaration
) -> Iterator[tuple[syntax.Return, list[syntax.Field]]]:
    """The `return`s of a module's `forward` and `fallback`, with its outputs."""
    outputs = [each for each in declaration.fields if each.direction == "output"]
    for node in item.nodes(syntax.Return) if outputs else ():
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
