"""Data in which two values would take one place, and rows that are read apart from each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from dspyc.runtime import DataError, Dataset
from dspyc.runtime.datasets import Banking77, DataLoader

FAR = [0, 2**30]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "r.jsonl",
            '{"a": 1}\n{"b": 1, "a": 1, "a": 2}',
            "`r.jsonl`, line 2: an object has two values called `a`",
        ),
        ("r.jsonl", '{"a": {"b": 1, "b": 1}}', "`r.jsonl`, line 1: an object has two values called `b`"),
        (
            "r.json",
            '[{"a": 1},\n{"a": 1, "a": 2}]',
            "`r.json` cannot be read: an object has two values called `a`, "
            "in the value that begins on line 2",
        ),
    ],
)
def test_an_object_with_two_values_of_one_name(name: str, content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(DataError) as raised:
        len(Dataset(tmp_path / name))
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("names", "column", "message"),
    [
        (["a", "a"], pyarrow.array([1, 2]), "`r.parquet` has two columns called `a`"),
        (["a"], pyarrow.array(FAR, pyarrow.date32()), "`r.parquet` cannot be read after row 0: days="),
    ],
)
def test_parquet_that_python_cannot_hold(names: list[str], column: Any, message: str, tmp_path: Path) -> None:
    parquet.write_table(pyarrow.Table.from_arrays([column] * len(names), names=names), tmp_path / "r.parquet")
    with pytest.raises(DataError) as raised:
        len(Dataset(tmp_path / "r.parquet"))
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (
            {"rename": {"a": "x", "b": "x"}},
            "`rename` gives the name `x` to two columns of the dataset: `a` and `b`",
        ),
        (
            {"copy": {"a": "b"}},
            "the dataset already has a column `b`, so `copy` cannot give that name to `a`",
        ),
        (
            {"copy": {"a": "x", "b": "x"}},
            "the dataset already has a column `x`, so `copy` cannot give that name to `b`",
        ),
    ],
)
def test_two_columns_under_one_name(steps: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as raised:
        len(Dataset([{"a": 1, "b": 2}], **steps))
    assert str(raised.value) == message


def test_names_that_only_one_of_two_columns_takes() -> None:
    rows = Dataset([{"a": 1}, {"b": 2}], rename={"a": "x", "b": "x"}, copy={"x": "y"})
    assert [dict(row) for row in rows] == [{"x": 1, "y": 1}, {"x": 2, "y": 2}]


@pytest.mark.parametrize(
    "make",
    [
        lambda path: Dataset(path, shuffle=True).split(0.5, 0.5),
        lambda path: Dataset(path).shuffle().split(0.5, 0.5, seed=None),
        lambda path: [Dataset(path, shuffle=True)] * 2,
        lambda path: [(rows := Dataset(path).shuffle()).take(50), rows.skip(50)],
    ],
)
def test_parts_of_shuffled_rows_are_the_same_rows_each_time(
    make: Callable[[Path], Iterable[Dataset]], tmp_path: Path
) -> None:
    (tmp_path / "r.csv").write_text("n\n" + "".join(f"{n}\n" for n in range(100)), encoding="utf-8")
    first, second = make(tmp_path / "r.csv")
    streamed = [[row.n for row in part.stream()] for part in (first, second)]
    assert [[row.n for row in part] for part in (first, second)] == streamed
    assert first is second or not set(streamed[0]) & set(streamed[1])


def test_each_dataset_has_an_order_of_its_own() -> None:
    rows = [{"n": n} for n in range(100)]
    assert list(Dataset(rows, shuffle=True)) != list(Dataset(rows, shuffle=True))


def test_an_iterator_gives_its_rows_more_than_once() -> None:
    rows = Dataset(({"n": n} for n in range(4)), inputs=["n"])
    first, second = rows.split(0.5, 0.5, seed=None)
    assert [row.n for row in first.stream()] == [0, 1]
    assert [row.n for row in second.stream()] == [2, 3]
    assert [row.n for row in rows.stream()] == [row.n for row in rows] == [0, 1, 2, 3]


class Frame:
    """A data frame as pandas behaves: `iterrows` gives the numbers of a row one type."""

    columns = ("label", "share", "word")

    def __init__(self, names: list[str]) -> None:
        self.names = names

    def __getitem__(self, names: list[str]) -> Frame:
        return Frame(names)

    def iterrows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        yield 0, {"label": 1.0, "share": 0.5, "word": "x"}

    def itertuples(self, index: bool, name: None) -> Iterator[tuple[Any, ...]]:
        yield from ([row[each] for each in self.names] for row in TYPED)


class NAType:
    """As that of pandas."""


TYPED = [
    {"label": 1, "share": 0.5, "word": "x"},
    {"label": NAType(), "share": float("nan"), "word": float("nan")},
]


def test_numbers_of_a_data_frame_keep_their_types_and_what_is_missing_is_none() -> None:
    rows = [dict(row) for row in DataLoader().from_pandas(Frame(list(Frame.columns)))]
    assert rows == [TYPED[0], {"label": None, "share": None, "word": None}]
    assert type(rows[0]["label"]) is int
    assert dict(DataLoader().from_pandas(Frame([]), fields=["label"])[0]) == {"label": 1}
    with pytest.raises(DataError, match="the data frame has no column `size`; it has `label`, `share`"):
        DataLoader().from_pandas(Frame([]), fields=["size"])


def test_two_columns_of_a_data_frame_with_one_name() -> None:
    frame = Frame([])
    frame.columns = ("a", "a")  # type: ignore[assignment]
    with pytest.raises(DataError, match="the data frame has two columns called `a`"):
        DataLoader().from_pandas(frame)


def test_cells_that_only_python_reads_as_numbers(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("code,digits,n\n1_000,١٢,+5\n2,3,-4\n", encoding="utf-8")
    rows = DataLoader().from_csv(str(tmp_path / "r.csv"))
    assert [dict(row) for row in rows] == [
        {"code": "1_000", "digits": "١٢", "n": 5},
        {"code": "2", "digits": "3", "n": -4},
    ]


def test_all_files_of_a_split_are_read(tmp_path: Path) -> None:
    for number in range(2):
        table = pyarrow.table({"text": [f"t{number}"], "label": [number]})
        parquet.write_table(table, tmp_path / f"train-0000{number}-of-00002.parquet")
    assert [dict(row) for row in Banking77(tmp_path).train] == [
        {"text": "t0", "label": 0},
        {"text": "t1", "label": 1},
    ]
    (tmp_path / "train-00000-of-00002.parquet").unlink()
    with pytest.raises(DataError, match="has 1 of the 2 files of `train`"):
        _ = Banking77(tmp_path).train


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('{"text": "a"}', "row 1 of Banking77 has no `label`"),
        ('{"label": 1}', "row 1 of Banking77 has no `text`"),
    ],
)
def test_a_row_of_banking77_that_lacks_something(row: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text(row, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        _ = Banking77(tmp_path).train


def larger(row: Any) -> Any:
    row["n"] += 100
    return row


def test_a_function_that_changes_its_row_changes_no_other_dataset() -> None:
    rows = Dataset([{"n": 1}, {"n": 2}], inputs=["n"])
    changed = rows.map(larger)
    for _ in range(2):
        assert [row.n for row in changed.stream()] == [101, 102]
    assert [row.n for row in rows.map(larger)] == [row.n for row in changed] == [101, 102]
    assert [row.n for row in rows] == [1, 2]
    assert (changed[0].origin, dict(changed[0].inputs())) == ("row 1", {"n": 101})
