"""Programs that are measured on the rows that they have learned from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from ....grammar import syntax
from ...program import Item, Program
from ..rule import Findings, rule, written

_Rows: TypeAlias = tuple[str, float, float]
"""Rows of a dataset: its name, the first, and the one behind the last."""


@rule("W502", "measured-on-training", syntax.ValueDeclaration, severity="warning")
def measured_on_training(program: Program, item: Item, node: syntax.ValueDeclaration) -> Findings:
    """A program is measured on rows that it has learned from, so its score says nothing about new ones.

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset rows = Dataset("rows.jsonl", inputs=["question"])
    optimizer few = BootstrapFewShot(metric=answer_exact_match)
    program tuned = few.compile(qa, trainset=rows)
    evaluate score = Evaluate(tuned, devset=rows, metric=answer_exact_match)
    #                                       ^^^^ W502 `tuned` has learned from these rows; use others
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset rows = Dataset("rows.jsonl", inputs=["question"])
    dataset train, dev = rows.split(0.8, 0.2, seed=0)
    optimizer few = BootstrapFewShot(metric=answer_exact_match)
    program tuned = few.compile(qa, trainset=train)
    evaluate score = Evaluate(tuned, devset=dev, metric=answer_exact_match)
    ```
    """
    call = node.value
    if not isinstance(call, syntax.Call):
        return
    if node.kind == "program":
        train, valid = _given(call, "trainset"), _given(call, "valset")
        if train is not None and valid is not None and _shares(program, train, valid):
            words = f"`{written(item, valid)}` has rows of the `trainset`; use others"
            yield measured_on_training.at(valid, words)
    elif node.kind == "evaluate":
        rows = _given(call, "devset")
        for name in _programs(item, call) if rows is not None else ():
            train = _trained_on(program, name)
            if rows is not None and train is not None and _shares(program, train, rows):
                words = f"`{name}` has learned from these rows; use others"
                yield measured_on_training.at(rows, words)
                return


def _given(call: syntax.Call, name: str) -> syntax.Expression | None:
    return next((each.value for each in call.arguments if each.name and each.name.text == name), None)


def _programs(item: Item, call: syntax.Call) -> Iterator[str]:
    """The names of what is measured."""
    first = next((each.value for each in call.arguments if each.name is None), None)
    value = first if first is not None else _given(call, "program")
    for each in value.elements if isinstance(value, syntax.List | syntax.Tuple) else (value,):
        if isinstance(each, syntax.Name):
            yield each.text


def _value_of(program: Program, name: str, kind: str) -> syntax.Expression | None:
    """What a declaration of the file with one name is."""
    symbol = program.symbols.get(name)
    owner = program.item(symbol.item) if symbol is not None else None
    node = owner.declaration if owner is not None else None
    if isinstance(node, syntax.ValueDeclaration) and node.kind == kind and len(node.names) == 1:
        return node.value
    return None


def _trained_on(program: Program, name: str) -> syntax.Expression | None:
    value = _value_of(program, name, "program")
    return _given(value, "trainset") if isinstance(value, syntax.Call) else None


def _shares(program: Program, one: syntax.Expression, other: syntax.Expression) -> bool:
    """Whether two datasets surely have rows in common."""
    first, second = _rows(program, one), _rows(program, other)
    if first is None or second is None or first[0] != second[0]:
        return False
    return max(first[1], second[1]) < min(first[2], second[2])


def _rows(program: Program, node: syntax.Expression, depth: int = 0) -> _Rows | None:
    """The rows that a name or a slice stands for; None where that cannot be said."""
    match node:
        case syntax.Name(text=name):
            value = _value_of(program, name, "dataset") if depth < 8 else None
            if isinstance(value, syntax.Name | syntax.Subscript):
                return _rows(program, value, depth + 1)
            return (name, 0, float("inf"))
        case syntax.Subscript(value=value, index=syntax.Slice(lower=lower, upper=upper, step=None)):
            whole, start, end = (
                _rows(program, value, depth + 1),
                _bound(lower, 0),
                _bound(upper, float("inf")),
            )
            if whole is None or start is None or end is None:
                return None
            return (whole[0], whole[1] + start, min(whole[2], whole[1] + end))
        case _:
            return None


def _bound(node: syntax.Expression | None, default: float) -> float | None:
    if node is None:
        return default
    if isinstance(node, syntax.Constant) and isinstance(node.value, int) and node.value >= 0:
        return node.value
    return None
