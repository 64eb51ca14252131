"""A method that changes a list, dict or set: values are immutable."""

from __future__ import annotations

from ....base.diagnostic import Diagnostic
from ....grammar import syntax
from ...program import Item, Program
from ...resolve.builtins import class_name
from ..rule import Findings, replace, rule, written
from .unknown_field import is_mutation


@rule("E225", "mutation", syntax.Call, fix="sometimes")
def mutation(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A list, dict or set is changed in place.

    Values are immutable, so calls can run at the same time. Bind the name to a new value instead; `xs +=
    [x]` always means `xs = xs + [x]`.

    ```dspy
    def double(numbers: list[int]) -> list[int]:
        found = []
        for number in numbers:
            found.append(number * 2)
    #             ^^^^^^ E225 a list cannot be changed in place; write `found += [number * 2]`
        return found
    ```

    ```dspy
    def double(numbers: list[int]) -> list[int]:
        found = []
        for number in numbers:
            found += [number * 2]
        return found
    ```
    """
    function = node.function
    if not isinstance(function, syntax.Attribute) or item.symbol_of(function.name) is not None:
        return
    kind = item.type_of(function.value)
    if is_mutation(kind, function.name.text):
        statement = next(
            (each for each in item.nodes(syntax.ExpressionStatement) if each.value is node), None
        )
        text = _rewritten(item, node, function) if statement is not None else None
        yield _finding(function, class_name(kind) or "value", text, statement)


def _finding(
    function: syntax.Attribute, kind: str, text: str | None, statement: syntax.ExpressionStatement | None
) -> Diagnostic:
    if text is None or statement is None:
        return mutation.at(function.name, f"a {kind} cannot be changed in place; make a new one")
    fix = replace(f"Write `{text}`", statement, text)
    return mutation.at(function.name, f"a {kind} cannot be changed in place; write `{text}`", fix=fix)


def _rewritten(item: Item, call: syntax.Call, function: syntax.Attribute) -> str | None:
    """The statement that binds the name to a new value; None where there is no short one."""
    if not isinstance(function.value, syntax.Name) or any(each.star or each.name for each in call.arguments):
        return _rewritten_sort(item, call, function)
    name = function.value.text
    given = [written(item, each.value) for each in call.arguments]
    match function.name.text, given:
        case "append", [value]:
            return f"{name} += [{value}]"
        case "extend", [values]:
            return f"{name} += {values}"
        case "add", [value]:
            return f"{name} |= {{{value}}}"
        case "update", [values]:
            return f"{name} |= {values}"
        case "clear", []:
            return f"{name} = {'[]' if class_name(item.type_of(function.value)) == 'list' else '{}'}"
        case "reverse", []:
            return f"{name} = {name}[::-1]"
        case "insert", [index, value]:
            return f"{name} = [*{name}[:{index}], {value}, *{name}[{index}:]]"
        case _:
            return _rewritten_sort(item, call, function)


def _rewritten_sort(item: Item, call: syntax.Call, function: syntax.Attribute) -> str | None:
    if function.name.text != "sort" or not isinstance(function.value, syntax.Name):
        return None
    name = function.value.text
    return f"{name} = sorted({', '.join([name, *(written(item, each) for each in call.arguments)])})"
