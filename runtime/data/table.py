"""`Table`: the rows of a data file, whatever its format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


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
        rows: the number of the line where each row begins, and the row. Of formats without lines the rows are
            counted.
    """

    columns: tuple[str, ...] | None
    rows: Iterator[tuple[int, Row]]
