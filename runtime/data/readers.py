"""Rows of data files: CSV, TSV, JSON, JSON Lines and Parquet, compressed by gzip or not, here or on Hugging
Face.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from ...base.files import UnreadableFile, verify_regular
from ..errors import DataError, did_you_mean
from ..values.cells import EMPTY
from .jsonlists import DECODER, kind_of, read_json, reason_of
from .opening import ending_of, lines_of, opened
from .parquet import read_parquet
from .table import Row, Table, first_twice


def read(path: Path) -> Table:
    """Open a data file; rows are read as they are asked for, so a file may be larger than memory.

    Args:
        path: the file, or `hf://datasets/OWNER/NAME/FILE`; see `hub`.

    Raises:
        DataError: there is no such file, its ending is unknown, or (while rows are read) a line is bad.
    """
    name = str(path)
    if is_remote(name):
        from .hub import read_remote

        # As a `Path`, the address has lost a slash.
        return read_remote(re.sub(r"^hf:/+", "hf://", name.replace("\\", "/")), read)
    reader = READERS.get(ending_of(path))
    if reader is None:
        raise DataError(
            f"`{path.name}` is not a supported data file; the extensions are {', '.join(READERS)}, "
            "each also with .gz"
        )
    if not path.parent.is_dir():
        raise DataError(f"there is no data file `{path}`: the folder `{path.parent}` does not exist")
    try:
        verify_regular(path, LARGEST)
    except UnreadableFile as error:
        if error.kind == "missing":
            raise DataError(f"there is no data file `{path}`{_similar(path)}") from None
        raise DataError(f"`{path}` {error.message}") from None
    return reader(path)


LARGEST = 1 << 42
"""How many bytes a data file may have: 4 TB."""


def is_remote(name: str) -> bool:
    """Whether a path names a dataset of Hugging Face."""
    return name.startswith(("hf:/", "hf:\\"))


def _similar(path: Path) -> str:
    beside = [other.name for other in path.parent.iterdir() if ending_of(other) in READERS]
    return did_you_mean(path.name, beside)


def _read_csv(path: Path) -> Table:
    return _read_delimited(path, ",")


def _read_tsv(path: Path) -> Table:
    return _read_delimited(path, "\t")


def _read_delimited(path: Path, delimiter: str) -> Table:
    rows = _delimited_rows(path, delimiter)
    try:
        _, header = next(rows)
    except StopIteration:
        raise DataError(f"`{path.name}` is empty; its first line must name the columns") from None
    columns = tuple(name.strip() for name in header)
    if (twice := first_twice(columns)) is not None:
        raise DataError(f"`{path.name}` names the column `{twice}` twice in its first line")
    return Table(columns, _as_records(path, columns, rows))


def _as_records(
    path: Path, columns: tuple[str, ...], rows: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[int, Row]]:
    for line, values in rows:
        if len(values) != len(columns):
            raise DataError(
                f"`{path.name}`, line {line}: {len(values)} values for {len(columns)} columns"
                f" ({', '.join(columns)}); a value that contains the separator must be in quotes"
            )
        if "" in values:
            values = [value or EMPTY for value in values]
        yield line, dict(zip(columns, values, strict=True))


def _delimited_rows(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    if csv.field_size_limit() < _LONGEST_FIELD:
        csv.field_size_limit(_LONGEST_FIELD)
    with opened(path, newline="") as file:
        reader = csv.reader(lines_of(file, path), delimiter=delimiter, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise DataError(f"`{path.name}`, line {line}: {error}") from error
            if values:
                yield line, values


_LONGEST_FIELD = 2**30


def read_json_lines(path: Path) -> Table:
    """The objects of a file, one on each line."""
    return Table(None, _json_lines(path))


def _json_lines(path: Path) -> Iterator[tuple[int, Row]]:
    with opened(path) as file:
        for number, text in enumerate(lines_of(file, path), 1):
            if text.strip():
                yield number, _object(path, number, text.rstrip("\r\n"))


def _object(path: Path, line: int, text: str) -> Row:
    try:
        value = DECODER.decode(text)
    except json.JSONDecodeError as error:
        place = f"`{path.name}`, line {line}, column {error.colno}"
        raise DataError(f"{place}: invalid JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"`{path.name}`, line {line}: {reason_of(error)}") from None
    if not isinstance(value, dict):
        raise DataError(f"`{path.name}`, line {line}: a row must be a JSON object, not {kind_of(value)}")
    return value


READERS: dict[str, Callable[[Path], Table]] = {
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".json": read_json,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".parquet": read_parquet,
}
"""How a file is read, by the ending of its name."""
