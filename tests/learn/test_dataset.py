"""Datasets: every step, every format, and what is said of a file that cannot be read."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import ConfigurationError, DataError, Dataset, Example

ROWS = [
    {"text": "a", "label": "x", "size": 1},
    {"text": "b", "label": "y", "size": 2},
    {"text": "a", "label": "x", "size": 3},
    {"text": "c", "label": "x", "size": 4},
]


@pytest.fixture
def rows(tmp_path: Path) -> str:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return str(path)


def plain(dataset: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in dataset]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.csv", "text,label\n1,x\n\n2,y\n"),
        ("rows.csv", '\ufefftext,label\r\n"1","x"\r\n2,y'),
        ("rows.tsv", "text\tlabel\n1\tx\n2\ty\n"),
        ("rows.json", '[{"text": "1", "label": "x"}, {"text": "2", "label": "y"}]'),
        ("rows.jsonl", '{"text": "1", "label": "x"}\n\n{"text": "2", "label": "y"}\n'),
        ("rows.ndjson", '{"text": "1", "label": "x"}\n{"text": "2", "label": "y"}'),
    ],
)
def test_formats(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8", newline="")
    dataset = Dataset(name, inputs=["text"], base=str(tmp_path))
    assert plain(dataset) == [{"text": "1", "label": "x"}, {"text": "2", "label": "y"}]
    assert dict(dataset[0].inputs()) == {"text": "1"}
    assert dict(dataset[0].labels()) == {"label": "x"}


def test_values_of_csv_may_span_lines_and_hold_separators(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text('text,label\n"one,\ntwo ""three""",x\n', encoding="utf-8")
    assert plain(Dataset(tmp_path / "rows.csv")) == [{"text": 'one,\ntwo "three"', "label": "x"}]


@pytest.mark.parametrize(
    ("steps", "sizes"),
    [
        ({}, [1, 2, 3, 4]),
        ({"filter": lambda row: row.label == "x"}, [1, 3, 4]),
        ({"unique": "text"}, [1, 2, 4]),
        ({"unique": ["text", "label"]}, [1, 2, 4]),
        ({"unique": True}, [1, 2, 3, 4]),
        ({"skip": 1, "take": 2}, [2, 3]),
        ({"take": 0}, []),
        ({"filter": lambda row: row.label == "x", "unique": "text", "skip": 1}, [4]),
        ({"map": lambda row: row.copy(size=row.size * 10), "take": 2}, [10, 20]),
        ({"map": lambda row: {"size": -row.size}, "skip": 3}, [-4]),
    ],
)
def test_steps(rows: str, steps: dict[str, Any], sizes: list[int]) -> None:
    assert [row.size for row in Dataset(rows, **steps)] == sizes


def test_columns_are_renamed_then_copied_then_chosen(rows: str) -> None:
    dataset = Dataset(
        rows,
        inputs=["text", "hint"],
        columns=["text", "hint"],
        copy={"answer": "hint"},
        rename={"label": "answer"},
    )
    assert plain(dataset)[0] == {"text": "a", "hint": "x"}


def test_rename_keeps_the_order_of_columns_and_may_swap_them(rows: str) -> None:
    assert list(Dataset(rows, rename={"label": "answer"})[0]) == ["text", "answer", "size"]
    swapped = Dataset(rows, rename={"label": "text", "text": "label"})
    assert plain(swapped)[1] == {"text": "y", "label": "b", "size": 2}


