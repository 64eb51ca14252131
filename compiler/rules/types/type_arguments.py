"""What stands in the brackets of a type."""

from __future__ import annotations

from collections.abc import Iterator

from ....grammar import syntax
from ...program import Item, Program
from ..rule import Finding, replace, rule, written

_TAKES = {"list": 1, "set": 1, "frozenset": 1, "dict": 2}


@rule("E114", "literal-value")
def literal_value(program: Program, item: Item) -> Iterator[Finding]:
    """A `Literal` holds something that is no constant, most often a string without its quotes.

    ```dspy
    signature Classify:
        input text: str
        output label: Literal[positive, "negative"]
    #                         ^^^^^^^^ E114 a `Literal` holds constants; write `"positive"`
    ```

    ```dspy
    signature Classify:
        input text: str
        output label: Literal["positive", "negative"]
    ```
    """
    for node in _subscripts(item, {"Literal"}):
        for each in _elements(node):
            match each:
                case syntax.String() | syntax.Attribute() | syntax.Missing():
                    pass
                case syntax.Constant(value=value) if not isinstance(value, float):
                    pass
                case syntax.Unary(operator="-", operand=syntax.Constant(value=int())):
                    pass
                case syntax.Name(text=text):
                    fix = replace("Put it in quotes", each, f'"{text}"')
                    yield Finding(each, f'a `Literal` holds constants; write `"{text}"`', fix=fix)
                case _:
                    yield Finding(each, f"a `Literal` holds constants, and `{written(item, each)}` is none")


@rule("E115", "type-arguments")
def type_arguments(program: Program, item: Item) -> Iterator[Finding]:
    """A generic type has too many or too few types in its brackets.

    ```dspy
    signature Count:
        input text: str
        output counts: dict[str]
    #                  ^^^^^^^^^ E115 `dict` takes 2 types in its brackets, not 1
    ```

    ```dspy
    signature Count:
        input text: str
        output counts: dict[str, int]
    ```
    """
    for node in _subscripts(item, set(_TAKES)):
        assert isinstance(node.value, syntax.Name)
        name, given = node.value.text, len(_elements(node))
        takes = _TAKES[name]
        if given != takes:
            plural = "s" if takes > 1 else ""
            yield Finding(node, f"`{name}` takes {takes} type{plural} in its brackets, not {given}")


def _subscripts(item: Item, names: set[str]) -> Iterator[syntax.Subscript]:
    """The types of these built-in names that have brackets."""
    for node in item.annotations.values():
        if (
            isinstance(node, syntax.Subscript)
            and isinstance(node.value, syntax.Name)
            and node.value.text in names
        ):
            symbol = item.symbol_of(node.value)
            if symbol is not None and symbol.kind == "builtin":
                yield node


def _elements(node: syntax.Subscript) -> tuple[syntax.Expression, ...]:
    return node.index.elements if isinstance(node.index, syntax.Tuple) else (node.index,)
