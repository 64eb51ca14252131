"""`Dataset`: labelled rows of a file, a list or a function, read when they are first needed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Self, overload

from ...base.forks import new_recursive_lock
from ..errors import ConfigurationError
from ..example import Example
from ..execution.callables import call
from ..execution.loading import refuse_data_while_loading
from ..limits import Ge
from .columns import Columns, with_inputs
from .rows import (
    Rows,
    Step,
    as_example,
    drawn_seed,
    joined,
    mapped,
    marked_origin,
    place_of,
    share,
    shuffled,
    sliced,
    with_origin_of,
    without_repeats,
)
from .sources import path_of, read_rows, verify_source


class Dataset(Sequence[Example]):
    """Labelled rows, as a list of examples: from a CSV, TSV, JSON, JSON Lines or Parquet file (also with
    `.gz`), from Hugging Face, or from the program.

        Dataset("train.csv", inputs=["text"], rename={"category": "label"}, shuffle=0, take=200)
        Dataset([{"text": "Where is my card?", "label": "card_arrival"}], inputs=["text"])

    Nothing is read until a row is needed; then the rows are read once, and kept. `stream()` gives them one by
    one without keeping them, for files that are larger than memory. The steps run in the order in which
    the parameters are listed (`rename` first, `take` last), regardless of the order in which they are
    written. Each step is also a method, and methods run in the order in which they are called:
    `rows.shuffle(0).take(200)`. A slice of a dataset and the sum of two are datasets, and `split` makes
    several. Values of CSV and TSV files are strings.

    Raises:
        DataError: when rows are read: the file is missing, not UTF-8 or damaged, or a column is missing.
    """

    def __init__(
        self,
        source: str | Path | Iterable[Any] | Callable[[], Any],
        *,
        inputs: list[str] | None = None,
        rename: dict[str, str] | None = None,
        copy: dict[str, str] | None = None,
        columns: list[str] | None = None,
        filter: Callable[[Any], Any] | None = None,  # noqa: A002 the step's name
        unique: bool | str | list[str] = False,
        map: Callable[[Any], Any] | None = None,  # noqa: A002
        shuffle: int | bool | None = None,
        skip: Annotated[int, Ge(0)] = 0,
        take: Annotated[int, Ge(0)] | None = None,
        base: str | None = None,
    ) -> None:
        """Say where the rows are, and which steps they go through; nothing is read yet.

        Args:
            source: the data file (`.csv`, `.tsv`, `.json` with a list of objects, `.jsonl`, `.ndjson` or
                `.parquet`, each also with `.gz`, or `hf://datasets/OWNER/NAME/FILE`), a list of rows (dicts,
                examples or records), or a function without parameters that returns rows, which is called when
                the first one is needed.
            inputs: the columns that a program is called with; all others are labels.
            rename: new names of columns; the old one may be a dotted path into nested objects
                (`"answer.value"`).
            copy: columns to copy under another name.
            columns: the columns to keep; the others are left out.
            filter: a function of a row; only rows for which it is true are kept.
            unique: keep only the first of several equal rows, or of rows that are equal in these columns.
            map: a function of a row that returns its replacement, as an `Example` or a dict.
            shuffle: a seed to shuffle the rows with; the same seed gives the same order. True draws one, so
                that each dataset has an order of its own.
            skip: how many rows to leave out from the beginning.
            take: the maximum number of rows.
            base: the folder that a relative path starts from: the working directory, or that of the `.dspy`
                file.

        Raises:
            ConfigurationError: a parameter of a wrong kind.
        """
        verify_source(source)
        _verify_count("skip", skip)
        _verify_count("take", take)
        for name, value in (("inputs", inputs), ("columns", columns)):
            _verify_names(name, value)
        self._given = source
        self._base = base
        self._inputs = inputs
        self._columns = (rename or {}, copy or {}, columns)
        self._steps = (filter, unique, map, drawn_seed(shuffle), skip, take)
        # An iterator gives its rows once, so they are kept even where they are only passed on.
        self._start(self._read, self._loaded if isinstance(source, Iterator) else self._read)

    def _start(self, make: Callable[[], Iterable[Example]], flow: Callable[[], Iterable[Example]]) -> None:
        """Say how rows are made, and how they are made without keeping those that they are made of."""
        self._make = make
        self._flow = flow
        self._rows: Rows | None = None
        self._lock = new_recursive_lock()

    def stream(self) -> Iterator[Example]:
        """The rows one by one, without keeping them, so that a file may be larger than memory.

            for row in rows.stream(): …

        Each call reads the file again. Steps that need all rows at once (`shuffle`, `split`, `+`, slices from
        the end) still hold them.

        Raises:
            DataError: as soon as a bad row is reached.
        """
        if self._rows is not None:
            return iter(self._rows)
        refuse_data_while_loading(self._title)
        return iter(self._flow())

    @property
    def file(self) -> Path | None:
        """The data file's full path; None for rows that come from no file."""
        return path_of(self._given, self._base)

    def describe(self) -> str:
        """The file as it was given, where there is one, and the number of rows: "train.csv, 32 rows"."""
        rows = f"{len(self)} rows"
        return rows if self.file is None else f"{self._given}, {rows}"

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
            return self._view(lambda rows: sliced(rows, index))
        return self._loaded()[index]

    def __add__(self, other: Dataset) -> Dataset:
        """The rows of both, one after the other; they must have the same columns and the same inputs.

        Raises:
            DataError: when rows are read: the columns or the inputs differ.
        """
        if not isinstance(other, Dataset):
            return NotImplemented
        return self._view(lambda rows: joined(rows, other._loaded()))

    def __repr__(self) -> str:
        rows = "not read yet" if self._rows is None else f"{len(self._rows)} rows"
        file = self.file
        return f"Dataset({rows})" if file is None else f"Dataset({str(self._given)!r}, {rows})"

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # Rows are not changed, so that copies of what holds a dataset share it.
        return self

    def __getstate__(self) -> dict[str, Any]:
        # To another process goes which file is to be read, else the rows.
        is_file = self._make == self._read and self.file is not None
        rows = self._rows if is_file else self._loaded()
        kept = {"_given": self._given, "_base": self._base, "_inputs": self._inputs} if is_file else {}
        steps = {"_columns": self._columns, "_steps": self._steps} if is_file else {}
        return {**kept, **steps, "_rows": rows}

    def __setstate__(self, state: dict[str, Any]) -> None:
        nothing: dict[str, Any] = {"_given": (), "_base": None, "_inputs": None}
        nothing |= {"_columns": ({}, {}, None), "_steps": (None, False, None, None, 0, None)}
        self.__dict__.update({**nothing, **state})
        self._start(self._read, self._read)
        self._rows = state["_rows"]

    # --- steps ------------------------------------------------------------------------------------------

    def inputs(self, columns: list[str]) -> Dataset:
        """The same rows with these columns as their inputs; all others are labels."""
        _verify_names("inputs", columns)
        return self._view(lambda rows: (_marked(row, columns) for row in rows))

    def rename(self, columns: dict[str, str]) -> Dataset:
        """The same rows with columns renamed: `rows.rename({"category": "label"})`.

        Args:
            columns: the new name of each; the old one may be a dotted path into nested objects.
        """
        return self._shaped(Columns(self._title, rename=columns))

    def copy(self, columns: dict[str, str]) -> Dataset:
        """The same rows with columns copied under another name: `rows.copy({"text": "original"})`."""
        return self._shaped(Columns(self._title, copy=columns))

    def columns(self, columns: list[str]) -> Dataset:
        """The same rows with these columns only."""
        _verify_names("columns", columns)
        return self._shaped(Columns(self._title, keep=columns))

    def filter(self, function: Callable[[Any], Any]) -> Dataset:
        """The rows for which a function is true: `rows.filter(lambda row: len(row.text) > 20)`."""
        return self._view(lambda rows: (row for row in rows if call(function, row)))

    def unique(self, columns: bool | str | list[str] = True) -> Dataset:
        """The first of several equal rows, or of rows that are equal in these columns."""
        return self._view(lambda rows: without_repeats(rows, columns))

    def map(self, function: Callable[[Any], Any]) -> Dataset:
        """The rows that a function makes of these, as `Example` or dict; the inputs stay marked."""
        return self._view(lambda rows: (mapped(function, row) for row in rows))

    def shuffle(self, seed: int | bool = True) -> Dataset:
        """The rows in another order.

        Args:
            seed: the same seed gives the same order; True draws one.
        """
        drawn = drawn_seed(seed)
        return self._view(lambda rows: shuffled(rows, drawn))

    def skip(self, count: Annotated[int, Ge(0)]) -> Dataset:
        """The rows after the first `count`."""
        _verify_count("skip", count)
        return self._view(lambda rows: islice(rows, count, None))

    def take(self, count: Annotated[int, Ge(0)]) -> Dataset:
        """The first `count` rows."""
        _verify_count("take", count)
        return self._view(lambda rows: islice(rows, count))

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
        whole = self if seed is None else self._view(lambda rows: _sampled(rows, seed))
        return tuple(whole._view(share(start, end)) for start, end in zip(starts, ends, strict=False))

    # --- reading ----------------------------------------------------------------------------------------

    @property
    def _title(self) -> str:
        file = self.file
        return "the dataset" if file is None else f"`{file.name}`"

    def _shaped(self, columns: Columns) -> Dataset:
        def shape(rows: Iterable[Example]) -> Iterator[Example]:
            for row in rows:
                yield with_origin_of(row, columns.shape_example(row))
            columns.verify()

        return self._view(shape)

    def _view(self, step: Step) -> Dataset:
        view = object.__new__(Dataset)
        view.__dict__.update(self.__dict__)
        view._start(lambda: step(self._loaded()), lambda: step(self.stream()))
        return view

    def _loaded(self) -> Rows:
        if self._rows is None:
            refuse_data_while_loading(self._title)
            with self._lock:
                if self._rows is None:
                    self._rows = list(self._make())
        return self._rows

    def _read(self) -> Iterator[Example]:
        file = self.file
        name = "" if file is None else file.name
        table = read_rows(self._given, self._base)
        rename, copy, keep = self._columns
        columns = Columns(self._title, rename, copy, keep)
        keeps, unique, changes, seed, skip, take = self._steps
        if table.columns is not None:
            shaped = columns.shape(dict.fromkeys(table.columns))
            columns.verify()
            if self._inputs is not None and changes is None:
                # Every row lacks what the first line does not name.
                with_inputs(Example(shaped), self._inputs, self._title)
        rows: Iterable[Example] = (
            marked_origin(name, place, as_example(row, columns)) for place, row in table.rows
        )
        if keeps is not None:
            rows = (row for row in rows if call(keeps, row))
        if unique is not False:
            rows = without_repeats(rows, unique)
        if changes is not None:
            rows = (mapped(changes, row) for row in rows)
        if seed is not None:
            rows = shuffled(rows, seed)
        inputs = self._inputs
        for row in islice(rows, skip, None if take is None else skip + take):
            yield row if inputs is None else _marked(row, inputs)
        columns.verify()


def _sampled(given: Iterable[Example], seed: int | None) -> Rows:
    rows = list(given)
    return random.Random(seed).sample(rows, len(rows))


def _marked(row: Example, inputs: list[str]) -> Example:
    return with_origin_of(row, with_inputs(row, inputs, place_of(row)))


def _verify_count(name: str, value: object) -> None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise ConfigurationError(f"`{name}` of `Dataset` must be at least 0, not {value!r}")


def _verify_names(name: str, value: object) -> None:
    if isinstance(value, str):
        raise ConfigurationError(f"`{name}` of `Dataset` must be a list of columns: write {name}=[{value!r}]")
