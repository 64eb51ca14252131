"""The rows of `dspyc run --inputs`: read from a file, results written one by one, resumed after a kill."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TextIO

from .errors import Refusal, list_names
from .files import write_atomically


@dataclass(frozen=True)
class Row:
    """A row of the input: its number from 0, its columns, and a key that says what was asked of what."""

    number: int
    values: Mapping[str, Any]
    key: str


def read_rows(path: Path, salt: str) -> list[Row]:
    """The rows of a `.jsonl`, `.json`, `.csv` or `.tsv` file. Raises `Refusal` with the line of a bad one."""
    readers: dict[str, Callable[[TextIO], Iterator[Any]]] = {
        ".jsonl": _json_lines,
        ".ndjson": _json_lines,
        ".json": _json_list,
        ".csv": lambda file: _table(file, ","),
        ".tsv": lambda file: _table(file, "\t"),
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise Refusal(
            f"{path} is neither JSON Lines nor JSON, CSV or TSV by its ending", f"use {list_names(readers)}"
        )
    rows = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, values in enumerate(reader(file)):
                if not isinstance(values, dict):
                    raise Refusal(f"{path}: row {number + 1} is no object", 'a row looks like {"text": "…"}')
                rows.append(Row(number, values, _key(values, salt)))
    except UnicodeDecodeError:
        raise Refusal(f"{path} is not UTF-8 text") from None
    except (ValueError, csv.Error) as problem:
        raise Refusal(f"{path}: {problem}") from None
    return rows


def _json_lines(file: TextIO) -> Iterator[Any]:
    for number, line in enumerate(file, 1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as problem:
                raise ValueError(f"line {number} is not JSON: {problem}") from None


def _json_list(file: TextIO) -> Iterator[Any]:
    rows = json.load(file)
    if not isinstance(rows, list):
        raise ValueError("the file is not a JSON list of objects")
    yield from rows


def _table(file: TextIO, delimiter: str) -> Iterator[Any]:
    for row in csv.DictReader(file, delimiter=delimiter):
        if None in row or None in row.values():
            raise ValueError(f"row {row} has not as many columns as the header")
        yield row


def _key(values: Mapping[str, Any], salt: str) -> str:
    text = json.dumps([salt, values], ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Output:
    """The file that results go to, a line for each row, written and flushed as they come.

    Opened on the file of an earlier run it keeps the lines that answer rows of this one, wherever these
    stand now; `done` are their numbers. Failed rows and half a last line are dropped, so that they are made
    again. A file with answers to anything else is refused: they may have been paid for. JSON Lines hold
    `row`, `key`, `input` and `output` or `error`; tables hold the same in columns.
    """

    def __init__(self, path: Path, rows: Sequence[Row], outputs: Sequence[str]) -> None:
        self._path = path
        self._delimiter = {".csv": ",", ".tsv": "\t"}.get(path.suffix.lower())
        self._columns = list(dict.fromkeys(column for row in rows for column in row.values))
        self._outputs = {name: f"output_{name}" if name in self._columns else name for name in outputs}
        self._lines: dict[int, str] = {}
        if path.suffix.lower() not in {".jsonl", ".ndjson", ".csv", ".tsv"}:
            raise Refusal(
                f"{path} is neither JSON Lines nor CSV nor TSV by its ending", "use .jsonl, .csv, .tsv"
            )
        if not path.parent.is_dir():
            raise Refusal(
                f"the folder of the output, {path.parent}, does not exist", f"mkdir -p {path.parent}"
            )
        data = path.read_bytes() if path.exists() else b""
        answers: dict[str, list[Callable[[int], str]]] = {}
        try:
            for key, failed, line_of in self._earlier(data):
                if not failed:
                    answers.setdefault(key, []).append(line_of)
        except (ValueError, KeyError, TypeError):
            raise self._foreign() from None
        for row in rows:
            if answers.get(row.key):
                self._lines[row.number] = answers[row.key].pop(0)(row.number)
        if others := sum(map(len, answers.values())):
            raise Refusal(
                f"{path} holds {others} answer{'s' * (others > 1)} to other rows, or of another program",
                "name another --output, so that they are kept, or delete the file",
            )
        self.done = frozenset(self._lines)
        self._rewrite(unless=data)
        self._file = self._open()

    def succeeded(self, row: Row, outputs: Mapping[str, Any]) -> None:
        """Write the outputs of a row."""
        self._append(row, {"output": dict(outputs)})

    def failed(self, row: Row, error: str) -> None:
        """Write that a row failed, and how; the next run tries it again."""
        self._append(row, {"error": error})

    def finish(self) -> None:
        """Close the file, its lines in the order of the rows; without a line there is no file."""
        self._file.close()
        if not self._lines:
            self._path.unlink()
        elif list(self._lines) != sorted(self._lines):
            self._rewrite()

    def _append(self, row: Row, result: Mapping[str, Any]) -> None:
        line = self._line(row, result)
        self._lines[row.number] = line
        self._file.write(line)
        self._file.flush()

    def _rewrite(self, unless: bytes | None = None) -> None:
        self._lines = dict(sorted(self._lines.items()))
        text = self._header() + "".join(self._lines.values())
        if text.encode(errors="backslashreplace") != unless:
            write_atomically(self._path, text)

    def _header(self) -> str:
        if self._delimiter is None:
            return ""
        return self._joined(["row", "key", *self._columns, *self._outputs.values(), "error"])

    def _line(self, row: Row, result: Mapping[str, Any]) -> str:
        if self._delimiter is None:
            record = {"row": row.number, "key": row.key, "input": dict(row.values), **result}
            return json.dumps(record, ensure_ascii=False) + "\n"
        outputs = result.get("output", {})
        inputs = [row.values.get(column, "") for column in self._columns]
        cells = [*inputs, *(outputs.get(name, "") for name in self._outputs), result.get("error", "")]
        return self._joined([str(row.number), row.key, *map(_cell, cells)])

    def _open(self) -> TextIO:
        return self._path.open("a", encoding="utf-8", errors="backslashreplace", newline="")

    def _foreign(self) -> Refusal:
        return Refusal(
            f"{self._path} exists and holds something else than the results of these rows",
            "name another --output, or delete the file",
        )

    def _joined(self, cells: Sequence[str]) -> str:
        out = io.StringIO()
        # The writer does not quote a carriage return by itself, and the reader takes it for a line's end.
        quoting: Literal[0, 1] = csv.QUOTE_ALL if any("\r" in cell for cell in cells) else csv.QUOTE_MINIMAL
        csv.writer(out, delimiter=self._delimiter or ",", lineterminator="\n", quoting=quoting).writerow(
            cells
        )
        return out.getvalue()

    def _earlier(self, data: bytes) -> Iterator[tuple[str, bool, Callable[[int], str]]]:
        """The whole lines of an earlier run: key, whether it failed, and the line by the row's number now."""
        start = self._header() or '{"row": '
        if data[: len(start.encode())] != start.encode()[: len(data)]:
            raise self._foreign()
        whole = data[: data.rfind(b"\n") + 1].decode()
        if self._delimiter is None:
            # Not `splitlines`: a JSON string may hold the other characters that it takes for line ends.
            for line in whole.split("\n")[:-1]:
                record = json.loads(line)
                yield record["key"], "error" in record, partial(_renumbered, record)
        else:
            for cells in list(csv.reader(io.StringIO(whole, newline=""), delimiter=self._delimiter))[1:]:
                if len(cells) == 3 + len(self._columns) + len(self._outputs):
                    yield cells[1], bool(cells[-1]), partial(self._renumbered_cells, cells)

    def _renumbered_cells(self, cells: Sequence[str], number: int) -> str:
        return self._joined([str(number), *cells[1:]])


def _renumbered(record: Mapping[str, Any], number: int) -> str:
    return json.dumps({**record, "row": number}, ensure_ascii=False) + "\n"


def _cell(value: Any) -> str:
    """A value in a table: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
