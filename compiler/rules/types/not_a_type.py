"""Something that is no type where a type is expected."""

from __future__ import annotations

from collections.abc import Iterator

from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...relations import named
from ..rule import Finding, rule, written
from ..words import described


@rule("E111", "not-a-type")
def not_a_type(program: Program, item: Item) -> Iterator[Finding]:
    """What stands behind the colon is no type.

    ```dspy
    limit = 5

    signature Shorten:
        input text: str
        output words: limit
    #                 ^^^^^ E111 `limit` is no type
    ```

    ```dspy
    limit = 5

    signature Shorten:
        input text: str
        output words: int
    ```
    """
    for node in item.annotations.values():
        match node:
            case syntax.Name():
                symbol = item.symbol_of(node)
                if symbol is not None and symbol.kind != "builtin" and named(symbol.type) is None:
                    yield Finding(node, f"`{node.text}` is no type", _help(symbol.type))
                elif (
                    symbol is not None
                    and symbol.kind == "builtin"
                    and isinstance(symbol.type, types.Function)
                ):
                    yield Finding(node, f"`{node.text}` is no type: it is a function")
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
                yield Finding(node, f"`{written(item, node)}` is no type", _spelled(node))
            case syntax.Call(function=function) if not _is_values(function):
                yield Finding(node, f"`{written(item, node)}` is no type")


def _is_values(function: syntax.Expression) -> bool:
    return isinstance(function, syntax.Name) and function.text == "Values"


def _help(kind: types.Type) -> str | None:
    return f"it is {described(kind)}" if isinstance(kind, types.Function | types.PythonModule) else None


def _spelled(node: syntax.Expression) -> str | None:
    match node:
        case syntax.List():
            return "a list of strings is written `list[str]`, a choice `Literal[...]`"
        case syntax.String():
            return "a choice of strings is written `Literal[...]`"
        case _:
            return None
