"""Every format of data: gzip, Parquet, JSON lists piece by piece, Hugging Face; streams that hold little."""

from __future__ import annotations

import gzip
import io
import json
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from dspyc.runtime import DataError, Dataset
from dspyc.runtime.data import jsonlists
from support.hub import hub

ROWS = [{"text": "Grüße, Welt", "label": "a"}, {"text": 'two\nlines, "quoted"', "label": "b"}]


def written(name: str, rows: list[dict[str, Any]]) -> bytes:
    ending = name.removesuffix(".gz").rpartition(".")[2]
    if ending == "parquet":
        sink = io.BytesIO()
        parquet.write_table(pyarrow.Table.from_pylist(rows), sink)
        content = sink.getvalue()
    elif ending == "json":
        content = json.dumps(rows, indent=2).encode()
    elif ending in ("jsonl", "ndjson"):
        content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    else:
        import csv

        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), delimiter="\t" if ending == "tsv" else ",")
        writer.writeheader()
        writer.writerows(rows)
        content = text.getvalue().encode()
    return gzip.compress(content, mtime=0) if name.endswith(".gz") else content


ENDINGS = ("csv", "tsv", "json", "jsonl", "ndjson", "parquet")
FORMATS = [f"rows.{ending}{packed}" for ending in ENDINGS for packed in ("", ".gz")]
CUT = gzip.compress(bytes(range(97, 122)) * 50, mtime=0)[:-20]


