"""Values used as what they are not: called, looped over, or put to an operator that does not take them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TypeAlias

from ....base.diagnostic import Fix
from ....base.span import Span
from ....grammar import syntax
from ... import catalog, types
from ...program import Item, Program
from ...resolve.operators import fits, ordered, takes
from ...types import Type, narrow
from ...types.assignable import iterated
from ...types.display import display
from ...types.narrow import may_be_none
from ...types.union import plain, widened
from ..rule import Findings, replace, rule, written
from ..words import described

_Operation: TypeAlias = syntax.Binary | syntax.Unary | syntax.AugmentedAssign | syntax.Comparison
_ORDERS = ("<", "<=", ">", ">=")


@rule("E226", "not-callable", syntax.Call, fix="sometimes")
def not_callable(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A value is called that is not a function, module or constructor.

    ```dspy
    signature QA:
        input question: str
        output answer: str

    def ask(text: str) -> str:
        return QA(question=text).answer
    #          ^^ E226 cannot call the signature `QA`; write `Predict(QA)`
    ```

    ```dspy
    module qa = Predict("question -> answer")

    def ask(text: str) -> str:
        return qa(question=text).answer
    ```
    """
    if id(node) in item.annotations:
        return
    kind = item.type_of(node.function)
    if kind.__class__ is types.Function:
        return  # most calls are of functions
    text = written(item, node.function)
    match kind:
        case types.Signature() if _is_part(item, node.function):
            pass  # that it is a part is another finding
        case types.Signature():
            made = f"{catalog.plain_module()}({text})"
            words = f"cannot call the signature `{text}`; write `{made}`"
            is_argument = any(
                node is each.value for call in item.nodes(syntax.Call) for each in call.arguments
            )
            fix = None
            if is_argument and not node.arguments:
                fix = replace("Remove the brackets", Span(node.function.span.end, node.span.end), "")
            yield not_callable.at(node.function, words, fix=fix)
        case types.Literals() | types.Builtin() | types.List() | types.Dict() | types.Set() | types.Tuple():
            yield not_callable.at(node.function, f"cannot call `{text}`, which is {described(widened(kind))}")
        case (
            types.Record()
            | types.Enum()
            | types.Prediction()
            | types.Fields()
            | types.Dataset()
            | types.Nothing()
        ):
            yield not_callable.at(node.function, f"cannot call `{text}`, which is {described(kind)}")
        case types.PythonModule():
            yield not_callable.at(
                node.function, f"{described(kind)} cannot be called; call one of its functions"
            )
        case types.Instance(definition=definition) if (
            definition.complete and "__call__" not in definition.members
        ):
            words = f"cannot call `{text}`, which is a `{definition.name}`"
            compiles = "compile" in definition.members
            yield not_callable.at(node.function, words, f"call `{text}.compile(…)`" if compiles else None)


def _is_part(item: Item, node: syntax.Expression) -> bool:
    symbol = item.symbol_of(node)
    return symbol is not None and symbol.kind == "part"


@rule("E227", "not-iterable", syntax.For, syntax.ComprehensionClause, fix="sometimes")
def not_iterable(program: Program, item: Item, node: syntax.For | syntax.ComprehensionClause) -> Findings:
    """A loop iterates over a value that has no items.

    ```dspy
    def count(limit: int) -> list[int]:
        return [number for number in limit]
    #                                ^^^^^ E227 cannot iterate over `int`; did you mean `range(limit)`?
    ```

    ```dspy
    def count(limit: int) -> list[int]:
        return [number for number in range(limit)]
    ```
    """
    kind = item.type_of(node.iterable)
    wrong = [each for each in types.options(kind) if iterated(each) is None]
    if wrong and not may_be_none(kind):
        text = written(item, node.iterable)
        wide = widened(types.union(*wrong))
        hint = f"; did you mean `range({text})`?" if wide == types.INT else ""
        fix = replace(f"Write `range({text})`", node.iterable, f"range({text})") if hint else None
        yield not_iterable.at(node.iterable, f"cannot iterate over {described(wide)}{hint}", fix=fix)


