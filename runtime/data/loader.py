"""`DataLoader`: DSPy's way to rows, as plain lists of examples."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from ..errors import ConfigurationError, DataError, list_names
from ..example import Example
from ..execution.settings import lookup
from . import hub
from .readers import read, read_json_lines
from .table import Table, first_twice

Names: TypeAlias = Sequence[str]
_SLICE = re.compile(r"(?P<split>[^\[]+)(?:\[(?P<start>-?\d+%?)?:(?P<end>-?\d+%?)?\])?")


class DataLoader:
    """Reads rows from files, Hugging Face, a data frame or a retriever, and divides them.

        rows = DataLoader().from_csv("train.csv", input_keys=("text",))
        splits = DataLoader().train_test_split(rows, train_size=0.8, random_state=0)

    Files are those that `Dataset` reads, which is the better choice in new programs: it reads lazily, names
    the line of a bad row, and `dspyc check` knows its columns. Here the columns of a CSV file in which every
    value is a number or a truth value have that type, as in DSPy.
    """

    def from_huggingface(
        self,
        dataset_name: str,
        *args: str,
        input_keys: tuple[str, ...] = (),
        fields: tuple[str, ...] | None = None,
        split: str | Sequence[str] | None = None,
        revision: str | None = None,
        **options: Any,
    ) -> Any:
        """The rows of a dataset on Hugging Face, of its Parquet files.

        Args:
            dataset_name: its name, "OWNER/NAME".
            args: its configuration, if it has several.
            input_keys: the columns that are inputs.
            fields: the columns to keep; all unless given.
            split: a split, also with a slice ("train[:100]", "test[10%:20%]"), or a list of them; all unless
                given.
            revision: a branch, tag or commit of the Parquet files.
            options: options of the package `datasets`: `name` is the configuration, `trust_remote_code` is
                taken and changes nothing, as no code of a dataset is ever run, and the others are refused.

        Returns:
            a list of examples for one split, a dict of lists by split for several.

        Raises:
            ConfigurationError: fields or inputs are no tuples, or an option is unknown.
            DataError: there is no such dataset, split or column.
        """
        config = args[0] if args else options.pop("name", None)
        options.pop("trust_remote_code", None)
        if options:
            raise ConfigurationError(
                f"from_huggingface does not take {list_names(options)}; it reads the dataset's Parquet files"
            )
        for what, given in (("fields", fields), ("input_keys", input_keys)):
            if given is not None and not isinstance(given, tuple):
                raise ConfigurationError(f"`{what}` must be a tuple of names, not {given!r}")
        if isinstance(split, str):
            return self._split(dataset_name, config, split, revision, fields, input_keys)
        names = split if split is not None else hub.splits_of(dataset_name, config, revision)
        return {name: self._split(dataset_name, config, name, revision, fields, input_keys) for name in names}

    def from_csv(self, file_path: str, fields: Names | None = None, input_keys: Names = ()) -> list[Example]:
        """The rows of a CSV file, with numbers and truth values as such.

        Args:
            file_path: the file, also compressed by gzip.
            fields: the columns to keep; all unless given.
            input_keys: the columns that are inputs.

        Raises:
            DataError: the file cannot be read, or lacks a column.
        """
        rows = [row for _, row in read(Path(file_path)).rows]
        columns = list(rows[0]) if rows else []
        convert = {name: _converter([row[name] for row in rows]) for name in columns}
        typed = ({name: convert[name](value) for name, value in row.items()} for row in rows)
        return _examples(typed, file_path, fields, input_keys)

    def from_json(self, file_path: str, fields: Names | None = None, input_keys: Names = ()) -> list[Example]:
        """The rows of a file with a JSON list of objects, or with an object on each line; see `from_csv`."""
        path = Path(file_path)
        try:
            return _of_table(read(path), file_path, fields, input_keys)
        except DataError as problem:
            if "extension .jsonl" not in str(problem):
                raise
        # DSPy's reader takes both for a name that ends in `.json`.
        return _of_table(read_json_lines(path), file_path, fields, input_keys)

    def from_parquet(
        self, file_path: str, fields: Names | None = None, input_keys: Names = ()
    ) -> list[Example]:
        """The rows of a Parquet file (`dspyc[data]`); see `from_csv`."""
        return _of_table(read(Path(file_path)), file_path, fields, input_keys)

    def from_pandas(self, df: Any, fields: Names | None = None, input_keys: Names = ()) -> list[Example]:
        """The rows of a data frame of pandas, with Python's values: a whole number stays one, and what is
        missing is None.

        Args:
            df: the data frame.
            fields: the columns to keep; all unless given.
            input_keys: the columns that are inputs.

        Raises:
            DataError: it lacks a column, or has two of the same name.
        """
        names = list(df.columns) if fields is None else list(fields)
        if (twice := first_twice(df.columns)) is not None:
            raise DataError(f"the data frame has two columns called `{twice}`")
        if missing := [name for name in names if name not in df.columns]:
            raise DataError(f"the data frame has no column `{missing[0]}`; it has {list_names(df.columns)}")
        if hasattr(df, "itertuples"):
            # `iterrows` gives all numbers of a row one type: beside a share, the label 1 would be 1.0.
            values = df[names].itertuples(index=False, name=None)
        else:
            values = (tuple(row[name] for name in names) for _, row in df.iterrows())
        rows = (dict(zip(names, map(_present, each), strict=True)) for each in values)
        return _examples(rows, "the data frame", names, input_keys)

    def from_rm(self, num_samples: int, fields: Names, input_keys: Names) -> list[Example]:
        """Objects of the retriever that is configured (`configure(rm=…)`), if it has `get_objects`.

        Raises:
            ConfigurationError: there is no retriever, or it gives no objects.
        """
        retriever = lookup("rm")
        get_objects = getattr(retriever, "get_objects", None)
        if get_objects is None:
            raise ConfigurationError(
                "no retriever is set; write configure(rm=…)"
                if retriever is None
                else f"`{type(retriever).__name__}` has no `get_objects`, so it gives no examples"
            )
        found: Iterable[Mapping[str, Any]] = get_objects(num_samples=num_samples, fields=fields)
        return _examples(found, "the retriever", fields, input_keys)

    def sample(self, dataset: list[Example], n: int, *args: Any, **kwargs: Any) -> list[Example]:
        """`n` of the rows, drawn as `random.sample` does, which takes the other arguments.

        Raises:
            ConfigurationError: the dataset is not a list.
        """
        if not isinstance(dataset, list):
            raise ConfigurationError(f"sample needs a list of examples, not {type(dataset).__name__}")
        return random.sample(dataset, n, *args, **kwargs)

    def train_test_split(
        self,
        dataset: Sequence[Example],
        train_size: float = 0.75,
        test_size: float | None = None,
        random_state: int | None = None,
    ) -> dict[str, list[Example]]:
        """The rows, shuffled and divided into `train` and `test`.

        Args:
            dataset: the rows.
            train_size: how many, or which share of them, a float between 0 and 1.
            test_size: the same for the rest; all others unless given.
            random_state: the same seed gives the same division; None gives a new one each time.

        Raises:
            ConfigurationError: a size is neither, or both are more than there are.
        """
        rows = list(dataset)
        # The order of DSPy: one shuffle by a generator of this seed.
        random.Random(random_state).shuffle(rows)
        train = _count("train_size", train_size, len(rows))
        test = len(rows) - train if test_size is None else _count("test_size", test_size, len(rows))
        if test < 0 or train + test > len(rows):
            raise ConfigurationError(
                f"`train_size` and `test_size` are {train + max(test, 0)} rows together, "
                f"and there are {len(rows)}"
            )
        return {"train": rows[:train], "test": rows[train : train + test]}

    def _split(
        self,
        name: str,
        config: str | None,
        split: str,
        revision: str | None,
        fields: Names | None,
        inputs: Names,
    ) -> list[Example]:
        found = _SLICE.fullmatch(split)
        if found is None:
            raise DataError(f"`{split}` is not a split; write for example train, or train[:100]")
        files = hub.split_files(name, config, found["split"], revision)
        rows = _of_table(hub.read_files(files, read), f"the dataset `{name}`", fields, inputs)
        return rows[_end(found["start"], len(rows)) : _end(found["end"], len(rows))]


def _of_table(table: Table, title: str, fields: Names | None, inputs: Names) -> list[Example]:
    return _examples((row for _, row in table.rows), title, fields, inputs)


def _examples(
    rows: Iterable[Mapping[str, Any]], title: str, fields: Names | None, inputs: Names
) -> list[Example]:
    found = []
    for row in rows:
        names = fields or list(row)
        if missing := [name for name in names if name not in row]:
            raise DataError(f"{title} has no column `{missing[0]}`; it has {list_names(row)}")
        found.append(Example({name: row[name] for name in names}).with_inputs(*inputs))
    return found


def _present(value: Any) -> Any:
    """A value of a data frame; None for each of the ways in which pandas says that there is none."""
    is_missing = (isinstance(value, float) and value != value) or type(value).__name__ in (
        "NAType",
        "NaTType",
    )
    return None if is_missing else value


def _converter(values: Iterable[str]) -> Callable[[str], Any]:
    """How a column's cells are read: as the narrowest type that all of them have; an empty one is None."""
    cells = [value for value in values if value]
    for convert in _CONVERTERS:
        try:
            for cell in cells:
                convert(cell)
        except ValueError:
            continue
        return partial(_read_cell, convert)
    return partial(_read_cell, str)


def _read_cell(convert: Callable[[str], Any], cell: str) -> Any:
    return convert(cell) if cell else None


def _as_bool(cell: str) -> bool:
    if cell not in ("True", "False", "true", "false"):
        raise ValueError(cell)
    return cell.lower() == "true"


def _as_int(cell: str) -> int:
    # Python's own reading takes "1_000" and the digits of other scripts, too.
    if not re.fullmatch(r" *[+-]?[0-9]+ *", cell):
        raise ValueError(cell)
    return int(cell)


def _as_float(cell: str) -> float:
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", cell):
        raise ValueError(cell)
    return float(cell)


_CONVERTERS: tuple[Callable[[str], Any], ...] = (_as_bool, _as_int, _as_float)


def _count(name: str, size: float, total: int) -> int:
    if isinstance(size, int) and not isinstance(size, bool) and size >= 0:
        return size
    if isinstance(size, float) and 0 < size < 1:
        return int(total * size)
    raise ConfigurationError(f"`{name}` must be a number of rows, or a share between 0 and 1, not {size!r}")


def _end(text: str | None, total: int) -> int | None:
    if text is None:
        return None
    return round(total * int(text[:-1]) / 100) if text.endswith("%") else int(text)
