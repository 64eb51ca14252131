"""Braces in a string that is not an f-string."""

from __future__ import annotations

import re

from ....base.span import Span
from ....grammar import syntax
from ...program import Item, Program
from ...trees import children
from ..bodies.paths import bodies
from ..rule import BODIES, Body, Findings, insert, rule

_FIELD = re.compile(r"\{(?P<name>[A-Za-z_]\w*)(?:\.\w+|\[[^\[\]{}]*\]|\(\))*(?:![rsa])?(?::[^{}]*)?\}")
_TEMPLATES = frozenset({"format", "format_map", "replace"})
"""Methods of a text that put values into braces themselves."""


@rule("W201", "missing-f", *BODIES, fix="sometimes", severity="warning")
def missing_f(program: Program, item: Item, node: Body) -> Findings:
    """A string has a variable in braces but no `f` before it, so the braces are not filled in.

    ```dspy
    def heading(title: str) -> str:
        return "## {title}"
    #          ^^^^^^^^^^^^ W201 `{title}` is not filled in; write an `f` before the string
    ```

    ```dspy
    def heading(title: str) -> str:
        return f"## {title}"
    ```
    """
    if not any("{" in each.value for each in item.nodes(syntax.String)):
        return
    for _, body in bodies(node):
        for statement in body:
            yield from _strings(item, statement)


def _strings(item: Item, node: syntax.Node) -> Findings:
    match node:
        case syntax.ExpressionStatement(value=syntax.String()):
            return
        case syntax.String():
            yield from _string(item, node)
        case syntax.Call(
            function=syntax.Attribute(value=syntax.String(), name=syntax.Identifier(text=name)),
            arguments=arguments,
        ) if name in _TEMPLATES:
            for argument in arguments:
                yield from _strings(item, argument)
        case syntax.Call(function=syntax.Attribute(name=syntax.Identifier(text="replace"))):
            return
        case _:
            for child in children(node):
                yield from _strings(item, child)


def _string(item: Item, node: syntax.String) -> Findings:
    if "{" not in node.value or "{{" in node.value or item.signature_string(node) is not None:
        return
    fields = list(_FIELD.finditer(node.value))
    names = _names_at(item, node.span.start)
    found = next((each for each in fields if each["name"] in names), None)
    if found is None:
        return
    is_plain = node.raw[:1] in "\"'"
    all_mean_something = len(fields) == node.value.count("{") == node.value.count("}") and all(
        each["name"] in names for each in fields
    )
    fix = (
        insert("Write an `f` before the string", node.span.start, "f")
        if all_mean_something and is_plain
        else None
    )
    yield missing_f.at(node, f"`{found[0]}` is not filled in; write an `f` before the string", fix=fix)


def _names_at(item: Item, offset: int) -> set[str]:
    """The names that the item itself brings to a place."""
    return {
        symbol.name
        for span, symbol in item.visible
        if Span(span.start, span.end).contains(offset) and symbol.kind in ("local", "parameter", "input")
    }
