"""Rows of a dataset and the steps that they go through, from a list of rows to another."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeAlias

from ..errors import DataError, list_names
from ..example import Example
from ..execution.callables import call
from .columns import Columns, lacks, with_inputs
from .table import Origin

Rows: TypeAlias = list[Example]
Step: TypeAlias = Callable[[Iterable[Example]], Iterable[Example]]
"""Makes other rows of rows, one by one where that can be."""


def as_example(row: Example | dict[str, Any], columns: Columns) -> Example:
    """A row of a source with its columns renamed, copied and left out."""
    return columns.shape_example(row) if isinstance(row, Example) else Example(columns.shape(row))


def marked_origin(file: str, place: Origin, row: Example) -> Example:
    """The row, with where it is from: a place in this file, or in the one that the place names."""
    object.__setattr__(row, "_origin", place if isinstance(place, tuple) else (file, place))
    return row


def with_origin_of(before: Example, row: Example) -> Example:
    """A row that has been made of another one, with where that is from."""
    if row is not before and (origin := getattr(before, "_origin", None)) is not None:
        object.__setattr__(row, "_origin", origin)
    return row


def place_of(row: Example) -> str:
    """What has or lacks a column: "`train.csv`, line 7: the row", "row 7"."""
    origin = row.origin
    if origin is None:
        return "a row"
    return f"{origin}: the row" if ", line " in origin else origin


def mapped(function: Callable[[Any], Any], row: Example) -> Example:
    """What a function makes of a row; its inputs stay marked. It gets a copy, which it may change, because
    others have the row, too.

    Raises:
        DataError: that is no row, or lacks an input.
    """
    made = call(function, row.copy())
    if isinstance(made, Example):
        changed = made
    elif isinstance(made, Mapping):
        changed = Example(made)
    else:
        where = f"{row.origin}: " if row.origin else ""
        raise DataError(f"{where}`map` must return the row, as a dict or an Example, not {made!r}")
    if changed._input_keys is None and row._input_keys is not None:
        changed = with_inputs(changed, row._input_keys, place_of(row))
    return with_origin_of(row, changed)


def without_repeats(rows: Iterable[Example], columns: bool | str | list[str]) -> Iterator[Example]:
    """The first of several rows that are equal, or equal in some columns; all rows when False.

    Raises:
        DataError: a row lacks one of the columns.
    """
    if columns is False:
        yield from rows
        return
    names = [columns] if isinstance(columns, str) else None if columns is True else list(columns)
    seen: set[Example] = set()
    for row in rows:
        if names is not None and (missing := [name for name in names if name not in row]):
            raise DataError(lacks(place_of(row), row.keys(), missing[0], "unique"))
        key = row if names is None else Example({name: row[name] for name in names})
        if key not in seen:
            seen.add(key)
            yield row


def drawn_seed(seed: int | bool | None) -> int | None:
    """A seed as it was given; one that is drawn here for True, and None for False.

    It is drawn once for a dataset: parts of it that are read apart from each other must not overlap.
    """
    if seed is True:
        return random.Random().getrandbits(64)
    return None if seed is False else seed


def shuffled(rows: Iterable[Example], seed: int | None) -> Rows:
    """The rows in the order that a seed gives; in theirs when None."""
    found = list(rows)
    if seed is not None:
        random.Random(seed).shuffle(found)
    return found


def joined(first: Iterable[Example], second: Rows) -> Rows:
    """The rows of two datasets, one after the other.

    Raises:
        DataError: their columns or their inputs differ.
    """
    first = list(first)
    if first and second:
        for what, one, other in (
            ("columns", _all_columns(first), _all_columns(second)),
            ("inputs", _all_inputs(first), _all_inputs(second)),
        ):
            if one != other:
                have = f"{_listed(one)} in one, {_listed(other)} in the other"
                raise DataError(f"two joined datasets have different {what}: {have}")
    return first + second


def _all_columns(rows: Rows) -> set[str]:
    return {name for row in rows for name in row.keys()}  # noqa: SIM118 an example's own are not all names


def _all_inputs(rows: Rows) -> set[str]:
    return {name for row in rows for name in row._input_keys or ()}


def _listed(names: set[str]) -> str:
    return list_names(sorted(names)) if names else "none"


def share(start: float, end: float) -> Step:
    """The step that picks a part of the rows, given as fractions of their number."""

    def pick(given: Iterable[Example]) -> Rows:
        rows = list(given)
        return rows[round(start * len(rows)) : round(end * len(rows))]

    return pick


def sliced(rows: Iterable[Example], part: slice) -> Iterable[Example]:
    """A slice of the rows; only one that counts from the end needs them all at once."""
    if all(end is None or end >= 0 for end in (part.start, part.stop, part.step)):
        return islice(rows, part.start, part.stop, part.step)
    return list(rows)[part]
