"""Comparisons by identity, with `None`, and with the same value."""

from __future__ import annotations

import re
from itertools import pairwise

from ....base.span import Span
from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...trees import walk
from ..rule import Findings, insert, replace, rule, written


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
            if text in seen and _is_stable(item, value) and before is not None:
                fix = replace("Remove it", Span(before.span.end, value.span.end), "")
                yield same_operands.at(value, f"`{text}` appears twice in this condition", fix=fix)
            seen.add(text)
        return
    for left, right in pairwise((node.left, *node.rights)):
        text = written(item, left)
        if text == written(item, right) and _is_stable(item, left) and not isinstance(left, syntax.Constant):
            span = Span(left.span.start, right.span.end)
            yield same_operands.at(span, f"`{text}` is compared with itself")


def _is_stable(item: Item, node: syntax.Expression) -> bool:
    """Whether an expression has the same value each time."""
    return all(_is_builtin(item, each) for each in walk(node) if isinstance(each, syntax.Call))


def _is_builtin(item: Item, call: syntax.Call) -> bool:
    """Whether a function or a method of Python's own types is called."""
    kind = item.type_of(call.function)
    options = kind.options if isinstance(kind, types.Overloaded) else (kind,)
    return all(isinstance(each, types.Function) and each.origin == "builtin" for each in options)


@rule("W114", "missing-comma", syntax.Comparison, fix="always", severity="warning")
def missing_comma(program: Program, item: Item, node: syntax.Comparison) -> Findings:
    """A value is looked for in a string in parentheses, where a tuple of one string is probably meant.

    `("yes")` is the string `"yes"`, so the test is whether the value is a part of it: `"e"` is.

    ```dspy
    def agrees(answer: str) -> bool:
        return answer in ("yes")
    #                     ^^^^^ W114 `("yes")` is a string; a tuple of one has a comma: `("yes",)`
    ```

    ```dspy
    def agrees(answer: str) -> bool:
        return answer in ("yes",)
    ```
    """
    for operator, right in zip(node.operators, node.rights, strict=True):
        if operator not in ("in", "not in") or not isinstance(right, syntax.String):
            continue
        before = item.text[: right.span.start].rstrip()
        after = item.text[right.span.end :].lstrip()
        if before.endswith("(") and after.startswith(")") and re.search(r"\bin\s*\($", before):
            shown = written(item, right)
            words = f"`({shown})` is a string; a tuple of one has a comma: `({shown},)`"
            fix = insert("Add the comma", right.span.end, ",")
            yield missing_comma.at(right, words, fix=fix)
