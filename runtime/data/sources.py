"""Where the rows of a dataset come from: a file, a list of rows, a function that gives them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeAlias

from ..errors import ConfigurationError, DataError
from ..example import Example
from ..execution.callables import call
from .readers import is_remote, read
from .table import Table

Source: TypeAlias = str | os.PathLike[str] | Iterable[Any] | Callable[[], Any]
"""A data file's path, rows (dicts, examples or records), or a function without parameters that gives rows."""


def verify_source(source: object) -> None:
    """Complain about what cannot be a source.

    Raises:
        ConfigurationError: it is neither a path, rows nor a function.
    """
    if isinstance(source, str | os.PathLike):
        if not os.fspath(source):
            raise ConfigurationError("`source` of `Dataset` is empty; it must name the data file")
    elif isinstance(source, Mapping | bytes) or not (callable(source) or isinstance(source, Iterable)):
        raise ConfigurationError(
            f"`source` of `Dataset` must be a data file, a list of rows or a function that returns them, "
            f"not `{type(source).__name__}`"
        )


def path_of(source: Source, base: str | None) -> Path | None:
    """The full path of a data file; None for rows that are in no file."""
    if isinstance(source, str | os.PathLike):
        return Path(source) if is_remote(os.fspath(source)) else Path(base or "", source).expanduser()
    return None


def read_rows(source: Source, base: str | None) -> Table:
    """The rows, with what each is counted by: the line of a file, or the number of the row from 1.

    Raises:
        DataError: the file cannot be read, or what is given are no rows.
    """
    path = path_of(source, base)
    if path is not None:
        return read(path)
    if not callable(source):
        assert not isinstance(source, str | os.PathLike)
        return Table(None, _numbered(source))
    rows = call(source)
    if isinstance(rows, str | bytes | Mapping) or not isinstance(rows, Iterable):
        raise DataError(
            "the function that returns the rows of a dataset must return a list of dicts, examples or "
            f"records, not `{type(rows).__name__}`"
        )
    return Table(None, _numbered(rows))


def _numbered(rows: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    for number, row in enumerate(rows, 1):
        yield number, row if isinstance(row, Example) else _as_dict(row, number)


def _as_dict(row: Any, number: int) -> dict[str, Any]:
    """A row as a dict; of a record its attributes."""
    if isinstance(row, Mapping):
        if unnamed := [name for name in row if not isinstance(name, str)]:
            raise DataError(f"row {number}: the names of columns are strings, not {unnamed[0]!r}")
        return dict(row)
    names = getattr(type(row), "model_fields", None)
    if names is None and is_dataclass(row) and not isinstance(row, type):
        names = [each.name for each in fields(row)]
    if names is None:
        raise DataError(
            f"row {number} of the dataset must be a dict, an example or a record, not `{type(row).__name__}`"
        )
    return {name: getattr(row, name) for name in names}
