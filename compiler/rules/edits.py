"""Edits that fixes of several families are made of: other names, and arguments taken out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from ...base.diagnostic import Applicability, Edit, Fix
from ...base.span import Span
from ...grammar import syntax
from ..program import Item
from .rule import replace


def rename(nodes: Iterable[syntax.Node | Span], name: str) -> Fix:
    """Write another name in all of these places."""
    spans = (each.span if isinstance(each, syntax.Node) else each for each in nodes)
    return Fix(f"Rename to `{name}`", tuple(Edit(span, name) for span in spans), "unsafe")


def field_places(item: Item, field: syntax.Field) -> list[Span]:
    """Where a field's name stands in its declaration, demos and returns among it."""
    name = field.name.text
    arguments = [each.arguments for each in item.nodes(syntax.Demo)]
    arguments += [each.outputs or () for each in item.nodes(syntax.Return)]
    named = [
        each.name.span
        for group in arguments
        for each in group
        if each.name is not None and each.name.text == name
    ]
    read = [
        each.span
        for each in item.nodes(syntax.Name)
        if each.text == name
        and (symbol := item.symbol_of(each)) is not None
        and symbol.kind in ("input", "output", "field")
    ]
    return [field.name.span, *named, *read]


def free_name(name: str, taken: Collection[str]) -> str:
    """`name_2`, or the first number above that is not taken."""
    base = re.sub(r"_\d+\Z", "", name)
    number = 2
    while f"{base}_{number}" in taken:
        number += 1
    return f"{base}_{number}"


def in_list(item: Item, nodes: Sequence[syntax.Node], node: syntax.Node) -> Span:
    """The range of one of several nodes that commas separate, with the comma that goes with it."""
    index = next(at for at, each in enumerate(nodes) if each is node)
    if index:
        return Span(nodes[index - 1].span.end, node.span.end)
    if len(nodes) > 1:
        return Span(node.span.start, nodes[1].span.start)
    trailing = re.compile(r"\s*,").match(item.text, node.span.end)
    return Span(node.span.start, trailing.end() if trailing else node.span.end)


def without_argument(
    item: Item,
    arguments: Sequence[syntax.Argument],
    argument: syntax.Argument,
    applicability: Applicability = "unsafe",
) -> Fix:
    """Take an argument out of a call."""
    name = argument.name.text if argument.name is not None else "it"
    return replace(
        f"Remove `{name}`" if name != "it" else "Remove it",
        in_list(item, arguments, argument),
        "",
        applicability,
    )


def lines_of(item: Item, span: Span) -> Span:
    """A range extended to whole lines, the line break behind it included."""
    start = item.text.rfind("\n", 0, span.start) + 1
    end = item.text.find("\n", span.end)
    return Span(start, len(item.text) if end < 0 else end + 1)