@pytest.mark.parametrize("name", [*FORMATS, "ROWS.CSV.GZ", "a.b.Parquet"])
def test_every_format_has_the_same_rows(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(written(name.lower(), ROWS))
    dataset = Dataset(tmp_path / name, inputs=["text"], rename={"label": "team"})
    assert [dict(row) for row in dataset] == [{"text": row["text"], "team": row["label"]} for row in ROWS]
    assert [dict(row) for row in Dataset(tmp_path / name).stream()] == ROWS
    assert dataset[1].origin is not None
    assert name in dataset[1].origin


def test_parquet_keeps_the_types_of_values(tmp_path: Path) -> None:
    rows = [{"n": 1, "x": None, "tags": ["a", "b"], "meta": {"k": 1.5}, "ok": True}]
    (tmp_path / "r.parquet").write_bytes(written("r.parquet", rows))
    assert [dict(row) for row in Dataset(tmp_path / "r.parquet")] == rows


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("r.csv.gz", b"text\na\n", "`r.csv.gz` is not a gzip file, or is damaged"),
        ("r.csv.gz", CUT, "is not a gzip file, or is damaged"),
        ("r.jsonl.gz", gzip.compress(b'{"a": 1}\n\xff\n', mtime=0), "`r.jsonl.gz`, line 2: the byte 0xff"),
        (
            "r.csv.gz",
            gzip.compress(b"a,b\n1,2\n3\n", mtime=0),
            "`r.csv.gz`, line 3: 1 values for 2 columns (a, b)",
        ),
        ("r.parquet", b"PAR1 no PAR1", "`r.parquet` is not a Parquet file, or is damaged"),
        ("r.parquet.gz", b"PAR1", "`r.parquet.gz` is not a gzip file, or is damaged"),
        ("r.parquet.gz", gzip.compress(b"PAR1", mtime=0), "is not a Parquet file, or is damaged"),
        ("r.xml.gz", b"", "each also with .gz"),
        ("r.gz", b"", "is not a supported data file"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as raised:
        len(Dataset(tmp_path / name))
    assert message in str(raised.value)


@pytest.mark.parametrize("block", [1, 2, 7, 1 << 16])
@pytest.mark.parametrize(
    "text",
    [
        "[]",
        " [ ] \n",
        '[{"a": 1}]',
        '[\n{"a": "x\\u00e9\\ud83d\\ude00 ]},{", "b": [1, {"c": null}]},\n\n{"a": -1.5e3}, {"a": true}\n]\n',
        '[{"a": "' + "long " * 50 + '"},{"a": ""}]',
    ],
)
def test_a_json_list_is_read_in_any_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, block: int
) -> None:
    monkeypatch.setattr(jsonlists, "_BLOCK", block)
    (tmp_path / "r.json").write_text(text, encoding="utf-8")
    assert [dict(row) for row in Dataset(tmp_path / "r.json")] == json.loads(text)


@pytest.mark.parametrize("block", [1, 5, 1 << 16])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1, column 1: invalid JSON: Expecting value"),
        ("[", "line 1, column 2: invalid JSON: Expecting value"),
        ('[{"a": 1}\n {"a": 2}]', "line 2, column 2: invalid JSON: Expecting ',' delimiter"),
        ('[{"a": 1},\n{"a": tru}]', "line 2, column 7: invalid JSON: Expecting value"),
        ('[{"a": 1}] x', "line 1, column 12: invalid JSON: Extra data"),
        ('[{"a": 1},', "invalid JSON: Expecting value"),
        ('[{"a": "\n"}]', "line 1, column 9: invalid JSON: Invalid control character"),
        ('{"a": 1}\n{"a": 2}', "a file with one object per line needs the extension .jsonl"),
        ("[[1]]", "item 1: a row must be a JSON object, not a list"),
        ("3", "must contain a JSON list of objects, not a number"),
        ("null", "must contain a JSON list of objects, not null"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_bad_json_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str, block: int
) -> None:
    monkeypatch.setattr(jsonlists, "_BLOCK", block)
    (tmp_path / "r.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as raised:
        len(Dataset(tmp_path / "r.json"))
    assert message in str(raised.value)


def test_the_rows_of_a_json_list_know_their_lines(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps(ROWS, indent=1), encoding="utf-8")
    assert [row.origin for row in Dataset(tmp_path / "r.json")] == ["`r.json`, line 2", "`r.json`, line 6"]


@pytest.mark.parametrize("ending", ["csv", "json", "jsonl.gz", "parquet"])
def test_a_stream_holds_few_rows(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"big.{ending}"
    path.write_bytes(written(path.name, [{"n": str(n), "text": "x" * 2_000} for n in range(3_000)]))
    rows = Dataset(path).rename({"n": "number"}).filter(lambda row: int(row.number) % 2 == 0).skip(10)
    next(rows.stream())
    tracemalloc.start()
    try:
        assert sum(1 for _ in rows.stream()) == 1_490
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 4_500_000, "all of them are 6 MB"


def test_a_stream_stops_at_a_bad_row_and_not_before(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text('{"a": 1}\n{"a": 2}\nbad\n', encoding="utf-8")
    rows = Dataset(tmp_path / "r.jsonl")
    stream = rows.stream()
    assert [next(stream).a, next(stream).a] == [1, 2]
    with pytest.raises(DataError, match="line 3, column 1"):
        next(stream)
    assert [row.a for row in rows.take(2).stream()] == [1, 2]
    assert [row.a for row in rows[:2].stream()] == [1, 2]


def test_steps_that_need_all_rows_still_stream(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("n\n" + "".join(f"{n}\n" for n in range(10)), encoding="utf-8")
    rows = Dataset(path)
    train, dev = rows.split(0.7, 0.3, seed=1)
    for made in (rows.shuffle(3), train, rows + dev, rows[-3:], rows[::2], rows[::-1]):
        assert [row.n for row in made.stream()] == [row.n for row in made]


# --- Hugging Face ---------------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    part = written("r.parquet", ROWS)
    files = {
        "bank/intents@main": {
            "data/train-0.csv": written("r.csv", ROWS[:1]),
            "data/train-1.csv": written("r.csv", ROWS[1:]),
            "test.jsonl.gz": written("r.jsonl.gz", ROWS),
        },
        "bank/intents@refs/convert/parquet": {
            "default/train/0000.parquet": part,
            "default/train/0001.parquet": part,
            "default/test/0000.parquet": part,
            "other/train/0000.parquet": part,
        },
    }
    with hub(files) as (address, asked):
        monkeypatch.setenv("HF_ENDPOINT", address)
        yield asked


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("hf://datasets/bank/intents/test.jsonl.gz", 2),
        ("hf://datasets/bank/intents@main/test.jsonl.gz", 2),
        ("hf://datasets/bank/intents/data/*.csv", 2),
        ("hf://datasets/bank/intents", 4),
        ("hf://datasets/bank/intents/default/test", 2),
        ("hf://datasets/bank/intents/other", 2),
        ("hf://datasets/bank/intents@~parquet/default/train/0001.parquet", 2),
    ],
)
def test_hugging_face(server: list[str], path: str, count: int) -> None:
    dataset = Dataset(path, inputs=["text"])
    assert server == []
    assert [dict(row) for row in dataset] == (ROWS * 2)[:count]
    before = len(server)
    assert len(dataset) == count
    assert len(server) == before


@pytest.mark.parametrize(
    ("path", "places"),
    [
        ("data/*.csv", ["`train-0.csv`, line 2", "`train-1.csv`, line 2"]),
        ("", [f"`{file}.parquet`, line {line}" for file in ("0000", "0001") for line in (1, 2)]),
        ("data/train-1.csv", ["`train-1.csv`, line 2"]),
    ],
)
def test_rows_of_several_files_stand_in_their_own(server: list[str], path: str, places: list[str]) -> None:
    dataset = Dataset(f"hf://datasets/bank/intents/{path}".rstrip("/"))
    assert [row.origin for row in dataset] == places


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("hf://datasets/bank/nothing/a.csv", "no Hugging Face dataset `bank/nothing`, or it is private"),
        ("hf://datasets/bank/intents/tset.csv", "has no file `tset.csv`"),
        ("hf://datasets/bank/intents/*.tsv", "has no files `*.tsv`"),
        ("hf://datasets/bank/intents/defautl/train", "no configuration `defautl`; it has `default` and `oth"),
        ("hf://datasets/bank/intents/default/trian", "no split `trian`; it has `test` and `train`; did"),
        ("hf://models/bank", "is not the path of a Hugging Face dataset"),
    ],
)  # fmt: skip
def test_what_hugging_face_does_not_have(server: list[str], path: str, message: str) -> None:
    with pytest.raises(DataError) as raised:
        len(Dataset(path))
    assert message in str(raised.value)


def test_a_hub_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(DataError, match="`a/b` cannot be downloaded"):
        len(Dataset("hf://datasets/a/b/*.csv"))
