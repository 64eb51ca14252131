"""Evaluations and optimizations whose score would mean something else than it says."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ..rule import Findings, file_rule, insert, replace, rule
from ..walking import DatasetCall, remembered
from ..words import described
from .rows import may_be_row
from .steps import steps

_PERCENT = {"require": ("evaluate",), "stop_at_score": ("optimizer", "program")}
"""The parameters that are scores, with the words of the declarations that have them."""


@rule("E404", "fraction-for-percent", syntax.Argument, fix="always")
def fraction_for_percent(program: Program, item: Item, node: syntax.Argument) -> Findings:
    """`require=` or `stop_at_score=` is a fraction, but scores are in percent, so nearly all programs pass.

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset dev = Dataset("dev.jsonl", inputs=["question"])
    evaluate em = Evaluate(qa, devset=dev, require=0.75, metric=answer_exact_match)
    #                                              ^^^^ E404 scores are in percent; write `require=75`
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset dev = Dataset("dev.jsonl", inputs=["question"])
    evaluate em = Evaluate(qa, devset=dev, require=75, metric=answer_exact_match)
    ```
    """
    declaration = item.declaration
    if not isinstance(declaration, syntax.ValueDeclaration) or node.name is None:
        return
    if declaration.kind not in _PERCENT.get(node.name.text, ()):
        return
    match node.value:
        case syntax.Constant(value=float() as value) if 0 < value <= 1:
            name, percent = node.name.text, f"{value * 100:.6g}"
            fix = replace(f"Write `{name}={percent}`", node.value, percent)
            words = f"scores are in percent; write `{name}={percent}`"
            yield fraction_for_percent.at(node.value, words, fix=fix)


@rule("E407", "wrong-row-function", DatasetCall)
def wrong_row_function(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A dataset's `filter` or `map` is a function that does not take one row, or a `map` gives no row.

    A row is a dict, a record or an `Example`.

    ```dspy
    def is_long(row, length) -> bool:
        return len(row.text) > length

    dataset rows = Dataset("rows.csv", inputs=["text"], filter=is_long)
    #                                                          ^^^^^^^ E407 `filter` is called with one row
    ```

    ```dspy
    def is_long(row) -> bool:
        return len(row.text) > 100

    dataset rows = Dataset("rows.csv", inputs=["text"], filter=is_long)
    ```
    """
    if not isinstance(item.type_of(node), types.Dataset):
        return
    for name, value, _ in steps(item, node):
        if name not in ("filter", "map") or value is None:
            continue
        match value, item.type_of(value):
            case syntax.Lambda(parameters=parameters), _:
                needed = sum(each.default is None and each.kind == "" for each in parameters)
                taken = len(parameters)
            case _, types.Function(parameters=given, untyped=False):
                needed = sum(each.required and each.kind not in ("*", "**") for each in given)
                taken = sum(each.kind not in ("keyword-only", "**") for each in given)
            case _:
                continue
        if needed > 1 or taken == 0:
            yield wrong_row_function.at(value, f"`{name}` is called with one row")
            continue
        kind = item.type_of(value)
        if name == "map" and isinstance(kind, types.Function) and not may_be_row(kind.returns):
            words = f"`map` replaces each row, so its function returns a dict, not {described(kind.returns)}"
            yield wrong_row_function.at(value, words)


@file_rule("E406", "shared-state", fix="always")
def shared_state(program: Program) -> Findings:
    """Two programs keep their state in one file, so the second overwrites what the first learned.

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset train = Dataset("train.jsonl", inputs=["question"])
    optimizer few = BootstrapFewShot(metric=answer_exact_match)
    optimizer many = BootstrapFewShot(metric=answer_exact_match, max_bootstrapped_demos=8)
    program small = few.compile(qa, trainset=train, state="qa.json")
    program large = many.compile(qa, trainset=train, state="qa.json")
    #                                                      ^^^^^^^^^ E406 this is already the state of `small`
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset train = Dataset("train.jsonl", inputs=["question"])
    optimizer few = BootstrapFewShot(metric=answer_exact_match)
    optimizer many = BootstrapFewShot(metric=answer_exact_match, max_bootstrapped_demos=8)
    program small = few.compile(qa, trainset=train, state="small.json")
    program large = many.compile(qa, trainset=train, state="large.json")
    ```
    """
    if not program.combine(_path_of_state, _has_repeated):
        return
    first: dict[str, str] = {}
    for item in program.items:
        node = _state(item)
        if node is not None:
            name = item.names[0].text
            before = first.setdefault(posixpath.normpath(node.value), name)
            if before != name:
                words = f"this is already the state of `{before}`"
                path = f'"{name}.state.json"'
                fix = replace(f"Write {path}", node, path)
                yield shared_state.at(node, words, fix=fix).shifted(item.start)


def _state(item: Item) -> syntax.String | None:
    """Where a program says that its state is kept."""
    node = item.declaration
    if item.broken or not isinstance(node, syntax.ValueDeclaration) or node.kind != "program":
        return None
    for argument in node.value.arguments if isinstance(node.value, syntax.Call) else ():
        if argument.name is not None and argument.name.text == "state":
            return argument.value if isinstance(argument.value, syntax.String) else None
    return None


@remembered
def _path_of_state(item: Item) -> str | None:
    node = _state(item)
    return posixpath.normpath(node.value) if node is not None else None


def _has_repeated(paths: Sequence[str | None]) -> bool:
    found = [each for each in paths if each is not None]
    return len(set(found)) < len(found)


@rule("W501", "unseeded-shuffle", DatasetCall, fix="always", severity="warning")
def unseeded_shuffle(program: Program, item: Item, node: syntax.Call) -> Findings:
    """Rows are shuffled differently in each run, so no two runs learn from or measure the same rows.

    ```dspy
    dataset dev = Dataset("dev.csv", shuffle=True, take=100)
    #                                        ^^^^ W501 the rows differ from run to run; write `shuffle=0`
    ```

    ```dspy
    dataset dev = Dataset("dev.csv", shuffle=0, take=100)
    ```
    """
    if not isinstance(item.type_of(node), types.Dataset):
        return
    for name, value, _ in steps(item, node):
        if name != "shuffle":
            continue
        if isinstance(value, syntax.Constant) and value.value is True:
            form = "shuffle(0)" if isinstance(node.function, syntax.Attribute) else "shuffle=0"
            words = f"the rows differ from run to run; write `{form}`"
            yield unseeded_shuffle.at(value, words, fix=replace(f"Write `{form}`", value, "0"))
        elif value is None and not node.arguments and isinstance(node.function, syntax.Attribute):
            words = "the rows differ from run to run; write `shuffle(0)`"
            fix = insert("Write `shuffle(0)`", node.span.end - 1, "0")
            yield unseeded_shuffle.at(node.function.name, words, fix=fix)
