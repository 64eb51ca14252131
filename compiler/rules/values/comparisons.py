"""Comparisons that always come out the same."""

from __future__ import annotations

from itertools import pairwise

from msgspec.structs import replace as with_values

from ....base.diagnostic import Diagnostic
from ....base.span import Span
from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...trees import walk
from ...types import Type
from ...types.assignable import iterated
from ...types.display import display_value
from ...types.overlap import overlaps
from ...types.union import plain, widened
from ..rule import Findings, replace, rule, written
from ..words import choices, described, near


@rule("E233", "impossible-comparison", syntax.Comparison, syntax.Match, fix="sometimes")
def impossible_comparison(program: Program, item: Item, node: syntax.Comparison | syntax.Match) -> Findings:
    """Two values are compared that can never be equal, such as a missing choice or values of different types.

    ```dspy
    def urgent(kind: Literal["bug", "question"]) -> bool:
        return kind == "bugs"
    #                  ^^^^^^ E233 `kind` is never `"bugs"`; did you mean `"bug"`?
    ```

    ```dspy
    def urgent(kind: Literal["bug", "question"]) -> bool:
        return kind == "bug"
    ```
    """
    if isinstance(node, syntax.Match):
        for case in node.cases:
            yield from _matched(item, node.subject, case.pattern)
        return
    for operator, (left, right) in zip(node.operators, pairwise((node.left, *node.rights)), strict=True):
        if operator in ("==", "!="):
            yield from _compared(item, left, right)
        elif operator in ("in", "not in"):
            yield from _looked_for(item, left, right)


def _matched(item: Item, subject: syntax.Expression, pattern: syntax.Pattern) -> Findings:
    match pattern:
        case syntax.OrPattern(options=options):
            for each in options:
                yield from _matched(item, subject, each)
        case syntax.AsPattern(pattern=inner):
            yield from _matched(item, subject, inner)
        case syntax.ValuePattern(value=value):
            for found in _compared(item, subject, value):
                yield with_values(found, span=value.span)


def _compared(item: Item, left: syntax.Expression, right: syntax.Expression) -> Findings:
    first, second = _known_type(item, left), _known_type(item, right)
    if overlaps(first, second):
        return
    if _has_choices(second) and not _has_choices(first):
        left, right, first, second = right, left, second, first
    yield _never(item, left, first, right, second)


def _looked_for(item: Item, left: syntax.Expression, right: syntax.Expression) -> Findings:
    first = _known_type(item, left)
    if isinstance(right, syntax.List | syntax.Tuple | syntax.Set):
        for each in right.elements:
            second = _known_type(item, each)
            if isinstance(each, syntax.Starred) or overlaps(first, second):
                continue
            if _has_choices(first):
                yield _never(item, left, first, each, second)
            else:
                yield impossible_comparison.at(each, f"{_short(first)} and {_short(second)} are never equal")
        return
    holder = item.type_of(right)
    if not isinstance(holder, types.List | types.Set | types.Tuple | types.Dict):
        return
    inside = iterated(holder)
    if inside is not None and not overlaps(first, inside):
        if _has_choices(inside) and not _has_choices(first):
            yield _never(item, right, inside, left, first, "never holds")
            return
        words = f"{described(plain(first))} is never in {described(plain(holder))}"
        yield impossible_comparison.at(Span(left.span.start, right.span.end), words)


def _never(
    item: Item,
    subject: syntax.Expression,
    first: Type,
    value: syntax.Expression,
    second: Type,
    verb: str = "is never",
) -> Diagnostic:
    """What is said of a value that a subject never is."""
    allowed = _values(first)
    if allowed and isinstance(second, types.Literals) and len(second.values) == 1:
        shown = display_value(second.values[0])
        texts = [each for each in allowed if isinstance(each, str)]
        close = near(second.values[0], texts) if isinstance(second.values[0], str) else None
        words = f"`{written(item, subject)}` {verb} `{shown}`"
        if close is not None:
            right = display_value(close)
            fix = replace(f"Change to `{right}`", value, right)
            return impossible_comparison.at(value, f"{words}; did you mean `{right}`?", fix=fix)
        rest = f"; it is {choices(allowed)}" if verb == "is never" and len(allowed) <= 8 else ""
        return impossible_comparison.at(value, words + rest)
    help_ = None
    for kind, node in ((first, subject), (second, value)):
        if isinstance(kind, types.Prediction) and kind.interface.outputs:
            help_ = f"compare a field, such as `{written(item, node)}.{kind.interface.outputs[0].name}`"
    words = f"{_short(first)} and {_short(second)} are never equal"
    return impossible_comparison.at(
        Span(min(subject.span.start, value.span.start), max(subject.span.end, value.span.end)), words, help_
    )


def _short(kind: Type) -> str:
    return "a prediction" if isinstance(kind, types.Prediction) else described(plain(kind))


def _values(kind: Type) -> list[types.Value]:
    """The choices that a type leaves."""
    found: list[types.Value] = []
    for each in types.options(kind):
        if isinstance(each, types.Literals):
            found += each.values
        elif isinstance(each, types.Enum):
            found += [value for _, value in each.members]
    return found


