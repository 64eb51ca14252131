"""Rows of data files: CSV, TSV, JSON and JSON Lines."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from ...base.files import UnreadableFile, verify_regular
from ..errors import DataError, did_you_mean
from ..values.cells import EMPTY

Row = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """What a data file holds.

    Attributes:
        columns: the columns of all rows, or None where each row names its own.
        rows: the number of the line where each row begins, and the row.
    """

    columns: tuple[str, ...] | None
    rows: Iterator[tuple[int, Row]]


def read(path: Path) -> Table:
    """Open a data file; rows are read as they are asked for.

    Raises:
        DataError: there is no such file, its ending is unknown, or (while rows are read) a line is bad.
    """
    name = str(path)
    if name.startswith(("hf:/", "hf:\\")):
        raise DataError(
            f"`{name.replace(':/', '://', 1)}` is a Hugging Face dataset, which cannot be read yet; "
            "save it as JSON Lines and use that file"
        )
    reader = _READERS.get(path.suffix.lower())
    if path.suffix.lower() == ".parquet":
        raise DataError(
            f"`{path.name}` is a Parquet file, which cannot be read yet; save it as CSV or JSON Lines"
        )
    if reader is None:
        raise DataError(
            f"`{path.name}` is not a supported data file; the extensions are {', '.join(_READERS)}"
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


LARGEST = 4 << 30
"""How many bytes a data file may have."""


def _similar(path: Path) -> str:
    beside = [other.name for other in path.parent.iterdir() if other.suffix.lower() in _READERS]
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
    if (twice := _first_twice(columns)) is not None:
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
    with _open(path) as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise DataError(f"`{path.name}`, line {line}: {error}") from error
            except UnicodeDecodeError as error:
                raise _not_utf8(path, error) from error
            if values:
                yield line, values


_LONGEST_FIELD = 2**30


def _read_json_lines(path: Path) -> Table:
    return Table(None, _json_lines(path))


def _json_lines(path: Path) -> Iterator[tuple[int, Row]]:
    with _open(path) as file:
        try:
            for number, text in enumerate(file, 1):
                if text.strip():
                    yield number, _object(path, number, text.rstrip("\r\n"))
        except UnicodeDecodeError as error:
            raise _not_utf8(path, error) from error


def _object(path: Path, line: int, text: str) -> Row:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"`{path.name}`, line {line}, column {error.colno}"
        raise DataError(f"{place}: invalid JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"`{path.name}`, line {line}: {_reason(error)}") from None
    if not isinstance(value, dict):
        raise DataError(f"`{path.name}`, line {line}: a row must be a JSON object, not {_kind(value)}")
    return value


def _reason(error: ValueError | RecursionError) -> str:
    """Why JSON that may be well formed is not read."""
    return "values are nested too deeply" if isinstance(error, RecursionError) else f"{error}".split(";")[0]


def _read_json(path: Path) -> Table:
    with _open(path) as file:
        try:
            text = file.read()
        except UnicodeDecodeError as error:
            raise _not_utf8(path, error) from error
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and text.lstrip().startswith("{"):
            raise DataError(
                f"`{path.name}`, line {error.lineno}: unexpected text after the first JSON value; "
                "a file with one object per line needs the extension .jsonl"
            ) from error
        raise DataError(
            f"`{path.name}`, line {error.lineno}, column {error.colno}: invalid JSON: {error.msg}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"`{path.name}` cannot be read: {_reason(error)}") from None
    if not isinstance(value, list):
        raise DataError(f"`{path.name}` must contain a JSON list of objects, not {_kind(value)}")
    for number, row in enumerate(value, 1):
        if not isinstance(row, dict):
            raise DataError(f"`{path.name}`, item {number}: a row must be a JSON object, not {_kind(row)}")
    return Table(None, iter(enumerate(value, 1)))


def _open(path: Path) -> TextIO:
    try:
        # A mark at the beginning, which spreadsheets write, is no part of the first column's name.
        return path.open(
            encoding="utf-8-sig", newline="" if path.suffix.lower() in (".csv", ".tsv") else None
        )
    except OSError as error:
        raise DataError(f"`{path}` cannot be read: {error.strerror}") from error


def _not_utf8(path: Path, error: UnicodeDecodeError) -> DataError:
    """Say where the first bad byte is; the decoder knows only its place in the current block."""
    content = path.read_bytes()
    offset, lines = 0, 1
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as whole:
        offset = whole.start
        lines = content.count(b"\n", 0, offset) + 1
    return DataError(
        f"`{path.name}`, line {lines}: the byte 0x{content[offset]:02x} is not UTF-8 ({error.reason}); "
        "save the file as UTF-8"
    )


def _first_twice(names: tuple[str, ...]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _kind(value: object) -> str:
    if value is None:
        return "null"
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}
    return names.get(type(value), "a number")


_READERS: dict[str, Callable[[Path], Table]] = {
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".json": _read_json,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
}
