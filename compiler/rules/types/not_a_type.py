"""Something that is not a type where a type is expected."""

from __future__ import annotations

from ....base.diagnostic import Diagnostic
from ....grammar import syntax
from ....grammar.recovery.foreign_words import TYPE_WORDS
from ... import types
from ...program import Item, Program
from ...trees import walk
from ...types.generic import named
from ..rule import DECLARATIONS, Findings, replace, rule, written
from ..words import described
from .type_habits import choices_as_types, meant_type, range_as_type
from .without_schema import not_the_builtin, wrong_answer_type


@rule("E111", "not-a-type", *DECLARATIONS, fix="sometimes")
def not_a_type(program: Program, item: Item, node: syntax.Declaration) -> Findings:
    """The annotation after a colon is not a type, or not one that a model's answer can have.

    A signature or module has fields, so that `pred: Classify` may stand at a parameter; an output of a
    signature and an attribute of a record are read from JSON, for which there has to be a `type`.

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
    choices = choices_as_types(item) if any(map(_may_be_choice, item.annotations.values())) else {}
    told: set[int] = set()
    for each in item.annotations.values():
        if id(each) in told:
            continue
        if id(each) in choices and isinstance(each, syntax.String):
            said = choices[id(each)]
            told |= {key for key, value in choices.items() if value is said}
            yield not_a_type.at(*said[:2], fix=said.fix)
        elif isinstance(each, syntax.Subscript) and (ranged := range_as_type(item, each)) is not None:
            told |= {id(part) for part in walk(each)}
            yield not_a_type.at(*ranged[:2], fix=ranged.fix)
        else:
            yield from _look(item, each)
    for name, words, advice in wrong_answer_type(item, node):
        yield not_a_type.at(name, words, advice)


def _may_be_choice(node: syntax.Expression) -> bool:
    return isinstance(node, syntax.Binary) and isinstance(node.right, syntax.String)


def _look(item: Item, node: syntax.Expression) -> Findings:
    match node:
        case syntax.Name():
            symbol = item.symbol_of(node)
            if symbol is not None and symbol.kind != "builtin" and named(symbol.type) is None:
                yield not_a_type.at(node, f"`{node.text}` is not a type", _help(symbol.type))
            elif (hidden := not_the_builtin(item, node)) is not None:
                yield not_a_type.at(node, *hidden)
            elif (
                symbol is not None
                and symbol.kind == "builtin"
                and isinstance(symbol.type, types.Function | types.Overloaded)
            ):
                yield _function(node)
        case syntax.Attribute(name=name):
            symbol = item.symbol_of(name)
            if symbol is not None and named(symbol.type) is None:
                yield not_a_type.at(node, f"`{written(item, node)}` is not a type", _help(symbol.type))
        case syntax.Constant(value=None):
            pass
        case syntax.Constant(value=value) if value is ...:
            pass
        case syntax.Binary(operator="|"):
            pass
        case _ if (said := meant_type(item, node)) is not None:
            yield not_a_type.at(*said[:2], fix=said.fix)
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


def _function(node: syntax.Name) -> Diagnostic:
    right = TYPE_WORDS.get(node.text)
    if right is None:
        return not_a_type.at(node, f"`{node.text}` is a function, not a type")
    fix = replace(f"Write `{right}`", node, right)
    return not_a_type.at(node, f"`{node.text}` is a function, not a type; write `{right}`", fix=fix)


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
