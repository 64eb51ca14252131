"""The rows of `dspyc run --inputs`: read from a file, results written one by one, resumed after a kill."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TextIO

from ..base.files import UnreadableFile, read_bytes, write_atomically
from ..base.locks import Locked, exclusive
from ..runtime.data.readers import read
from ..runtime.data.table import Origin
from ..runtime.errors import DataError
from .errors import Refusal

LARGEST = 2**31
"""In bytes: of the results of an earlier run."""


@dataclass(frozen=True)
class Row:
    """A row of the input.

    Attributes:
        number: counts the rows from 0.
        values: the columns by name.
        key: says what was asked of what.
        place: the file and the line that the row begins on: "`rows.csv`, line 7".
    """

    number: int
    values: Mapping[str, Any]
    key: str
    place: str = ""


def read_rows(path: Path, salt: str) -> list[Row]:
    """The rows of a `.jsonl`, `.json`, `.csv` or `.tsv` file. Raises `Refusal` with the line of a bad one."""

    def place_of(origin: Origin) -> str:
        name, line = origin if isinstance(origin, tuple) else (path.name, origin)
        return f"`{name}`, line {line}"

    try:
        return [
            Row(number, values, _key(values, salt), place_of(origin))
            for number, (origin, values) in enumerate(read(path).rows)
        ]
    except DataError as problem:
        raise Refusal(str(problem)) from None


def _key(values: Mapping[str, Any], salt: str) -> str:
    text = json.dumps([salt, values], ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Be the only run that writes to an output. Raises `Refusal` where another one does."""
    _verify_target(path)
    try:
        with exclusive(path):
            yield
    except Locked as problem:
        who = f" (process {problem.owner})" if problem.owner else ""
        raise Refusal(
            f"another run{who} is writing to {path}",
            "wait for it to finish, or name another --output. No row was run",
        ) from None


def _verify_target(path: Path) -> None:
    """Refuse an output that cannot be written, before anything is paid for."""
    if path.suffix.lower() not in {".jsonl", ".ndjson", ".csv", ".tsv"}:
        raise Refusal(f"{path} must end in .jsonl, .ndjson, .csv or .tsv")
    if not path.parent.is_dir():
        raise Refusal(f"the folder of the output, {path.parent}, does not exist", f"mkdir -p {path.parent}")


def _earlier_results(path: Path) -> bytes:
    try:
        return read_bytes(path, LARGEST)
    except UnreadableFile as problem:
        if problem.kind == "missing":
            return b""
        raise Refusal(f"{path} {problem.message}", "name another --output") from None


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
        self._outputs = list(outputs)
        self._lines: dict[int, str] = {}
        data = _earlier_results(path)
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
                f"{path} contains {others} answer{'s' * (others > 1)} for other rows or another program",
                "name another --output to keep them, or delete the file",
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
        names, taken = ["row", "key"], {"row", "key", "error"}
        for prefix, columns in (("input_", self._columns), ("output_", self._outputs)):
            for column in columns:
                name = column
                while name in taken or (name != column and name in columns):
                    name = prefix + name
                taken.add(name)
                names.append(name)
        return self._joined([*names, "error"])

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
            f"{self._path} exists and does not contain the results of these rows",
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
