"""Conditions of fields that are none, that are of another field, or that nothing satisfies."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from ....base.diagnostic import Fix
from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...resolve.bounds import number
from ...trees import walk
from ...types.union import widened
from ..rule import Findings, insert, replace, rule, written
from ..words import described


@rule("E241", "not-a-condition", syntax.Field, fix="sometimes")
def not_a_condition(program: Program, item: Item, node: syntax.Field) -> Findings:
    """The expression after `where` is a value, not a condition.

    ```dspy
    signature Tag:
        input text: str
        output tags: list[str] where len(tags)
    #                                ^^^^^^^^^ E241 `len(tags)` is an `int`, not a condition; compare it
    ```

    ```dspy
    signature Tag:
        input text: str
        output tags: list[str] where len(tags) > 0
    ```
    """
    if node.where is None or _is_print(node.where):
        return
    kind = item.type_of(node.where)
    wide = widened(kind)
    if not types.known(kind) or any(
        not types.known(each) or each == types.BOOL or isinstance(each, types.Anything | types.Instance)
        for each in types.options(wide)
    ):
        return
    text = written(item, node.where)
    if isinstance(kind, types.Function):
        right = f"{text}({node.name.text})"
        call = replace(f"Write `{right}`", node.where, right)
        yield not_a_condition.at(node.where, f"`{text[:40]}` is a function; call it: `{right}`", fix=call)
        return
    fix: Fix | None = None
    if wide in (types.INT, types.FLOAT) and isinstance(node.where, syntax.Call):
        fix = insert("Write `> 0`", node.where.span.end, " > 0")
    article = "an" if wide == types.INT else "a"
    shown = f"{article} {described(wide)}" if isinstance(wide, types.Builtin) else described(wide)
    yield not_a_condition.at(node.where, f"`{text[:40]}` is {shown}, not a condition; compare it", fix=fix)


@rule("E242", "condition-of-another", syntax.Field)
def condition_of_another(program: Program, item: Item, node: syntax.Field) -> Findings:
    """A condition does not mention its own field, so no other answer could satisfy it.

    ```dspy
    signature Plan:
        input hours: int
        output plan: str where hours > 3
    #                          ^^^^^^^^^ E242 this condition does not mention `plan`
    ```

    ```dspy
    signature Plan:
        input hours: int where hours > 3
        output plan: str
    ```
    """
    if node.where is None or not node.name.text or isinstance(item.type_of(node.where), types.Function):
        return
    names = [each for each in walk(node.where) if isinstance(each, syntax.Name)]
    if any(each.text == node.name.text or id(each) in item.unresolved for each in names):
        return
    if any(isinstance(each, syntax.Missing) for each in walk(node.where)):
        return
    name = node.name.text
    others = [
        each.text
        for each in names
        if (symbol := item.symbol_of(each)) is not None and symbol.kind in ("input", "output", "field")
    ]
    help_ = f"move it to `{others[0]}`" if len(set(others)) == 1 else None
    yield condition_of_another.at(node.where, f"this condition does not mention `{name}`", help_)


def _is_print(node: syntax.Node) -> bool:
    """Whether this prints, which is a finding of its own in a condition."""
    return (
        isinstance(node, syntax.Call)
        and isinstance(node.function, syntax.Name)
        and node.function.text == "print"
    )


@rule("E243", "impossible-condition", syntax.Field)
def impossible_condition(program: Program, item: Item, node: syntax.Field) -> Findings:
    """No value satisfies a field's condition, so every answer is rejected.

    ```dspy
    signature Rate:
        input review: str
        output stars: int where 5 <= stars <= 1
    #                           ^^^^^^^^^^^^^^^ E243 no value satisfies this condition
    ```

    ```dspy
    signature Rate:
        input review: str
        output stars: int where 1 <= stars <= 5
    ```
    """
    if node.where is not None and _is_impossible(item, node.where):
        yield impossible_condition.at(node.where, "no value satisfies this condition")


class _Bounds(NamedTuple):
    """The numbers between two others."""

    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    """Whether `low` itself is left out."""
    below: bool = False

    @property
    def are_empty(self) -> bool:
        return self.low > self.high or (self.low == self.high and (self.above or self.below))

    def narrowed(self, operator: str, value: float) -> _Bounds:
        """Those of them that are `operator value`."""
        match operator:
            case ">" | ">=":
                is_strict = operator == ">"
                if (value, is_strict) > (self.low, self.above):
                    return self._replace(low=value, above=is_strict)
            case "<" | "<=":
                is_strict = operator == "<"
                if (value, not is_strict) < (self.high, not self.below):
                    return self._replace(high=value, below=is_strict)
            case "==":
                return self.narrowed(">=", value).narrowed("<=", value)
        return self


_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}


def _is_impossible(item: Item, node: syntax.Expression) -> bool:
    bounds: dict[str, _Bounds] = {}
    for subject, operator, value in _limits(item, node):
        start = _Bounds(low=0) if subject.startswith("len(") else _Bounds()
        bounds[subject] = bounds.get(subject, start).narrowed(operator, value)
    return any(each.are_empty for each in bounds.values())


def _limits(item: Item, node: syntax.Expression) -> Iterator[tuple[str, str, float]]:
    """The comparisons with numbers that all have to hold: what is compared, how, and with what."""
    match node:
        case syntax.Boolean(operator="and", values=values):
            for each in values:
                yield from _limits(item, each)
        case syntax.Comparison():
            for operator, (left, right) in zip(
                node.operators, pairwise((node.left, *node.rights)), strict=True
            ):
                low, high = number(left), number(right)
                if operator not in _TURNED or (low is None) == (high is None):
                    continue
                subject = right if high is None else left
                if isinstance(subject, syntax.Name) or _is_length(subject):
                    turned = operator if high is not None else _TURNED[operator]
                    yield written(item, subject), turned, high if high is not None else low or 0


def _is_length(node: syntax.Expression) -> bool:
    return (
        isinstance(node, syntax.Call)
        and isinstance(node.function, syntax.Name)
        and node.function.text == "len"
        and len(node.arguments) == 1
    )
