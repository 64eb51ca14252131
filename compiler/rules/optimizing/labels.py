"""Learning from labels that the rows do not have."""

from __future__ import annotations

from collections.abc import Iterator

from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ..rule import Findings, rule, written
from ..words import listed

_DEEPEST = 8
"""How many modules are looked into, one inside of the other."""


@rule("E437", "missing-labels", syntax.Call)
def missing_labels(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A program learns from the labels of the rows, but the rows have no labels for one of its predictors.

    With `teacher="labels"`, every row counts as a run of each predictor, so each of its fields must be a
    column, including the `reasoning` of a `ChainOfThought` and anything that one part passes to the next.

    ```dspy
    configure(lm=LM("embedded/banking-base"))
    module route = ChainOfThought("text -> label")
    dataset rows = Dataset([{"text": "Where is my card?", "label": "card"}], inputs=["text"])
    optimizer few = BootstrapFewShot()
    program fit = few.compile(route, trainset=rows, teacher="labels")
    #                                                       ^^^^^^^^ E437 `rows` has no column for `reasoning`
    ```

    ```dspy
    configure(lm=LM("embedded/banking-base"))
    module route = Predict("text -> label")
    dataset rows = Dataset([{"text": "Where is my card?", "label": "card"}], inputs=["text"])
    optimizer few = BootstrapFewShot()
    program fit = few.compile(route, trainset=rows, teacher="labels")
    ```
    """
    binding = item.binding_of(node)
    teacher = binding.argument("teacher")
    if teacher is None or not isinstance(teacher.value, syntax.String):
        return
    student, rows = binding.argument("student"), binding.argument("trainset")
    kind = item.type_of(rows.value) if rows is not None else types.UNKNOWN
    if teacher.value.value != "labels" or student is None or rows is None:
        return
    if not isinstance(kind, types.Dataset) or kind.columns.open:
        return
    columns = {each.name for each in kind.columns.fields}
    for name, fields in _predictors(program, item, student.value):
        lacking = [each.name for each in fields if each.name not in columns]
        if lacking:
            text = written(item, rows.value)
            owner = f" of the part `{name}`" if name else ""
            words = f"`{text}` has no column for {listed(lacking)}{owner}"
            yield missing_labels.at(teacher.value, words, _advice(lacking, name))
            return


def _advice(lacking: list[str], name: str) -> str | None:
    if lacking == ["reasoning"] and not name:
        return "use `Predict`, which gives its answer without reasoning, or a program as the teacher"
    return None


def _predictors(
    program: Program, item: Item, node: syntax.Expression, depth: int = 0
) -> Iterator[tuple[str, tuple[types.Field, ...]]]:
    """The predictors of a module whose fields are known: the name of the part, and what a row must have."""
    kind = item.type_of(node)
    if depth > _DEEPEST or not isinstance(kind, types.Module):
        return
    definition = kind.definition
    if kind.declared is not None:
        yield from _of_parts(program, kind.declared, depth)
    elif definition is not None and definition.name in ("Predict", "ChainOfThought"):
        yield "", () if kind.interface.open else _needed(kind.interface)


def _of_parts(
    program: Program, declared: types.ModuleClass, depth: int
) -> Iterator[tuple[str, tuple[types.Field, ...]]]:
    symbol = program.symbols.get(declared.name)
    owner = program.item(symbol.item) if symbol is not None and declared.path == program.path else None
    if owner is None or not isinstance(owner.declaration, syntax.ModuleDeclaration):
        return
    for part in owner.declaration.parts:
        for name, fields in _predictors(program, owner, part.value, depth + 1):
            yield f"{part.name.text}.{name}" if name else part.name.text, fields


def _needed(interface: types.Interface) -> tuple[types.Field, ...]:
    return (*(each for each in interface.inputs if each.required), *interface.outputs)