@rule(
    "E228",
    "wrong-operands",
    syntax.Binary,
    syntax.Unary,
    syntax.AugmentedAssign,
    syntax.Comparison,
    fix="sometimes",
)
def wrong_operands(program: Program, item: Item, node: _Operation) -> Findings:
    """An operator is used on values that do not support it.

    ```dspy
    def label(number: int) -> str:
        return "number " + number
    #          ^^^^^^^^^^^^^^^^^^ E228 `str + int` is not supported; did you mean an f-string?
    ```

    ```dspy
    def label(number: int) -> str:
        return f"number {number}"
    ```
    """
    match node:
        case syntax.Binary() if id(node) not in item.annotations:
            left, right = widened(item.type_of(node.left)), widened(item.type_of(node.right))
            if not _fit(left, node.operator, right) and not _is_between_comparisons(item, node):
                text = f"`{_side(left)} {node.operator} {_side(right)}` is not supported"
                joins = node.operator == "+" and types.STR in (left, right)
                fix = _as_text(item, node, left) if joins else None
                help_ = _fields_of(item, node.left) or _fields_of(item, node.right)
                ending = "; did you mean an f-string?" if joins and not help_ else ""
                yield wrong_operands.at(node, text + ending, help_, None if help_ else fix)
        case syntax.Unary(operator=operator, operand=operand):
            kind = widened(item.type_of(operand))
            if not takes(operator, _certain(kind)):
                yield wrong_operands.at(node, f"`{operator}` before {described(kind)} is not supported")
        case syntax.AugmentedAssign():
            left, right = widened(item.type_of(node.target)), widened(item.type_of(node.value))
            if types.known(left) and not _fit(left, node.operator, right):
                text = f"`{_side(left)} {node.operator}= {_side(right)}` is not supported"
                fix = None
                if isinstance(left, types.List) and node.operator == "+":
                    fix = replace("Write it in brackets", node.value, f"[{written(item, node.value)}]")
                yield wrong_operands.at(node, text, _wrap(item, node), fix)
        case syntax.Comparison():
            yield from _compared(item, node)


def _fields_of(item: Item, node: syntax.Expression) -> str | None:
    """What to write for an object with fields of which one is meant."""
    match item.type_of(node):
        case types.Prediction(interface=interface) if interface.outputs:
            fields = interface.outputs
        case types.Record(interface=interface) if interface.fields:
            fields = interface.fields
        case _:
            return None
    text = written(item, node)
    names = [f"`{text if len(text) <= 40 else ''}.{each.name}`" for each in fields[:3]]
    return f"use one of its fields: {', '.join(names)}" if len(names) > 1 else f"use its field: {names[0]}"


def _as_text(item: Item, node: syntax.Binary, left: types.Type) -> Fix:
    """The operand that is not a text, in `str(…)`."""
    other = node.right if left == types.STR else node.left
    return replace("Write `str(…)`", other, f"str({written(item, other)})")


def _compared(item: Item, node: syntax.Comparison) -> Findings:
    for operand in _joining(item, node):
        word = "and" if operand.operator == "&" else "or"
        sign = Span(operand.left.span.end, operand.right.span.start)
        words = f"`{operand.operator}` is worked out before the comparisons; write `{word}`"
        yield wrong_operands.at(sign, words, fix=replace(f"Write `{word}`", sign, f" {word} "))
        return
    if (choice := _choice(item, node)) is not None:
        text = f"{written(item, node.left)} in [{written(item, choice.left)}, {written(item, choice.right)}]"
        words = f"`|` does not join values that are compared; write `{text}`"
        yield wrong_operands.at(choice, words, fix=replace(f"Write `{text}`", node, text))
        return
    operands = pairwise((node.left, *node.rights))
    for operator, (first, second) in zip(node.operators, operands, strict=True):
        if operator in ("in", "not in") and iterated(item.type_of(second)) is None:
            words = f"`{operator}` needs a list, set, dict or string, not {described(item.type_of(second))}"
            yield wrong_operands.at(second, words)
            continue
        left, right = widened(item.type_of(first)), widened(item.type_of(second))
        if operator in _ORDERS and not ordered(_certain(left), _certain(right)):
            shown = f"`{_side(left)} {operator} {_side(right)}`"
            help_ = _fields_of(item, first) or _fields_of(item, second) or _length_of(item, first, second)
            place = Span(first.span.start, second.span.end)
            yield wrong_operands.at(place, f"{shown} is not supported", help_)
            return


