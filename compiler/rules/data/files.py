"""Data files that are not there, or that no dataset can be made of."""

from __future__ import annotations

from ....grammar import syntax
from ... import types
from ...datafiles import problem_of
from ...program import Item, Program
from ..edits import without_argument
from ..models.written import constant
from ..rule import Findings, replace, rule
from ..walking import Construction, DatasetCall
from ..words import near
from .steps import steps
from .written_rows import source_of


@rule("E408", "unreadable-data", Construction)
def unreadable_data(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A dataset file cannot be read: it has another format, is empty, or has two columns of the same name.

    Datasets read `.csv`, `.tsv`, `.json` (a list of objects), `.jsonl` and `.ndjson`.

    ```dspy
    dataset rows = Dataset("a.xlsx")
    #                      ^^^^^^^^ E408 `a.xlsx` cannot be read as data; save it as CSV or JSON Lines
    ```

    ```dspy
    dataset rows = Dataset("a.csv")
    ```
    """
    source = source_of(item, node)
    if not isinstance(source, syntax.String):
        return
    problem = problem_of(source.value)
    if not problem:
        found = item.data_of(source)
        problem = found.problem if found is not None else ""
    if not source.value.strip():
        yield unreadable_data.at(source, "this is not the name of a data file")
    elif problem:
        yield unreadable_data.at(source, f"`{source.value}` {problem}")


@rule("W504", "missing-data", Construction, fix="sometimes", severity="info")
def missing_data(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A dataset names a file that does not exist, next to one with a similar name.

    Data is often not kept with a program, so this is only a note, and other missing files are not reported.
    """
    source = source_of(item, node)
    found = item.data_of(source) if source is not None else None
    if found is None or not found.is_missing or not found.beside or not isinstance(source, syntax.String):
        return
    if problem_of(source.value):
        return
    folder, slash, name = source.value.rpartition("/")
    close = near(name, found.beside)
    if close is None:
        return
    whole = f"{folder}{slash}{close}"
    fix = replace(f'Change to "{whole}"', source, f'"{whole}"')
    yield missing_data.at(source, f"there is no file `{source.value}`; did you mean `{whole}`?", fix=fix)


@rule("E409", "no-rows", DatasetCall, fix="sometimes")
def no_rows(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A dataset takes no rows, so there is nothing to learn from or measure.

    ```dspy
    dataset rows = Dataset("rows.csv", inputs=["text"], take=0)
    #                                                        ^ E409 with `take=0` the dataset has no rows
    ```

    ```dspy
    dataset rows = Dataset("rows.csv", inputs=["text"], take=100)
    ```
    """
    if not isinstance(item.type_of(node), types.Dataset):
        return
    for name, given, _ in steps(item, node):
        if name == "take" and given is not None and constant(given) == 0:
            argument = next((each for each in node.arguments if each.value is given), None)
            named = argument is not None and argument.name is not None
            fix = without_argument(item, node.arguments, argument) if argument is not None and named else None
            yield no_rows.at(given, "with `take=0` the dataset has no rows", fix=fix)