def test_rename_reaches_into_objects(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text('[{"q": {"en": "why"}, "a.b": 1}]', encoding="utf-8")
    row = Dataset(tmp_path / "rows.json", rename={"q.en": "question", "a.b": "number"})[0]
    assert (row.question, row.number) == ("why", 1)


def test_a_seed_gives_the_same_order_each_time(rows: str) -> None:
    first = [row.size for row in Dataset(rows, shuffle=0)]
    assert first == [row.size for row in Dataset(rows, shuffle=0)]
    assert first != [1, 2, 3, 4]
    assert sorted(first) == [1, 2, 3, 4]
    assert [row.size for row in Dataset(rows, shuffle=False)] == [1, 2, 3, 4]


def test_nothing_is_read_before_a_row_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "later.csv"
    dataset = Dataset(path, inputs=["text"])
    part = dataset[:1]
    path.write_text("text\nnow\n", encoding="utf-8")
    assert plain(part) == [{"text": "now"}]
    path.unlink()
    assert len(dataset) == 1


def test_a_taken_part_does_not_read_the_rest(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"text": "fine"}\nnot json\n', encoding="utf-8")
    assert len(Dataset(tmp_path / "rows.jsonl", take=1)) == 1


def test_it_is_a_list(rows: str) -> None:
    dataset = Dataset(rows, inputs=["text"])
    assert dataset[-1].size == 4
    assert isinstance(dataset[1:3], Dataset)
    assert [row.size for row in dataset[1:3]] == [2, 3]
    assert Example(ROWS[1]) in dataset
    assert dataset[0] is dataset[0]
    assert copy.deepcopy(dataset) is dataset
    with pytest.raises(IndexError):
        dataset[4]


def test_split_shares_out_every_row_once(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("n\n" + "".join(f"{n}\n" for n in range(103)), encoding="utf-8")
    rows = Dataset(tmp_path / "rows.csv")
    train, dev, test = rows.split(0.6, 0.2, 0.2, seed=0)
    assert [len(train), len(dev), len(test)] == [62, 20, 21]
    assert sorted(int(row.n) for part in (train, dev, test) for row in part) == list(range(103))
    assert [row.n for row in rows.split(0.6, 0.2, 0.2)[0]] == [row.n for row in train]
    in_order = rows.split(0.1, seed=None)[0]
    assert [row.n for row in in_order] == [str(n) for n in range(10)]
    for wrong in ((), (0.6, 0.5), (-0.1, 0.5)):
        with pytest.raises(ConfigurationError, match="add up to at most 1"):
            rows.split(*wrong)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("r.csv", b"", "`r.csv` is empty; its first line must name the columns"),
        ("r.csv", b"a,a\n", "names the column `a` twice"),
        ("r.csv", b"a,b\n1,2\n3\n", "`r.csv`, line 3: 1 values for 2 columns (a, b)"),
        ("r.csv", b'a,b\n1,"2\n', "`r.csv`, line 2: unexpected end of data"),
        ("r.csv", b"a\n\xe9\n", "`r.csv`, line 2: the byte 0xe9 is not UTF-8"),
        ("r.jsonl", b'{"a": 1}\n{"a": \n', "`r.jsonl`, line 2, column 7: invalid JSON"),
        ("r.jsonl", b"[1]\n", "`r.jsonl`, line 1: a row must be a JSON object, not a list"),
        ("r.jsonl", b'{"a": 1}\n\xff\n', "`r.jsonl`, line 2: the byte 0xff is not UTF-8"),
        ("r.json", b'{"a": 1}', "`r.json` must contain a JSON list of objects, not an object"),
        ("r.json", b'{"a": 1}\n{"a": 2}', "a file with one object per line needs the extension .jsonl"),
        ("r.json", b'[{"a": 1}, 3]', "`r.json`, item 2: a row must be a JSON object, not a number"),
        ("r.json", b"[", "`r.json`, line 1, column 2: invalid JSON"),
        ("r.xml", b"", "`r.xml` is not a supported data file; the extensions are .csv"),
        ("r.parquet", b"", "`r.parquet` is not a Parquet file, or is damaged"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as raised:
        len(Dataset(tmp_path / name))
    assert message in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("a\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"there is no data file `.*trian.csv`; did you mean `train.csv`\?"):
        len(Dataset("trian.csv", base=str(tmp_path)))
    with pytest.raises(DataError, match=r"the folder `.*` does not exist"):
        len(Dataset("data/train.csv", base=str(tmp_path)))
    with pytest.raises(
        DataError,
        match=r"`hf://banking77` is not the path of a Hugging Face dataset; write hf://datasets/OWNER",
    ):
        len(Dataset("hf://banking77"))


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ({"inputs": ["txt"]}, "has no column `txt`, which `inputs` names; it has `text`, `label` and `size`"),
        (
            {"rename": {"lable": "l"}},
            "no column `lable`, which `rename` names; it has `text`, `label` and `size`",
        ),
        (
            {"rename": {"label": "text"}},
            "already has a column `text`, so `rename` cannot give that name to `label`",
        ),
        ({"copy": {"hint": "h"}}, "no column `hint`, which `copy` names"),
        ({"columns": ["text", "hint"]}, "no column `hint`, which `columns` names"),
        ({"unique": "hint"}, "no column `hint`, which `unique` names"),
        ({"map": lambda row: 3}, "`map` must return the row, as a dict or an Example, not 3"),
        (
            {"map": lambda row: {"a": 1}, "inputs": ["text"]},
            "no column `text`, which `inputs` names; it has `a`",
        ),
    ],
)
@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_columns_that_are_not_there(rows: str, ending: str, steps: dict[str, Any], message: str) -> None:
    path = Path(rows)
    if ending == "csv":
        path = path.with_suffix(".csv")
        path.write_text("text,label,size\na,x,1\n", encoding="utf-8")
    with pytest.raises(DataError) as raised:
        len(Dataset(path, **steps))
    assert message in str(raised.value)


def test_a_row_without_an_input_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text('{"q": 1}\n{"p": 1}\n', encoding="utf-8")
    with pytest.raises(
        DataError, match=r"`r\.jsonl`, line 2: the row has no column `q`, which `inputs` names"
    ):
        len(Dataset(tmp_path / "r.jsonl", inputs=["q"]))


def test_wrong_parameters() -> None:
    with pytest.raises(ConfigurationError, match=r"write inputs=\['text'\]"):
        Dataset("x.csv", inputs="text")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"`take` of `Dataset` must be at least 0"):
        Dataset("x.csv", take=-1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'limit'"):
        Dataset("x.csv", limit=3)  # type: ignore[call-arg]
