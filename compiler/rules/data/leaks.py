"""Programs that are measured on the rows that they have learned from."""

from __future__ import annotations

from collections.abc import Iterator

from ....grammar import syntax
from ...program import Item, Program
from ..rule import Findings, rule, written
from .shares import have_rows_in_common
from .written_rows import owner_of


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
    #                                       ^^^^ W502 `tuned` learned from these rows; use other rows
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
        if train is None or valid is None:
            return
        if have_rows_in_common(program, item, train, item, valid):
            words = f"`{written(item, valid)}` shares rows with the `trainset`; use other rows"
            yield measured_on_training.at(valid, words)
    elif node.kind == "evaluate":
        rows = _given(call, "devset")
        for name in _programs(call) if rows is not None else ():
            train_at = _trained_on(program, item, name)
            if (
                rows is not None
                and train_at is not None
                and have_rows_in_common(program, *train_at, item, rows)
            ):
                words = f"`{name.text}` learned from these rows; use other rows"
                yield measured_on_training.at(rows, words)
                return


def _given(call: syntax.Call, name: str) -> syntax.Expression | None:
    return next((each.value for each in call.arguments if each.name and each.name.text == name), None)


def _programs(call: syntax.Call) -> Iterator[syntax.Name]:
    """The names of what is measured."""
    first = next((each.value for each in call.arguments if each.name is None), None)
    value = first if first is not None else _given(call, "program")
    for each in value.elements if isinstance(value, syntax.List | syntax.Tuple) else (value,):
        if isinstance(each, syntax.Name):
            yield each


def _trained_on(program: Program, item: Item, name: syntax.Name) -> tuple[Item, syntax.Expression] | None:
    """The rows that a program of the file learns from, and where that is said."""
    owner = owner_of(program, item, name)
    node = owner.declaration if owner is not None else None
    if owner is None or not isinstance(node, syntax.ValueDeclaration) or node.kind != "program":
        return None
    rows = _given(node.value, "trainset") if isinstance(node.value, syntax.Call) else None
    return None if rows is None else (owner, rows)
