"""Types as Python's values, BAML and other languages write them, and the types that are meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ....base.diagnostic import Edit, Fix
from ....base.span import Span
from ....grammar import syntax
from ...program import Item
from ..rule import replace, written

_NO_ARGUMENTS = frozenset({"str", "int", "float", "bool", "Any", "date", "datetime", "Decimal"})


class Meant(NamedTuple):
    """What to say of something that is not a type."""

    location: syntax.Node | Span
    message: str
    fix: Fix | None = None


def meant_type(item: Item, node: syntax.Expression) -> Meant | None:
    """What is meant by an expression that is not a type; None where that cannot be told."""
    match node:
        case syntax.Binary(operator="@"):
            return _attribute(item, node)
        case syntax.Binary(operator="//", left=left):
            start = left.span.end
            at = item.text.index("//", start)
            span = Span(at, at + 2)
            fix = replace("Write `#`", span, "#")
            return Meant(span, "a comment starts with `#`, not `//`", fix)
        case syntax.Call(function=syntax.Name(text=name) as function, arguments=arguments):
            return _call(item, node, function, name, arguments)
        case syntax.List(elements=(element,)) if _is_type_like(element):
            return _written_as(item, node, f"list[{written(item, element)}]")
        case syntax.List(elements=elements) | syntax.Set(elements=elements) if _are_values(elements):
            return _written_as(item, node, f"Literal[{_joined(item, elements)}]")
        case syntax.Tuple(elements=elements) if elements and all(map(_is_type_like, elements)):
            return _written_as(item, node, f"tuple[{_joined(item, elements)}]")
        case syntax.Dict(entries=(entry,)) if entry.key is not None and _is_type_like(entry.key):
            right = f"dict[{written(item, entry.key)}, {written(item, entry.value)}]"
            return _written_as(item, node, right)
        case syntax.Dict(entries=entries) if len(entries) > 1 and all(
            each.key is not None and _is_type_like(each.key) for each in entries
        ):
            return Meant(node, "a record is declared as `type NAME:`, with a line for each attribute")
        case _:
            return None


def _written_as(item: Item, node: syntax.Node, right: str) -> Meant:
    message = f"`{written(item, node)[:60]}` is not a type; write `{right[:60]}`"
    return Meant(node, message, replace(f"Write `{right[:60]}`", node, right))


def _joined(item: Item, nodes: tuple[syntax.Expression, ...]) -> str:
    return ", ".join(written(item, each) for each in nodes)


def _is_type_like(node: syntax.Expression) -> bool:
    return isinstance(node, syntax.Name | syntax.Attribute | syntax.Subscript)


def _are_values(nodes: tuple[syntax.Expression, ...]) -> bool:
    return bool(nodes) and all(isinstance(each, syntax.String | syntax.Constant) for each in nodes)


def _attribute(item: Item, node: syntax.Binary) -> Meant:
    """`str @description("…")` of BAML."""
    at = item.text.rindex("@", node.left.span.end, node.right.span.start)
    span = Span(at, node.right.span.end)
    right = node.right
    name = right.function if isinstance(right, syntax.Call) else right
    text = written(item, name)
    if text == "description" and isinstance(right, syntax.Call) and len(right.arguments) == 1:
        described = written(item, right.arguments[0].value)
        fix = replace("Write the description", span, described)
        return Meant(span, f"a description follows the type directly: `{described[:60]}`", fix)
    if text == "alias":
        return Meant(span, "`@alias` is not supported; give the field the name that the model should see")
    return Meant(span, f"`@{text[:40]}` is not supported; write a condition with `where`, or a description")


def _call(
    item: Item, node: syntax.Call, function: syntax.Name, name: str, arguments: tuple[syntax.Argument, ...]
) -> Meant | None:
    if name == "Values":
        return None
    if name in ("Enum", "StrEnum") and len(arguments) == 2:
        title = arguments[0].value
        shown = title.value if isinstance(title, syntax.String) and title.value.isidentifier() else "NAME"
        return Meant(node, f"a choice is declared as `enum {shown}:`, with a line for each member")
    described = [
        each for each in arguments if each.name is not None and each.name.text in ("desc", "description")
    ]
    strings = [each for each in arguments if each.name is None and isinstance(each.value, syntax.String)]
    if name in _NO_ARGUMENTS and len(arguments) == 1 and (described or strings):
        text = written(item, arguments[0].value)
        fix = replace("Write the description", Span(function.span.end, node.span.end), f" {text}")
        return Meant(node, f"a description follows the type directly: `{name} {text[:60]}`", fix)
    if arguments and not any(each.name or each.star for each in arguments) and name not in _NO_ARGUMENTS:
        right = f"{name}[{', '.join(written(item, each.value) for each in arguments)}]"
        return _written_as(item, node, right)
    return None


def unions(item: Item) -> Iterator[tuple[syntax.Binary, tuple[syntax.Expression, ...]]]:
    """The unions among an item's types, each whole, with their members from the left."""
    inner = {
        id(each.left)
        for each in item.annotations.values()
        if isinstance(each, syntax.Binary) and each.operator == "|"
    }
    for each in item.annotations.values():
        if isinstance(each, syntax.Binary) and each.operator == "|" and id(each) not in inner:
            members: list[syntax.Expression] = []
            part: syntax.Expression = each
            while isinstance(part, syntax.Binary) and part.operator == "|":
                members.append(part.right)
                part = part.left
            yield each, (part, *reversed(members))


def choices_as_types(item: Item) -> dict[int, Meant]:
    """Unions of strings, and of names that nothing declares, by each of their members: a choice is meant."""
    found: dict[int, Meant] = {}
    for union, members in unions(item):
        if all(isinstance(each, syntax.String) for each in members):
            inside = ", ".join(written(item, each) for each in members)
        elif all(isinstance(each, syntax.Name) and item.symbol_of(each) is None for each in members):
            inside = ", ".join(f'"{written(item, each)}"' for each in members)
        else:
            continue
        right = f"Literal[{inside}]"
        said = Meant(union, f"a choice is written `{right[:80]}`", replace("Write `Literal`", union, right))
        found |= {id(each): said for each in members}
    return found


def range_as_type(item: Item, node: syntax.Subscript) -> Meant | None:
    """`int[1, 5]`, which is meant as a condition."""
    value, index = node.value, node.index
    if not isinstance(value, syntax.Name) or value.text not in _NO_ARGUMENTS:
        return None
    bounds = index.elements if isinstance(index, syntax.Tuple) else (index,)
    if isinstance(index, syntax.Slice):
        bounds = tuple(each for each in (index.lower, index.upper) if each is not None)
    if not bounds or not all(isinstance(each, syntax.Constant | syntax.Unary) for each in bounds):
        return None
    field = next(
        (each for each in item.nodes(syntax.Field) if each.type is not None and each.type.span == node.span),
        None,
    )
    name = field.name.text if field is not None else "x"
    low, *high = (written(item, each) for each in bounds)
    condition = f"{low} <= {name} <= {high[0]}" if high else f"{name} <= {low}"
    right = f"{value.text} where {condition}"
    fix = None
    if field is not None and len(bounds) == 2:
        fix = Fix(f"Write `{right}`", (Edit(node.span, right),), "unsafe")
    return Meant(node, f"a range is a condition: `{right}`", fix)
