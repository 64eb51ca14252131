"""Defaults: constants of the type that is declared."""

from __future__ import annotations

from typing import TypeAlias, TypeGuard

from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...resolve.bounds import broken_by, choices_of, limits_of
from ...types import Type
from ...types.assignable import assignable
from ...types.narrow import only_none_misfits
from ..names.habits import field_value
from ..rule import Findings, insert, rule, written
from ..words import described

_Defaulted: TypeAlias = syntax.Field | syntax.Parameter
_DEFAULTED = (syntax.Field, syntax.Parameter)
_Declared: TypeAlias = syntax.ConstantDeclaration | syntax.AnnotatedAssign
_DECLARED = (syntax.ConstantDeclaration, syntax.AnnotatedAssign)
_FROM_STRINGS = frozenset({"date", "datetime", "time", "timedelta", "Decimal", "UUID", "Path", "bytes"})
"""What pydantic reads from a string."""


@rule("E211", "default-not-constant", *_DEFAULTED, fix="sometimes")
def default_not_constant(program: Program, item: Item, node: _Defaulted) -> Findings:
    """A default is computed instead of being a constant.

    Defaults are constants: literals, lists and dicts of them, members of enumerations, records. A new copy is
    made for each use.

    ```dspy
    signature Shorten:
        input text: str
        input words: int = len("a b c")
    #                      ^^^^^^^^^^^^ E211 a default must be a constant, not `len("a b c")`
        output summary: str
    ```

    ```dspy
    signature Shorten:
        input text: str
        input words: int = 5
        output summary: str
    ```
    """
    wrong = _first_not_constant(item, node.default) if node.default is not None else None
    if wrong is not None and _is_field_call(wrong):
        habit = field_value(item, wrong, written(item, wrong.function))
        yield default_not_constant.at(wrong, habit.message, habit.help, habit.fix)
    elif wrong is not None:
        words = f"a default must be a constant, not `{written(item, wrong)}`"
        yield default_not_constant.at(wrong, words)


def _is_field_call(node: syntax.Expression) -> TypeGuard[syntax.Call]:
    return (
        isinstance(node, syntax.Call)
        and isinstance(node.function, syntax.Name)
        and node.function.text in {"InputField", "OutputField"}
    )


@rule("E212", "wrong-default", *_DEFAULTED, *_DECLARED, syntax.Assign, fix="sometimes")
def wrong_default(program: Program, item: Item, node: _Defaulted | _Declared | syntax.Assign) -> Findings:
    """A default, or the value of a constant or variable, does not have the declared type.

    A default of an input that breaks the input's own condition is one, too.

    ```dspy
    signature Shorten:
        input text: str
        input words: int = "five"
    #                      ^^^^^^ E212 the default of `words` is `"five"`, but its type is `int`
        output summary: str
    ```

    ```dspy
    signature Shorten:
        input text: str
        input words: int = 5
        output summary: str
    ```
    """
    if isinstance(node, _DECLARED):
        yield from _declared(item, node)
        return
    if isinstance(node, syntax.Assign):
        yield from _assigned_again(item, node)
        return
    annotation = node.type if isinstance(node, syntax.Field) else node.annotation
    if node.default is None or node.name is None or annotation is None:
        return
    given, wanted = item.type_of(node.default), item.type_of(annotation)
    if not constant_fits(given, wanted):
        name = node.name.text
        words = f"the default of `{name}` is {described(given)}, but its type is {described(wanted)}"
        fix = None
        if isinstance(given, types.Nothing):
            fix = insert("Write `| None`", annotation.span.end, " | None")
        yield wrong_default.at(node.default, words, _optional(item, given, annotation), fix)
    elif isinstance(node, syntax.Field) and node.where is not None and node.direction == "input":
        name = node.name.text
        limits, allowed = limits_of(node.where, name), choices_of(node.where, name)
        condition = broken_by(limits, allowed, name, node.default)
        if condition is not None:
            words = f"the default of `{name}` breaks its `where`, which needs `{condition}`"
            yield wrong_default.at(node.default, words)


def _declared(item: Item, node: _Declared) -> Findings:
    """A constant or a variable of another type than its value; what is written out, pydantic reads."""
    if node.annotation is None:
        return
    given, wanted = item.type_of(node.value), item.type_of(node.annotation)
    is_constant = isinstance(node, syntax.ConstantDeclaration)
    is_read = is_constant or isinstance(node.value, syntax.String)
    if constant_fits(given, wanted) if is_read else assignable(given, wanted):
        return
    name = node.name.text if isinstance(node, syntax.ConstantDeclaration) else node.target.text
    is_so = "may be `None`" if only_none_misfits(given, wanted) else f"is {described(given)}"
    words = f"`{name}` is declared as {described(wanted)}, but its value {is_so}"
    fix = None
    if isinstance(given, types.Nothing) and not is_constant:
        fix = insert("Write `| None`", node.annotation.span.end, " | None")
    yield wrong_default.at(node.value, words, None, fix)


def _assigned_again(item: Item, node: syntax.Assign) -> Findings:
    """A variable that was declared with a type above, and is given a value of another one."""
    if not isinstance(node.target, syntax.Name):
        return
    name = node.target.text
    declared = [each for each in item.nodes(syntax.AnnotatedAssign) if each.target.text == name]
    if len(declared) != 1 or declared[0].span.start > node.span.start:
        return
    given, wanted = item.type_of(node.value), item.type_of(declared[0].annotation)
    if not assignable(given, wanted) and not only_none_misfits(given, wanted):
        words = f"`{name}` is declared as {described(wanted)}, but this value is {described(given)}"
        yield wrong_default.at(node.value, words)


def constant_fits(given: Type, wanted: Type) -> bool:
    """Whether a constant may stand for a type, pydantic's reading of strings included."""
    if assignable(given, wanted):
        return True
    from_string = any(
        isinstance(each, types.Builtin) and each.name in _FROM_STRINGS for each in types.options(wanted)
    )
    return from_string and assignable(given, types.STR)


def _optional(item: Item, given: Type, annotation: syntax.Expression) -> str | None:
    if isinstance(given, types.Nothing):
        return f"if it may be None, write `{written(item, annotation)} | None`"
    return None


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
