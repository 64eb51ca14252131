"""Values that may be `None`, used where `None` does not fit and no test has ruled it out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, TypeAlias

from ....base.diagnostic import Fix
from ....grammar import syntax
from ....grammar.formatting.one_line import on_one_line
from ... import types
from ...program import Item, Program
from ...resolve.generics import substitute
from ...resolve.members import member
from ...resolve.narrowing import path_of
from ...resolve.operators import fits, ordered
from ...trees import walk
from ...types import Type, narrow
from ...types.assignable import assignable, iterated
from ...types.narrow import may_be_none, only_none_misfits
from ...types.union import widened
from ..rule import Findings, insert, replace, rule, written
from ..words import described
from .not_none import is_accounted_for

_Use: TypeAlias = (
    syntax.Attribute
    | syntax.Subscript
    | syntax.Call
    | syntax.ConfigureDeclaration
    | syntax.For
    | syntax.ComprehensionClause
    | syntax.Starred
    | syntax.Binary
    | syntax.Unary
    | syntax.AugmentedAssign
    | syntax.Comparison
    | syntax.Assign
    | syntax.Return
    | syntax.Interpolation
)
_Misfit: TypeAlias = tuple[syntax.Expression, str]
"""A value that may be `None`, and why it must not be, as the end of a sentence."""


@rule(
    "E260",
    "possibly-none",
    syntax.Attribute,
    syntax.Subscript,
    syntax.Call,
    syntax.ConfigureDeclaration,
    syntax.For,
    syntax.ComprehensionClause,
    syntax.Starred,
    syntax.Binary,
    syntax.Unary,
    syntax.AugmentedAssign,
    syntax.Comparison,
    syntax.Assign,
    syntax.Return,
    syntax.Interpolation,
    fix="sometimes",
)
def possibly_none(program: Program, item: Item, node: _Use) -> Findings:
    """A value that may be `None` is used as if it never were.

    A test rules out `None` where it holds: `if x`, `x is not None`, an early `return`, `assert`, `match`,
    `and`, `or`, a comprehension's condition. A use in a `try` that takes what `None` raises is
    right too, and so is that of a match whose pattern fits every text.

    ```dspy
    def shout(text: str | None) -> str:
        return text.upper()
    #          ^^^^ E260 `text` may be `None`, which has no attribute `upper`
    ```

    ```dspy
    def shout(text: str | None) -> str:
        return text.upper() if text is not None else ""
    ```
    """
    for value, why in _misfits(item, node):
        if is_accounted_for(program, item, value, list(_conditions(item))):
            continue
        if _is_first(item, value) and not _is_tested_call(item, value):
            text = written(item, value)
            shown = f"`{text}`" if len(text) <= 40 else "this value"
            fix = _fix(item, value, text)
            advice = f"test it first, such as `if {text} is not None:`"
            help_ = None if fix or path_of(value) is None else advice
            yield possibly_none.at(value, f"{shown} may be `None`{why}", help_, fix)


def _is_first(item: Item, value: syntax.Expression) -> bool:
    """Whether this is the first such use of what a path holds: one test above it helps all of them."""
    path = path_of(value)
    if path is None:
        return True
    first = value
    while isinstance(first, syntax.Attribute | syntax.Subscript):
        first = first.value
    seen: dict[tuple[str, int], int] = item.memory.setdefault(_is_first, {})
    return seen.setdefault((path, id(item.symbol_of(first))), id(value)) == id(value)


def _is_tested_call(item: Item, value: syntax.Expression) -> bool:
    """Whether a condition has the same call of a built-in, which then gives the same: `re.search(…)`."""
    if not isinstance(value, syntax.Call):
        return False
    callee = item.type_of(value.function)
    if not isinstance(callee, types.Function) or callee.origin != "builtin":
        return False
    text = on_one_line(value)
    if value.arguments and isinstance(value.function, syntax.Attribute):
        # `re.findall` of the same text tells it too.
        text = text.removeprefix(on_one_line(value.function.value)).partition("(")[2]
    return any(text in on_one_line(each) for each in _conditions(item) if not _is_in(value, each))


# --- where `None` does not fit --------------------------------------------------------------------------


def _misfits(item: Item, node: _Use) -> Iterable[_Misfit]:
    return _BY_CLASS[node.__class__](item, node)


def _in_attribute(item: Item, node: syntax.Attribute) -> Iterable[_Misfit]:
    kind = item.type_of(node.value)
    if not may_be_none(kind) or id(node) in item.annotations:
        return ()
    name = node.name.text
    has = _has(narrow.not_none(kind), name)
    return ((node.value, f", which has no attribute `{name}`"),) if has else ()


def _in_subscript(item: Item, node: syntax.Subscript) -> Iterable[_Misfit]:
    if id(node) in item.annotations:
        return ()
    if may_be_none(item.type_of(node.value)):
        return ((node.value, ", which has no items"),)
    ordered = isinstance(item.type_of(node.value), types.List | types.Tuple | types.Dataset)
    if may_be_none(item.type_of(node.index)) and (ordered or item.type_of(node.value) == types.STR):
        return ((node.index, ", and an index is a whole number"),)
    return ()


def _in_interpolation(item: Item, node: syntax.Interpolation) -> Iterable[_Misfit]:
    """`{price:.2f}`, where the price may be missing."""
    if node.conversion or not node.format or not may_be_none(item.type_of(node.value)):
        return ()
    shown = "".join(each if isinstance(each, str) else "{…}" for each in node.format)
    return ((node.value, f", which `:{shown}` does not format"),)


def _in_assign(item: Item, node: syntax.Assign) -> Iterable[_Misfit]:
    if not isinstance(node.target, syntax.Tuple | syntax.List) or not may_be_none(item.type_of(node.value)):
        return ()
    return ((node.value, ", which cannot be unpacked"),)


def _in_unary(item: Item, node: syntax.Unary) -> Iterable[_Misfit]:
    if node.operator not in ("-", "+", "~") or not may_be_none(item.type_of(node.operand)):
        return ()
    return ((node.operand, f", and `{node.operator}` needs a number"),)


def _in_binary(item: Item, node: syntax.Binary) -> Iterable[_Misfit]:
    if id(node) in item.annotations:
        return ()
    return _operated(item, node.left, node.operator, node.right)


def _in_call(item: Item, node: syntax.Call) -> Iterator[_Misfit]:
    if may_be_none(item.type_of(node.function)):
        yield node.function, ", which cannot be called"
    yield from _given(item, node)
    yield from _gone_through(item, node)


_WORKS_ON_ITEMS = {"sum": "adds", "max": "compares", "min": "compares", "sorted": "compares"}
"""What built-in functions do with the items of their argument, which none of them does with `None`."""


def _gone_through(item: Item, node: syntax.Call) -> Iterator[_Misfit]:
    """`sum(each.price for each in orders)`, where a price may be missing."""
    if not _works_on_items(item, node):
        return
    key = next((each.value for each in node.arguments if each.name and each.name.text == "key"), None)
    if isinstance(key, syntax.Lambda) and may_be_none(item.type_of(key.body)):
        yield key.body, f", and `{written(item, node.function)}` compares its keys"
    if any(each.name is not None for each in node.arguments):
        return
    name = written(item, node.function)
    value = node.arguments[0].value
    for element in _elements(value):
        if may_be_none(item.type_of(element)):
            yield element, f", and `{name}` {_WORKS_ON_ITEMS[name]} its items"
    found = (
        iterated(item.type_of(value)) if not isinstance(value, syntax.Comprehension | syntax.List) else None
    )
    if found is not None and may_be_none(found):
        yield value, f" in its items, and `{name}` {_WORKS_ON_ITEMS[name]} them"


def _works_on_items(item: Item, node: syntax.Expression) -> bool:
    if (
        not isinstance(node, syntax.Call)
        or len(node.arguments) < 1
        or not isinstance(node.function, syntax.Name)
    ):
        return False
    kind = item.type_of(node.function)
    is_builtin = not isinstance(kind, types.Function) or kind.origin == "builtin"
    is_alone = len(node.arguments) == 1 or node.arguments[1].name is not None
    return node.function.text in _WORKS_ON_ITEMS and is_builtin and is_alone


def _elements(value: syntax.Expression) -> tuple[syntax.Expression, ...]:
    match value:
        case syntax.Comprehension(element=element) if not isinstance(element, syntax.DictEntry):
            return (element,)
        case syntax.List(elements=elements):
            return elements
        case _:
            return ()


def _has(kind: Type, name: str) -> bool:
    return any(member(each, name) is not None for each in types.options(kind))


def _looped(item: Item, value: syntax.Expression) -> Iterator[_Misfit]:
    kind = item.type_of(value)
    if may_be_none(kind) and iterated(narrow.not_none(kind)) is not None:
        yield value, ", which cannot be iterated over"


def _operated(
    item: Item, left: syntax.Expression, operator: str, right: syntax.Expression
) -> Iterator[_Misfit]:
    first, second = item.type_of(left), item.type_of(right)
    if not (may_be_none(first) or may_be_none(second)):
        return
    if not fits(widened(narrow.not_none(first)), operator, widened(narrow.not_none(second))):
        return
    for value, kind in ((left, first), (right, second)):
        if may_be_none(kind):
            yield value, f", and `{operator}` does not take `None`"


def _compared(item: Item, node: syntax.Comparison) -> Iterator[_Misfit]:
    for operator, (left, right) in zip(node.operators, pairwise((node.left, *node.rights)), strict=True):
        first, second = item.type_of(left), item.type_of(right)
        if operator in ("<", "<=", ">", ">="):
            if ordered(widened(narrow.not_none(first)), widened(narrow.not_none(second))):
                for value, kind in ((left, first), (right, second)):
                    if may_be_none(kind):
                        yield value, f", and `{operator}` does not take `None`"
        elif operator in ("in", "not in") and may_be_none(second):
            yield right, ", which has no items"


def _given(item: Item, node: syntax.Call | syntax.ConfigureDeclaration) -> Iterator[_Misfit]:
    for argument, parameter in item.binding_of(node).matched:
        given = item.type_of(argument.value)
        if argument.star or not may_be_none(given):
            continue
        wanted = substitute(parameter.type, {})
        if not assignable(given, wanted) and only_none_misfits(given, wanted):
            name = written(item, node.function) if isinstance(node, syntax.Call) else "configure"
            yield argument.value, f"; `{parameter.name}` of `{name}` takes {described(wanted)}"


def _returned(item: Item, node: syntax.Return) -> Iterator[_Misfit]:
    match item.declaration:
        case syntax.FunctionDeclaration(name=name, returns=wanted) if wanted is not None:
            if node.value is not None:
                yield from _must_be(item, node.value, wanted, f"`{name.text}` returns")
        case syntax.ModuleDeclaration(fields=fields):
            declared = {each.name.text: each.type for each in fields if each.direction == "output"}
            for argument in node.outputs or ():
                output = argument.name.text if argument.name is not None else ""
                wanted = declared.get(output)
                if wanted is not None:
                    yield from _must_be(item, argument.value, wanted, f"`{output}` is")


_BY_CLASS: Mapping[type, Callable[[Item, Any], Iterable[_Misfit]]] = {
    syntax.Attribute: _in_attribute,
    syntax.Subscript: _in_subscript,
    syntax.Call: _in_call,
    syntax.ConfigureDeclaration: lambda item, node: _given(item, node),
    syntax.For: lambda item, node: _looped(item, node.iterable),
    syntax.ComprehensionClause: lambda item, node: _looped(item, node.iterable),
    syntax.Starred: lambda item, node: _looped(item, node.value),
    syntax.Binary: _in_binary,
    syntax.Unary: _in_unary,
    syntax.AugmentedAssign: lambda item, node: _operated(item, node.target, node.operator, node.value),
    syntax.Comparison: lambda item, node: _compared(item, node),
    syntax.Assign: _in_assign,
    syntax.Return: lambda item, node: _returned(item, node),
    syntax.Interpolation: _in_interpolation,
}


def _must_be(
    item: Item, value: syntax.Expression, annotation: syntax.Expression, words: str
) -> Iterator[_Misfit]:
    given, wanted = item.type_of(value), item.type_of(annotation)
    if _works_on_items(item, value):
        return  # it is the items that may be `None`
    if may_be_none(given) and not assignable(given, wanted) and only_none_misfits(given, wanted):
        yield value, f"; {words} {described(wanted)}"


# --- fixes ----------------------------------------------------------------------------------------------


def _fix(item: Item, value: syntax.Expression, text: str) -> Fix | None:
    """A test of a path where one stands already, or else an `assert` above the statement."""
    path = path_of(value)
    if path is None:
        return None
    test = f"{text} is not None"
    name = path.partition(".")[0].partition("[")[0]
    for comprehension in item.nodes(syntax.Comprehension):
        if _is_in(value, comprehension.element):
            for clause in reversed(comprehension.clauses):
                if any(isinstance(each, syntax.Name) and each.text == name for each in walk(clause.target)):
                    return insert(f"Leave out where `{text}` is `None`", clause.span.end, f" if {test}")
    condition = next((each for each in _conditions(item) if _is_in(value, each)), None)
    if condition is not None:
        return _tested(item, condition, test, text)
    return _asserted(item, value, test, text)


def _conditions(item: Item) -> Iterator[syntax.Expression]:
    for branch in item.nodes(syntax.IfBranch):
        yield branch.test
    for conditional in item.nodes(syntax.Conditional):
        yield conditional.test
    for clause in item.nodes(syntax.ComprehensionClause):
        yield from clause.conditions
    for statement in item.nodes(syntax.Assert):
        yield statement.test


def _tested(item: Item, condition: syntax.Expression, test: str, text: str) -> Fix:
    """The condition with a test before it."""
    title = f"Test that `{text}` is not `None`"
    if isinstance(condition, syntax.Boolean) and condition.operator == "or":
        inside = item.text[condition.span.start : condition.span.end]
        return replace(title, condition, f"{test} and ({inside})")
    return insert(title, condition.span.start, f"{test} and ")


def _asserted(item: Item, value: syntax.Expression, test: str, text: str) -> Fix | None:
    """An `assert` on a line above a statement that stands alone on its line."""
    around: list[syntax.Statement] = [each for each in item.nodes(syntax.Return) if _is_in(value, each)]
    around += [each for each in item.nodes(syntax.Assign) if _is_in(value, each)]
    around += [each for each in item.nodes(syntax.AugmentedAssign) if _is_in(value, each)]
    around += [each for each in item.nodes(syntax.For) if _is_in(value, each.iterable)]
    if not around:
        return None
    statement = max(around, key=lambda each: each.span.start)
    start = item.text.rfind("\n", 0, statement.span.start) + 1
    indent = item.text[start : statement.span.start]
    if indent.strip():
        return None
    return insert(f"Assert that `{text}` is not `None`", start, f"{indent}assert {test}\n")


def _is_in(value: syntax.Node, node: syntax.Node) -> bool:
    return node.span.start <= value.span.start and value.span.end <= node.span.end
