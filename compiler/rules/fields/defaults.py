"""Defaults: constants of the type that is declared."""

from __future__ import annotations

from collections.abc import Iterator

from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...relations import assignable
from ...types import Type
from ..rule import Finding, rule, written
from ..words import described

_FROM_STRINGS = frozenset({"date", "datetime", "time", "timedelta", "Decimal", "UUID", "Path", "bytes"})
"""What pydantic reads from a string."""


@rule("E211", "default-not-constant")
def default_not_constant(program: Program, item: Item) -> Iterator[Finding]:
    """A default is worked out instead of written out.

    Defaults are constants: literals, lists and dicts of them, members of enumerations, records. They are made
    anew for each use.

    ```dspy
    signature Shorten:
        input text: str
        input words: int = len("a b c")
    #                      ^^^^^^^^^^^^ E211 a default is a constant; `len("a b c")` is worked out
        output summary: str
    ```

    ```dspy
    signature Shorten:
        input text: str
        input words: int = 5
        output summary: str
    ```
    """
    for default, _ in _defaults(item):
        wrong = _first_not_constant(item, default)
        if wrong is not None:
            yield Finding(wrong, f"a default is a constant; `{written(item, wrong)}` is worked out")


@rule("E212", "wrong-default")
def wrong_default(program: Program, item: Item) -> Iterator[Finding]:
    """A default is not of the declared type.

    ```dspy
    signature Shorten:
        input text: str
        input words: int = "five"
    #                      ^^^^^^ E212 the default of `words` is `"five"`, which is not `int`
        output summary: str
    ```

    ```dspy
    signature Shorten:
        input text: str
        input words: int = 5
        output summary: str
    ```
    """
    for default, owner in _defaults(item):
        wanted = item.type_of(owner[1]) if owner[1] is not None else types.UNKNOWN
        given = item.type_of(default)
        if not constant_fits(given, wanted):
            words = f"the default of `{owner[0]}` is {described(given)}, which is not {described(wanted)}"
            yield Finding(default, words, _optional(item, given, owner[1]))
    declaration = item.declaration
    if isinstance(declaration, syntax.ConstantDeclaration) and declaration.annotation is not None:
        given, wanted = item.type_of(declaration.value), item.type_of(declaration.annotation)
        if not constant_fits(given, wanted):
            name = declaration.name.text
            yield Finding(
                declaration.value, f"`{name}` is {described(wanted)}, but its value is {described(given)}"
            )


def constant_fits(given: Type, wanted: Type) -> bool:
    """Whether a constant may stand for a type, pydantic's reading of strings included."""
    if assignable(given, wanted):
        return True
    from_string = any(
        isinstance(each, types.Builtin) and each.name in _FROM_STRINGS for each in types.options(wanted)
    )
    return from_string and assignable(given, types.STR)


def _optional(item: Item, given: Type, annotation: syntax.Expression | None) -> str | None:
    if isinstance(given, types.Nothing) and annotation is not None:
        return f"if it may be None, write `{written(item, annotation)} | None`"
    return None


def _defaults(item: Item) -> Iterator[tuple[syntax.Expression, tuple[str, syntax.Expression | None]]]:
    """The defaults of fields and parameters, with the name and the annotation of each."""
    for field in item.nodes(syntax.Field):
        if field.default is not None:
            yield field.default, (field.name.text, field.type)
    declaration = item.declaration
    if isinstance(declaration, syntax.ModuleDeclaration | syntax.FunctionDeclaration):
        for each in declaration.parameters:
            if each.default is not None and each.name is not None:
                yield each.default, (each.name.text, each.annotation)


def _first_not_constant(item: Item, node: syntax.Expression) -> syntax.Expression | None:
    match node:
        case syntax.Missing() | syntax.Constant() | syntax.String():
            return None
        case syntax.Unary(operator="-" | "+", operand=operand):
            return _first_not_constant(item, operand)
        case syntax.List(elements=elements) | syntax.Tuple(elements=elements) | syntax.Set(elements=elements):
            return next((wrong for each in elements if (wrong := _first_not_constant(item, each))), None)
        case syntax.Dict(entries=entries):
            parts = [part for each in entries for part in (each.key, each.value) if part is not None]
            return next((wrong for each in parts if (wrong := _first_not_constant(item, each))), None)
        case syntax.Call(arguments=arguments) if _makes_record(item.type_of(node.function)):
            return next(
                (wrong for each in arguments if (wrong := _first_not_constant(item, each.value))), None
            )
        case syntax.Name():
            symbol = item.symbol_of(node)
            fixed = symbol is None or symbol.kind in ("constant", "imported", "unresolved", "lm")
            return None if fixed else node
        case syntax.Attribute(value=value):
            kind = item.type_of(value)
            return (
                None
                if isinstance(kind, types.TypeForm | types.PythonModule) or not types.known(kind)
                else node
            )
        case _:
            return node


def _makes_record(kind: Type) -> bool:
    return isinstance(kind, types.TypeForm | types.Class) or not types.known(kind)
