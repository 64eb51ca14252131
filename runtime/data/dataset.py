"""`Dataset`: labelled rows of a file, read when they are first needed."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Self, overload

from ...base.forks import new_recursive_lock
from ..errors import ConfigurationError, DataError, did_you_mean, list_names
from ..example import Example
from ..execution.callables import call
from ..execution.loading import refuse_data_while_loading
from ..limits import Ge
from ..parameters import KW_ONLY, parameters
from .readers import Row, read

_Numbered = tuple[int, Example]


@parameters
class Dataset(Sequence[Example]):
    """Rows of a CSV, TSV, JSON or JSON Lines file, as a list of examples.

        Dataset("train.csv", inputs=["text"], rename={"category": "label"}, shuffle=0, take=200)

    Nothing is read until a row is needed; then the file is read once. The steps run in the order in
    which they are listed below (`rename` first, `take` last), however they are written. Values of CSV
    and TSV files are strings. A slice of a dataset is a dataset, and `split` makes several.

    Raises:
        DataError: when rows are read: the file is missing, not UTF-8 or damaged, or a column is missing.
    """

    path: str | Path
    """The data file: `.csv`, `.tsv`, `.json` (a list of objects), `.jsonl` or `.ndjson`."""
    _: KW_ONLY
    inputs: list[str] | None = None
    """The columns that a program is called with; all others are labels."""
    rename: dict[str, str] | None = None
    """New names of columns; the old one may be a dotted path into nested objects (`"answer.value"`)."""
    copy: dict[str, str] | None = None
    """Columns to copy under another name."""
    columns: list[str] | None = None
    """The columns to keep; the others are left out."""
    filter: Callable[[Any], Any] | None = None
    """A function of a row; only rows for which it is true are kept."""
    unique: bool | str | list[str] = False
    """Keep only the first of several equal rows, or of rows that are equal in these columns."""
    map: Callable[[Any], Any] | None = None
    """A function of a row that returns its replacement, as an `Example` or a dict."""
    shuffle: int | bool | None = None
    """A seed to shuffle the rows with; the same seed gives the same order. True gives a new one each time."""
    skip: Annotated[int, Ge(0)] = 0
    """How many rows to leave out from the beginning."""
    take: Annotated[int, Ge(0)] | None = None
    """How many rows to have at most."""
    base: str | None = None
    """The folder that a relative path starts from: the working directory, or that of the `.dspy` file."""

    def __post_init__(self) -> None:
        if not isinstance(self.path, str | os.PathLike):
            raise ConfigurationError(
                f"`path` of `Dataset` names a data file; it cannot be `{type(self.path).__name__}`: "
                "write the rows to a JSON Lines file and name that, or use a list of Example(…)"
            )
        self.path = os.fspath(self.path)
        if not self.path:
            raise ConfigurationError("`path` of `Dataset` is empty; it must name the data file")
        for name in ("inputs", "columns"):
            if isinstance(getattr(self, name), str):
                raise ConfigurationError(
                    f"`{name}` of `Dataset` must be a list of columns: write {name}=[{getattr(self, name)!r}]"
                )
        self._start(self._read)

    def _start(self, source: Callable[[], list[Example]]) -> None:
        self._source = source
        self._rows: list[Example] | None = None
        self._lock = new_recursive_lock()

    @property
    def file(self) -> Path:
        """The data file's full path."""
        return Path(self.base or "", self.path).expanduser()

    def __len__(self) -> int:
        return len(self._loaded())

    def __iter__(self) -> Iterator[Example]:
        return iter(self._loaded())

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> Dataset: ...
    def __getitem__(self, index: int | slice) -> Example | Dataset:
        if isinstance(index, slice):
            return self._view(lambda rows: rows[index])
        return self._loaded()[index]

    def __repr__(self) -> str:
        rows = "not read yet" if self._rows is None else f"{len(self._rows)} rows"
        return f"Dataset({self.path!r}, {rows})"

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # Rows are not changed, so that copies of what holds a dataset share it.
        return self

    def __getstate__(self) -> dict[str, Any]:
        # To another process goes what is to be read, or the rows where they are read or are some of others'.
        rows = self._rows if self._source == self._read else self._loaded()
        return {**self.__dict__, "_rows": rows, "_source": None, "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start(self._read)
        self._rows = state["_rows"]

    def split(self, *fractions: float, seed: int | None = 0) -> tuple[Dataset, ...]:
        """Divide the rows into several datasets, such as `train, dev, test = rows.split(0.6, 0.2, 0.2)`.

        Args:
            fractions: the share of each; they add up to at most 1.
            seed: the seed to shuffle the rows with first; None keeps their order.

        Raises:
            ConfigurationError: no fractions, a negative one, or a sum of more than 1.
        """
        if not fractions or min(fractions) < 0 or sum(fractions) > 1 + 1e-9:
            given = ", ".join(map(str, fractions))
            raise ConfigurationError(
                f"`split` needs fractions that add up to at most 1, such as 0.8, 0.2, not {given}"
            )
        ends = [sum(fractions[: count + 1]) for count in range(len(fractions))]
        starts = [0.0, *ends]
        shuffled = (
            self if seed is None else self._view(lambda rows: random.Random(seed).sample(rows, len(rows)))
        )
        return tuple(shuffled._view(_share(start, end)) for start, end in zip(starts, ends, strict=False))

    def _view(self, pick: Callable[[list[Example]], list[Example]]) -> Dataset:
        view = object.__new__(Dataset)
        view.__dict__.update(self.__dict__)
        view._start(lambda: pick(self._loaded()))
        return view

    def _loaded(self) -> list[Example]:
        if self._rows is None:
            refuse_data_while_loading(self.file.name)
            with self._lock:
                if self._rows is None:
                    self._rows = self._source()
        return self._rows

    def _read(self) -> list[Example]:
        path = self.file
        table = read(Path(self.path) if os.fspath(self.path).startswith("hf:") else path)
        columns = _Columns(path.name, self.rename or {}, self.copy or {}, self.columns)
        if table.columns is not None:
            shaped = columns.shape(dict.fromkeys(table.columns))
            columns.verify()
            if self.inputs is not None and self.map is None:
                # Line 0: every row lacks what the first line does not name.
                _with_inputs(Example(shaped), self.inputs, path.name, 0)
        rows: Iterable[_Numbered] = ((line, Example(columns.shape(row))) for line, row in table.rows)
        if self.filter is not None:
            keep = self.filter
            rows = (row for row in rows if call(keep, row[1]))
        if self.unique is not False:
            rows = _without_repeats(rows, self.unique, path.name)
        if self.map is not None:
            change = self.map
            rows = ((line, _mapped(call(change, row), path.name, line)) for line, row in rows)
        if self.shuffle is not None and self.shuffle is not False:
            shuffled = list(rows)
            random.Random(None if self.shuffle is True else self.shuffle).shuffle(shuffled)
            rows = shuffled
        picked = islice(rows, self.skip, None if self.take is None else self.skip + self.take)
        if self.inputs is None:
            found = [_from(path.name, line, row) for line, row in picked]
        else:
            found = [
                _from(path.name, line, _with_inputs(row, self.inputs, path.name, line))
                for line, row in picked
            ]
        columns.verify()
        return found


@dataclass
class _Columns:
    """The steps that change a row's columns, and a record of which columns there were."""

    file: str
    rename: dict[str, str]
    copy: dict[str, str]
    keep: list[str] | None
    seen: dict[str, None] = field(default_factory=dict)
    shaped: dict[str, None] = field(default_factory=dict)
    found: set[tuple[str, str]] = field(default_factory=set)

    def shape(self, row: Row) -> Row:
        """The row with its columns renamed, copied and left out."""
        self.seen.update(dict.fromkeys(row))
        if self.rename:
            row = self._renamed(row)
        for old, new in self.copy.items():
            if old in row:
                self.found.add(("copy", old))
                row = {**row, new: row[old]}
        self.shaped.update(dict.fromkeys(row))
        if self.keep is None:
            return row
        self.found.update(("columns", name) for name in self.keep if name in row)
        return {name: row[name] for name in self.keep if name in row}

    def verify(self) -> None:
        """Complain about a column that a step names and no row has.

        Raises:
            DataError: there is one.
        """
        wanted = [("rename", name) for name in self.rename] + [("copy", name) for name in self.copy]
        wanted += [("columns", name) for name in self.keep or ()]
        for step, name in wanted:
            if self.seen and (step, name) not in self.found:
                there = list(self.seen if step == "rename" else self.shaped)
                raise DataError(
                    f"`{self.file}` has no column `{name}`, which `{step}` names; it has {list_names(there)}"
                )

    def _renamed(self, row: Row) -> Row:
        moved: Row = {}
        for old, new in self.rename.items():
            if old in row:
                moved[old] = row[old]
            elif (value := _at_path(row, old)) is not _ABSENT:
                moved[old] = value
            else:
                continue
            self.found.add(("rename", old))
            if new in row and new not in self.rename:
                raise DataError(
                    f"`{self.file}` has a column `{new}` already, so `rename` cannot give `{old}` that name"
                )
        # Renamed columns keep their places.
        kept = {self.rename.get(name, name): value for name, value in row.items()}
        return {**kept, **{self.rename[old]: value for old, value in moved.items()}}


_ABSENT = object()


def _at_path(row: Row, path: str) -> Any:
    value: Any = row
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return _ABSENT
        value = value[part]
    return value


def _without_repeats(
    rows: Iterable[_Numbered], columns: bool | str | list[str], file: str
) -> Iterator[_Numbered]:
    names = [columns] if isinstance(columns, str) else None if columns is True else list(columns or [])
    seen: set[Example] = set()
    for line, row in rows:
        if names is not None and (missing := [name for name in names if name not in row]):
            raise DataError(_lacks(file, line, row, missing[0], "unique"))
        key = row if names is None else Example({name: row[name] for name in names})
        if key not in seen:
            seen.add(key)
            yield line, row


def _mapped(row: Any, file: str, line: int) -> Example:
    if isinstance(row, Example):
        return row
    if isinstance(row, dict):
        return Example(row)
    raise DataError(f"`{file}`, line {line}: `map` must return the row, as a dict or an Example, not {row!r}")


def _with_inputs(row: Example, inputs: list[str], file: str, line: int) -> Example:
    for name in inputs:
        if name not in row:
            raise DataError(_lacks(file, line, row, name, "inputs"))
    return row.with_inputs(*inputs)


def _from(file: str, line: int, row: Example) -> Example:
    """The row, with where it is from."""
    object.__setattr__(row, "_origin", (file, line))
    return row


def _lacks(file: str, line: int, row: Example, name: str, step: str) -> str:
    there = list(row.keys())
    where = f"`{file}`, line {line}: the row" if line else f"`{file}`"
    return (
        f"{where} has no column `{name}`, which `{step}` names; it has {list_names(there)}"
        f"{did_you_mean(name, there)}"
    )


def _share(start: float, end: float) -> Callable[[list[Example]], list[Example]]:
    return lambda rows: rows[round(start * len(rows)) : round(end * len(rows))]
