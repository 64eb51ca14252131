"""The steps that change which columns a row has, and a record of the columns that there were."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import DataError, did_you_mean, list_names
from ..example import Example
from .table import Row


@dataclass
class Columns:
    """Renaming, copying and choosing columns, in this order.

    Attributes:
        title: what has the columns, as messages name it: "`train.csv`".
        rename: new names; the old one may be a dotted path into nested objects.
        copy: columns to copy under another name.
        keep: the columns to keep; all when None.
    """

    title: str
    rename: Mapping[str, str] = field(default_factory=dict)
    copy: Mapping[str, str] = field(default_factory=dict)
    keep: list[str] | None = None
    _seen: dict[str, None] = field(default_factory=dict)
    _shaped: dict[str, None] = field(default_factory=dict)
    _found: set[tuple[str, str]] = field(default_factory=set)

    def shape(self, row: Row) -> Row:
        """The row with its columns renamed, copied and left out.

        Raises:
            DataError: a new name is taken, or given twice.
        """
        self._seen.update(dict.fromkeys(row))
        if self.rename:
            row = self._renamed(row)
        for old, new in self.copy.items():
            if old in row:
                self._found.add(("copy", old))
                self._verify_free(new, old, row, "copy")
                row = {**row, new: row[old]}
        self._shaped.update(dict.fromkeys(row))
        if self.keep is None:
            return row
        self._found.update(("columns", name) for name in self.keep if name in row)
        return {name: row[name] for name in self.keep if name in row}

    def shape_example(self, row: Example) -> Example:
        """The same for an example, whose inputs keep their marks under their new names.

        Raises:
            DataError: a new name is taken, or an input would be left out.
        """
        shaped = Example(self.shape(row._store))
        if row._input_keys is None:
            return shaped
        return with_inputs(shaped, [self.rename.get(name, name) for name in row._input_keys], self.title)

    def verify(self) -> None:
        """Complain about a column that a step names and no row has.

        Raises:
            DataError: there is one.
        """
        wanted = [("rename", name) for name in self.rename] + [("copy", name) for name in self.copy]
        wanted += [("columns", name) for name in self.keep or ()]
        for step, name in wanted:
            if self._seen and (step, name) not in self._found:
                there = self._seen if step == "rename" else self._shaped
                raise DataError(lacks(self.title, there, name, step))

    def _renamed(self, row: Row) -> Row:
        moved: Row = {}
        given: dict[str, str] = {}
        for old, new in self.rename.items():
            if old in row:
                moved[old] = row[old]
            elif (value := _at_path(row, old)) is not _ABSENT:
                moved[old] = value
            else:
                continue
            self._found.add(("rename", old))
            if new not in self.rename:
                self._verify_free(new, old, row, "rename")
            if (other := given.setdefault(new, old)) != old:
                raise DataError(
                    f"`rename` gives the name `{new}` to two columns of {self.title}: `{other}` and `{old}`"
                )
        # Renamed columns keep their places.
        kept = {self.rename.get(name, name): value for name, value in row.items()}
        return {**kept, **{self.rename[old]: value for old, value in moved.items()}}

    def _verify_free(self, new: str, old: str, row: Row, step: str) -> None:
        if new in row:
            raise DataError(
                f"{self.title} already has a column `{new}`, so `{step}` cannot give that name to `{old}`"
            )


def with_inputs(row: Example, inputs: Iterable[str], title: str) -> Example:
    """The row with some columns marked as its inputs.

    Raises:
        DataError: it does not have one of them.
    """
    names = tuple(inputs)
    for name in names:
        if name not in row:
            raise DataError(lacks(title, row.keys(), name, "inputs"))
    return row.with_inputs(*names)


def lacks(title: str, there: Iterable[str], name: str, step: str) -> str:
    """That something has no column which a step names."""
    names = list(there)
    return (
        f"{title} has no column `{name}`, which `{step}` names; it has {list_names(names)}"
        f"{did_you_mean(name, names)}"
    )


_ABSENT = object()


def _at_path(row: Row, path: str) -> Any:
    value: Any = row
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return _ABSENT
        value = value[part]
    return value