def _length_of(item: Item, first: syntax.Expression, second: syntax.Expression) -> str | None:
    """What to write for the length of a value that is compared with a whole number."""
    for value, other in ((first, second), (second, first)):
        kind = widened(item.type_of(value))
        has_length = kind == types.STR or isinstance(kind, types.List | types.Dict | types.Set)
        if has_length and not isinstance(value, syntax.String) and widened(item.type_of(other)) == types.INT:
            return f"its length is `len({written(item, value)})`"
    return None


def _joining(item: Item, node: syntax.Comparison) -> Iterator[syntax.Binary]:
    """The operands with `&` or `|` that were meant to join comparisons, or one with a bool beside it."""
    for before, operand in pairwise((node.left, *node.rights[:-1])):
        if isinstance(operand, syntax.Binary) and _joins_comparisons(item, before, operand):
            yield operand
    first, last = node.left, node.rights[-1]
    if isinstance(first, syntax.Binary) and _joins_bool(item, first, first.left):
        yield first
    if isinstance(last, syntax.Binary) and _joins_bool(item, last, last.right):
        yield last


def _joins_bool(item: Item, operand: syntax.Binary, outer: syntax.Expression) -> bool:
    """`flag & name == "a"`, where the side that is away from the comparison is a bool."""
    left, right = widened(item.type_of(operand.left)), widened(item.type_of(operand.right))
    return (
        operand.operator in ("&", "|")
        and _is_bare(item, operand)
        and widened(item.type_of(outer)) == types.BOOL
        and not _fit(left, operand.operator, right)
    )


def _choice(item: Item, node: syntax.Comparison) -> syntax.Binary | None:
    """`name == "a" | "b"`, which compares with what `|` makes of two texts."""
    last = node.rights[-1]
    is_choice = (
        node.operators == ("==",)
        and isinstance(last, syntax.Binary)
        and last.operator == "|"
        and _is_bare(item, last)
        and widened(item.type_of(last.left)) == types.STR == widened(item.type_of(last.right))
    )
    return last if is_choice and isinstance(last, syntax.Binary) else None


def _is_bare(item: Item, operand: syntax.Binary) -> bool:
    return not item.text[: operand.span.start].rstrip().endswith("(")


def _joins_comparisons(item: Item, before: syntax.Expression, operand: syntax.Binary) -> bool:
    """`a > 1 & a < 5`, which compares with `1 & a`: a constant, and then what was compared with it once more,
    or values that the operator does not take.

    Anything else can be meant: sets are compared with their intersections, and numbers with their bits.
    """
    is_constant = isinstance(operand.left, syntax.Constant | syntax.String)
    is_again = isinstance(before, syntax.Name | syntax.Attribute) and written(item, before) == written(
        item, operand.right
    )
    if operand.operator not in ("&", "|") or not _is_bare(item, operand):
        return False
    if isinstance(operand.left, syntax.String):
        return True
    return (is_constant and is_again) or not _fit(
        widened(item.type_of(operand.left)), operand.operator, widened(item.type_of(operand.right))
    )


def _is_between_comparisons(item: Item, node: syntax.Binary) -> bool:
    """Whether comparisons or compared values are joined here, which is told of the whole."""
    return node.operator in ("&", "|") and any(
        operand is node
        for each in item.nodes(syntax.Comparison)
        for operand in (*_joining(item, each), _choice(item, each))
    )


def _side(kind: Type) -> str:
    """An operand's type as a side of an operation."""
    shown = display(plain(kind))
    return f"({shown})" if isinstance(plain(kind), types.Union) else shown


def _fit(left: Type, operator: str, right: Type) -> bool:
    return fits(_certain(left), operator, _certain(right))


def _certain(kind: Type) -> Type:
    """A type without a `None` that it has beside others, of which `possibly-none` speaks."""
    return narrow.not_none(kind) if may_be_none(kind) else kind


def _wrap(item: Item, node: syntax.AugmentedAssign) -> str | None:
    if isinstance(item.type_of(node.target), types.List):
        return f"to append one item, write `{written(item, node.target)} += [{written(item, node.value)}]`"
    return None