def _has_choices(kind: Type) -> bool:
    return bool(_values(kind)) and len(_values(kind)) > 1


def _known_type(item: Item, node: syntax.Expression) -> Type:
    """The type of an expression; of a name that happens to hold one constant, the constant's class.

    A constant of the file may be a switch, that somebody sets to another value.
    """
    kind = item.type_of(node)
    if isinstance(node, syntax.Name) and _is_single(kind):
        symbol = item.symbol_of(node)
        if symbol is None or symbol.kind not in ("parameter", "input"):
            return widened(kind)
    return kind


def _is_single(kind: Type) -> bool:
    """Whether a type is one constant, or one member of an enumeration."""
    match kind:
        case types.Literals(values=values) | types.Enum(members=values, whole=types.Enum()):
            return len(values) == 1
        case _:
            return False


@rule("E234", "identity-of-literal", syntax.Comparison, fix="always")
def identity_of_literal(program: Program, item: Item, node: syntax.Comparison) -> Findings:
    """`is` compares a value with a literal, although it only tests for the same object in memory.

    ```dspy
    def is_urgent(label: str) -> bool:
        return label is "urgent"
    #                ^^ E234 `is` tests for the same object; use `==` to compare with a value
    ```

    ```dspy
    def is_urgent(label: str) -> bool:
        return label == "urgent"
    ```
    """
    operands = pairwise((node.left, *node.rights))
    for operator, (left, right) in zip(node.operators, operands, strict=True):
        if operator not in ("is", "is not") or not (_is_value(left) or _is_value(right)):
            continue
        between = item.text[left.span.end : right.span.start]
        start = left.span.end + between.index("is")
        span = Span(start, left.span.end + len(between.rstrip(" (")))
        wanted = "==" if operator == "is" else "!="
        words = f"`{operator}` tests for the same object; use `{wanted}` to compare with a value"
        yield identity_of_literal.at(span, words, fix=replace(f"Write `{wanted}`", span, wanted))


def _is_value(node: syntax.Expression) -> bool:
    if isinstance(node, syntax.Constant):
        return node.value is not None and not isinstance(node.value, bool) and node.value is not ...
    return isinstance(
        node, syntax.String | syntax.FString | syntax.List | syntax.Tuple | syntax.Set | syntax.Dict
    )


@rule("W107", "comparison-with-none", syntax.Comparison, fix="always", severity="warning")
def comparison_with_none(program: Program, item: Item, node: syntax.Comparison) -> Findings:
    """`==` compares a value with `None`; use `is`, because there is only one `None`.

    ```dspy
    def shown(text: str | None) -> str:
        return "" if text == None else text
    #                     ^^ W107 use `is` to compare with `None`
    ```

    ```dspy
    def shown(text: str | None) -> str:
        return "" if text is None else text
    ```
    """
    operands = pairwise((node.left, *node.rights))
    for operator, (left, right) in zip(node.operators, operands, strict=True):
        if operator not in ("==", "!=") or not (_is_none(left) or _is_none(right)):
            continue
        start = left.span.end + item.text[left.span.end : right.span.start].index(operator)
        span, wanted = Span(start, start + 2), "is" if operator == "==" else "is not"
        fix = replace(f"Write `{wanted}`", span, wanted, applicability="unsafe")
        yield comparison_with_none.at(span, f"use `{wanted}` to compare with `None`", fix=fix)


def _is_none(node: syntax.Expression) -> bool:
    return isinstance(node, syntax.Constant) and node.value is None


@rule("W108", "same-operands", syntax.Comparison, syntax.Boolean, fix="sometimes", severity="warning")
def same_operands(program: Program, item: Item, node: syntax.Comparison | syntax.Boolean) -> Findings:
    """A value is compared with itself, or a condition is tested twice.

    ```dspy
    def same(gold: str, found: str) -> bool:
        return gold == gold
    #          ^^^^^^^^^^^^ W108 `gold` is compared with itself
    ```

    ```dspy
    def same(gold: str, found: str) -> bool:
        return gold == found
    ```
    """
    if isinstance(node, syntax.Boolean):
        seen: set[str] = set()
        for before, value in zip((None, *node.values), node.values, strict=False):
            text = written(item, value)
            if text in seen and _is_stable(value) and before is not None:
                fix = replace("Remove it", Span(before.span.end, value.span.end), "")
                yield same_operands.at(value, f"`{text}` appears twice in this condition", fix=fix)
            seen.add(text)
        return
    for left, right in pairwise((node.left, *node.rights)):
        text = written(item, left)
        if text == written(item, right) and _is_stable(left) and not isinstance(left, syntax.Constant):
            span = Span(left.span.start, right.span.end)
            yield same_operands.at(span, f"`{text}` is compared with itself")


def _is_stable(node: syntax.Expression) -> bool:
    """Whether an expression has the same value each time."""
    return not any(isinstance(each, syntax.Call) for each in walk(node))
