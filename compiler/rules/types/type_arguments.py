"""What stands in the brackets of a type."""

from __future__ import annotations

from ....base.diagnostic import Edit, Fix
from ....grammar import syntax
from ...program import Item, Program
from ..rule import Findings, replace, rule, written

_TAKES = {"list": 1, "set": 1, "frozenset": 1, "dict": 2}


@rule("E114", "literal-value", syntax.Subscript, fix="sometimes")
def literal_value(program: Program, item: Item, node: syntax.Subscript) -> Findings:
    """A `Literal` contains something that is not a constant, most often a string without its quotes.

    ```dspy
    signature Classify:
        input text: str
        output label: Literal[positive, "negative"]
    #                         ^^^^^^^^ E114 `Literal` takes constants; write `"positive"`
    ```

    ```dspy
    signature Classify:
        input text: str
        output label: Literal["positive", "negative"]
    ```
    """
    if _generic(item, node) != "Literal":
        return
    names = [each for each in _elements(node) if isinstance(each, syntax.Name)]
    if len(names) > 1:
        form = ", ".join(f'"{each.text}"' for each in names)
        edits = tuple(Edit(each.span, f'"{each.text}"') for each in names)
        words = f"`Literal` takes constants; write `{form}`"
        yield literal_value.at(names[0], words, fix=Fix("Put them in quotes", edits, "unsafe"))
    for each in _elements(node):
        match each:
            case syntax.Name() if len(names) > 1:
                pass
            case syntax.String() | syntax.Attribute() | syntax.Missing():
                pass
            case syntax.Constant(value=value) if not isinstance(value, float):
                pass
            case syntax.Unary(operator="-", operand=syntax.Constant(value=int())):
                pass
            case syntax.Name(text=text):
                fix = replace("Put it in quotes", each, f'"{text}"')
                yield literal_value.at(each, f'`Literal` takes constants; write `"{text}"`', fix=fix)
            case _:
                yield literal_value.at(each, f"`Literal` takes constants, not `{written(item, each)}`")


@rule("E115", "type-arguments", syntax.Subscript)
def type_arguments(program: Program, item: Item, node: syntax.Subscript) -> Findings:
    """A generic type has too many or too few type arguments.

    ```dspy
    signature Count:
        input text: str
        output counts: dict[str]
    #                  ^^^^^^^^^ E115 `dict` takes 2 type arguments, not 1
    ```

    ```dspy
    signature Count:
        input text: str
        output counts: dict[str, int]
    ```
    """
    name, given = _generic(item, node), len(_elements(node))
    takes = _TAKES.get(name, given)
    if given != takes:
        plural = "s" if takes > 1 else ""
        yield type_arguments.at(node, f"`{name}` takes {takes} type argument{plural}, not {given}")


def _generic(item: Item, node: syntax.Subscript) -> str:
    """The name of the built-in type that has the brackets; empty where it is none."""
    if id(node) in item.annotations and isinstance(node.value, syntax.Name):
        symbol = item.symbol_of(node.value)
        if symbol is not None and symbol.kind == "builtin":
            return node.value.text
    return ""


def _elements(node: syntax.Subscript) -> tuple[syntax.Expression, ...]:
    return node.index.elements if isinstance(node.index, syntax.Tuple) else (node.index,)
