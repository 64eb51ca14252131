"""Steps of datasets: columns that are not there, datasets that do not fit, shares of more than all rows."""

from __future__ import annotations

from collections.abc import Iterator

from ....base.span import Span
from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...resolve.bounds import number
from ...resolve.data import lacking, steps_of
from ..rule import Findings, replace, rule, written
from ..walking import DatasetCall
from ..words import listed, meant_or_has, near


def steps(item: Item, node: syntax.Call) -> Iterator[tuple[str, syntax.Expression | None, types.Interface]]:
    """The steps that a call makes on a dataset: what each is given, and the columns before it."""
    function = node.function
    receiver = item.type_of(function.value) if isinstance(function, syntax.Attribute) else types.UNKNOWN
    return steps_of(node, item.type_of(function), receiver, item)


@rule("E431", "unknown-column", DatasetCall, fix="sometimes")
def unknown_column(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A step of a dataset names a column that its rows do not have, or gives a name that another column has.

    The columns are those of literal rows and records, after the steps `rename`, `copy` and `columns`.

    ```dspy
    rows = [{"text": "Where is my card?", "label": "card"}]
    dataset train = Dataset(rows, inputs=["txt"])
    #                                     ^^^^^ E431 the rows have no column `txt`; did you mean `text`?
    ```

    ```dspy
    rows = [{"text": "Where is my card?", "label": "card"}]
    dataset train = Dataset(rows, inputs=["text"])
    ```
    """
    if not isinstance(item.type_of(node), types.Dataset):
        return
    for name, given, before in steps(item, node):
        for each in lacking(before, name, given):
            there = [field.name for field in before.fields]
            column = each.value.partition(".")[0] if name == "rename" else each.value
            close = near(column, there)
            fix = replace(f'Change to "{close}"', each, f'"{close}"') if close else None
            words = f"the rows have no column `{column}`{meant_or_has(column, there)}"
            yield unknown_column.at(each, words, fix=fix)
        yield from _taken_names(name, given, before)


def _taken_names(step: str, given: syntax.Expression | None, before: types.Interface) -> Findings:
    """`rename={"category": "label"}` of rows that have a `label` already."""
    if step != "rename" or not isinstance(given, syntax.Dict) or before.open:
        return
    there = {each.name for each in before.fields}
    renamed = {each.key.value for each in given.entries if isinstance(each.key, syntax.String)}
    taken: set[str] = set()
    for entry in given.entries:
        old = entry.key.value.partition(".")[0] if isinstance(entry.key, syntax.String) else ""
        if not isinstance(entry.value, syntax.String) or old not in there:
            continue
        name = entry.value.value
        if (name in there and name not in renamed) or name in taken:
            words = f"the rows already have a column `{name}`"
            yield unknown_column.at(entry.value, words, "drop or rename that one, or choose another name")
        taken.add(name)


@rule("E433", "different-columns", syntax.Binary)
def different_columns(program: Program, item: Item, node: syntax.Binary) -> Findings:
    """Two joined datasets have different columns or different inputs.

    ```dspy
    dataset first = Dataset([{"text": "Where is my card?", "label": "card"}], inputs=["text"])
    dataset second = Dataset([{"text": "Cash is missing", "intent": "cash"}], inputs=["text"])
    dataset both = first + second
    #                      ^^^^^^ E433 `second` has the column `intent`, which `first` does not have
    ```

    ```dspy
    dataset first = Dataset([{"text": "Where is my card?", "label": "card"}], inputs=["text"])
    dataset second = Dataset([{"text": "Cash is missing", "intent": "cash"}], inputs=["text"])
    dataset both = first + second.rename({"intent": "label"})
    ```
    """
    left, right = item.type_of(node.left), item.type_of(node.right)
    if node.operator != "+" or not isinstance(left, types.Dataset) or not isinstance(right, types.Dataset):
        return
    one, other = written(item, node.left), written(item, node.right)
    first, second = left.columns, right.columns
    names = [each.name for each in first.fields], [each.name for each in second.fields]
    if not first.open and not second.open and set(names[0]) != set(names[1]):
        further = [name for name in names[1] if name not in names[0]]
        lacking = [name for name in names[0] if name not in names[1]]
        owner, without, columns = (other, one, further) if further else (one, other, lacking)
        noun = "the column" if len(columns) == 1 else "the columns"
        words = f"`{owner}` has {noun} {listed(columns)}, which `{without}` does not have"
        yield different_columns.at(
            node.right, words, "rename columns with `.rename(…)`, or drop some with `.columns(…)`"
        )
        return
    inputs = [each.name for each in first.inputs], [each.name for each in second.inputs]
    if inputs[0] and inputs[1] and set(inputs[0]) != set(inputs[1]):
        words = f"`{one}` has {_inputs(inputs[0])}, but `{other}` has {_inputs(inputs[1])}"
        yield different_columns.at(node.right, words)


def _inputs(names: list[str]) -> str:
    return f"the input{'s' if len(names) > 1 else ''} {listed(names)}"


@rule("E434", "wrong-shares", syntax.Call)
def wrong_shares(program: Program, item: Item, node: syntax.Call) -> Findings:
    """The shares of a split are negative, or add up to more than the whole dataset.

    ```dspy
    dataset rows = Dataset("rows.csv", inputs=["text"])
    dataset train, dev = rows.split(0.9, 0.4, seed=0)
    #                               ^^^^^^^^ E434 the shares add up to 1.3, which is more than 1
    ```

    ```dspy
    dataset rows = Dataset("rows.csv", inputs=["text"])
    dataset train, dev = rows.split(0.9, 0.1, seed=0)
    ```
    """
    function = node.function
    if not isinstance(function, syntax.Attribute) or function.name.text != "split":
        return
    if not isinstance(item.type_of(function.value), types.Dataset):
        return
    given = [each for each in node.arguments if each.name is None]
    shares = [number(each.value) for each in given]
    if not given:
        if not item.binding_of(node).unknown and not any(each.star for each in node.arguments):
            words = "`split` needs the share of each part, such as `split(0.8, 0.2)`"
            yield wrong_shares.at(function.name, words)
        return
    known = [each for each in shares if each is not None]
    if len(known) < len(shares):
        return
    for each, share in zip(given, known, strict=True):
        if share < 0:
            yield wrong_shares.at(each.value, "a share must be at least 0")
            return
    if sum(known) > 1 + 1e-9:
        place = Span(given[0].span.start, given[-1].span.end)
        if all(share >= 1 and float(share).is_integer() for share in known):
            words = "shares are fractions of the rows; for numbers of rows, use `take` and `skip`"
        else:
            words = f"the shares add up to {sum(known):.6g}, which is more than 1"
        yield wrong_shares.at(place, words)
