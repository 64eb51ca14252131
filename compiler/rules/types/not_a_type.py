"""Something that is not a type where a type is expected."""

from __future__ import annotations

from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...types.generic import named
from ..rule import DECLARATIONS, Findings, rule, written
from ..words import described


@rule("E111", "not-a-type", *DECLARATIONS)
def not_a_type(program: Program, item: Item, node: syntax.Declaration) -> Findings:
    """The annotation after a colon is not a type.

    ```dspy
    limit = 5

    signature Shorten:
        input text: str
        output words: limit
    #                 ^^^^^ E111 `limit` is not a type
    ```

    ```dspy
    limit = 5

    signature Shorten:
        input text: str
        output words: int
    ```
    """
    for each in item.annotations.values():
        yield from _look(item, each)


def _look(item: Item, node: syntax.Expression) -> Findings:
    match node:
        case syntax.Name():
            symbol = item.symbol_of(node)
            if symbol is not None and symbol.kind != "builtin" and named(symbol.type) is None:
                yield not_a_type.at(node, f"`{node.text}` is not a type", _help(symbol.type))
            elif symbol is not None and symbol.kind == "builtin" and isinstance(symbol.type, types.Function):
                yield not_a_type.at(node, f"`{node.text}` is a function, not a type")
        case syntax.Attribute(name=name):
            symbol = item.symbol_of(name)
            if symbol is not None and named(symbol.type) is None:
                yield not_a_type.at(node, f"`{written(item, node)}` is not a type", _help(symbol.type))
        case syntax.Constant(value=None):
            pass
        case syntax.Constant(value=value) if value is ...:
            pass
        case (
            syntax.Constant()
            | syntax.List()
            | syntax.Dict()
            | syntax.Tuple()
            | syntax.FString()
            | syntax.String()
        ):
            yield not_a_type.at(node, f"`{written(item, node)}` is not a type", _spelled(node))
        case syntax.Call(function=function) if not _is_values(function):
            yield not_a_type.at(node, f"`{written(item, node)}` is not a type")


def _is_values(function: syntax.Expression) -> bool:
    return isinstance(function, syntax.Name) and function.text == "Values"


def _help(kind: types.Type) -> str | None:
    return f"it is {described(kind)}" if isinstance(kind, types.Function | types.PythonModule) else None


def _spelled(node: syntax.Expression) -> str | None:
    match node:
        case syntax.List():
            return "write `list[str]` for a list of strings, `Literal[...]` for a choice"
        case syntax.String():
            return "write `Literal[...]` for a choice of strings"
        case _:
            return None
