"""`Table`: the rows of a data file, whatever its format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

Row = dict[str, Any]
Origin: TypeAlias = int | tuple[str, int]
"""The number of a line, or the name of a file and that number, where the rows are of several files."""


def first_twice(names: Iterable[str]) -> str | None:
    """The first name that stands a second time; a row cannot hold both."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


@dataclass(frozen=True)
class Table:
    """What a data file holds.

    Attributes:
        columns: the columns of all rows, or None where each row names its own.
        rows: where each row begins, and the row. Of formats without lines the rows are counted.
    """

    columns: tuple[str, ...] | None
    rows: Iterator[tuple[Origin, Row]]
