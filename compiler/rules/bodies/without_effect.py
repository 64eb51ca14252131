"""Lines that do nothing."""

from __future__ import annotations

from ....base.diagnostic import Fix
from ....base.span import Span
from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...trees import walk
from ..models.configured import is_configure
from ..rule import Findings, insert, replace, rule, written
from ..values.unknown_field import is_mutation
from .unused import wasted_call


@rule("W106", "no-effect", syntax.ExpressionStatement, fix="sometimes", severity="warning")
def no_effect(program: Program, item: Item, node: syntax.ExpressionStatement) -> Findings:
    """A line computes a value and does nothing with it.

    ```dspy
    def clean(text: str) -> str:
        text.strip()
    #   ^^^^^^^^^^^^ W106 this line has no effect: its value is not used
        return text
    ```

    ```dspy
    def clean(text: str) -> str:
        text = text.strip()
        return text
    ```
    """
    value = node.value
    if isinstance(value, syntax.Missing | syntax.String) or _acts(program, item, value):
        return
    if isinstance(value, syntax.Constant) and value.value is ...:
        return
    is_test = isinstance(item.declaration, syntax.TestDeclaration)
    if is_test and isinstance(value, syntax.Comparison | syntax.Boolean | syntax.Unary):
        fix = insert("Write `assert`", value.span.start, "assert ")
        words = "this is compared, but not tested; write `assert` before it"
        yield no_effect.at(value, words, fix=fix)
    else:
        yield no_effect.at(value, *_described(item, value))


def _described(item: Item, value: syntax.Expression) -> tuple[str, str | None, Fix | None]:
    text = written(item, value)
    match value:
        case syntax.Comparison(left=syntax.Name() as left, operators=("==",), rights=(right,)):
            span = Span(left.span.end, right.span.start)
            fix = replace("Write `=`", span, " = ")
            return "this compares and does nothing with the result; did you mean `=`?", None, fix
        case syntax.Name() | syntax.Attribute() if isinstance(
            item.type_of(value), types.Module | types.Function | types.Overloaded
        ):
            return f"`{text}` is named but not called; write `{text}(…)`", None, None
        case syntax.Call(function=syntax.Attribute(value=syntax.Name(text=name))) if isinstance(
            item.type_of(value), types.Builtin | types.Literals
        ):
            fix = insert(f"Write `{name} = …`", value.span.start, f"{name} = ")
            return "this line has no effect: its value is not used", f"`{text}` returns a new value", fix
        case _:
            return "this line has no effect: its value is not used", None, None


def _acts(program: Program, item: Item, value: syntax.Expression) -> bool:
    """Whether working out an expression may do something, or something else is wrong in it."""
    if wasted_call(program, item, value) is not None:
        return True
    return any(
        id(node) in item.unresolved or (isinstance(node, syntax.Call) and _call_acts(program, item, node))
        for node in walk(value)
    )


def _call_acts(program: Program, item: Item, call: syntax.Call) -> bool:
    function = call.function
    if isinstance(function, syntax.Attribute) and is_mutation(
        item.type_of(function.value), function.name.text
    ):
        return True
    if is_configure(item, call):
        return True
    kind = program.call_kind(item, call)
    if kind.effects or kind.awaits or kind.target == "unknown":
        return True
    if kind.target == "constructor":
        return not isinstance(item.type_of(call), types.Record | types.Enum)
    if kind.target != "function":
        return False
    symbol = program.symbols.get(function.text) if isinstance(function, syntax.Name) else None
    owner = program.item(symbol.item) if symbol is not None else None
    return owner is None or owner.declaration is None or _may_fail(owner)


def _may_fail(item: Item) -> bool:
    """Whether a function is perhaps called because it asserts something."""
    return bool(item.nodes(syntax.Assert)) or any(
        isinstance(kind := item.type_of(each.function), types.Function) and kind.origin != "builtin"
        for each in item.nodes(syntax.Call)
    )
