"""What the beginning of a data file tells, and what it leaves open."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from dspyc.compiler.analysis import Project
from dspyc.compiler.datafiles import BEGINNING, data_file, problem_of
from dspyc.compiler.facts import DataFile
from dspyc.project.workspace import Workspace


def columns(name: str, content: str | bytes) -> tuple[str, ...] | None:
    data = content.encode() if isinstance(content, str) else content
    return data_file(name, data[:BEGINNING], is_whole=len(data) <= BEGINNING).columns


ROW = '{"a": 1, "b": {"c": 2}}'


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("r.csv", "a,b\n1,2\n", ("a", "b")),
        ("r.csv", "\n\n a , b \r\n1,2\r\n", ("a", "b")),
        ("r.csv", '"a, b","c\nd"\n1,2\n', ("a, b", "c\nd")),
        ("r.CSV", b"\xef\xbb\xbfa,b\n", ("a", "b")),
        ("r.csv", "a,b", ("a", "b")),
        ("r.tsv", "a\tb c\n", ("a", "b c")),
        ("r.csv", "\xff\xfe".encode("latin-1") + b"a,b\n", None),
        ("r.csv", 'a,"b\n1,2\n', None),
        ("r.jsonl", f"{ROW}\n\n{ROW}\n", ("a", "b")),
        ("r.ndjson", f'{ROW}\n{{"z": 1}}\n', ("a", "b", "z")),
        ("r.jsonl", f"{ROW}\n[1]\n", None),
        ("r.jsonl", f"{ROW}\n{{broken\n", None),
        ("r.jsonl", "", None),
        ("r.json", f"[{ROW}, {ROW}]", ("a", "b")),
        ("r.json", f' [\n {ROW}\n,{{"z": 1}} ]\n', ("a", "b", "z")),
        ("r.json", ROW, None),
        ("r.json", f"[{ROW}", None),
        ("r.json", "[]", None),
        ("r.json", "[1, 2]", None),
        ("r.json", f"[{ROW},", None),
        ("r.json", "[" * 100_000, None),
        ("r.txt", "a,b\n", None),
    ],
)
def test_columns(name: str, content: str | bytes, expected: tuple[str, ...] | None) -> None:
    assert columns(name, content) == expected


@pytest.mark.parametrize("name", ["r.jsonl", "r.json"])
def test_a_beginning_tells_the_columns_where_its_rows_are_alike(name: str) -> None:
    row = json.dumps({"text": "x" * 1_000, "label": "é"})
    other = json.dumps({"text": "x" * 1_000, "label": "y", "why": "z"})

    def written(rows: list[str]) -> str:
        return "\n".join(rows) if name.endswith("l") else f"[{', '.join(rows)}]"

    assert columns(name, written([row] * 200)) == ("text", "label")
    assert columns(name, written([row, other] * 100)) is None
    assert columns(name, written([json.dumps({"text": "x" * 30_000})] * 4)) is None


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("r.csv", "\n", "is empty"),
        ("r.csv", "a,b,a\n", "names the column `a` twice"),
        ("r.json", f"{ROW}\n{ROW}\n", "needs the extension `.jsonl`"),
        ("r.json", "3", "does not contain a list"),
    ],
)
def test_what_no_dataset_can_be_made_of(name: str, content: str, words: str) -> None:
    assert words in data_file(name, content.encode(), is_whole=True).problem


def test_a_header_that_is_longer_than_the_beginning_tells_nothing() -> None:
    assert columns("r.csv", ",".join(f"column{index}" for index in range(10_000))) is None


def test_the_columns_of_a_compressed_file() -> None:
    content = gzip.compress(b"text,label\n" + b"a,b\n" * 100_000)
    assert data_file("r.csv.gz", content[:200], is_whole=False).columns == ("text", "label")
    assert data_file("r.csv.gz", gzip.compress(b"text,label\n"), is_whole=True).columns == ("text", "label")
    assert data_file("r.csv.gz", b"text,label\n", is_whole=True) == DataFile()
    # A file that unpacks to very much is not unpacked whole.
    assert data_file("r.jsonl.gz", gzip.compress(b" " * 50_000_000), is_whole=True) == DataFile()


@pytest.mark.parametrize(
    "path",
    [
        "a.csv", "data/a.JSONL", "a.b.json", "../x.tsv", "C:\\data\\a.ndjson", "a.csv.gz", "a.JSONL.GZ",
        "a.parquet", "hf://datasets/squad", "hf://datasets/a/b@main/data/*.parquet",
    ],
)  # fmt: skip
def test_what_can_be_read(path: str) -> None:
    assert problem_of(path) == ""


@pytest.mark.parametrize(
    "path",
    ["hf://squad", "hf://datasets/", "a.xlsx", "a.gz", "a.xlsx.gz", "rows", "data.d/rows", ".csv", ".csv.gz"],
)
def test_what_cannot_be_read(path: str) -> None:
    assert problem_of(path)


# --- on the disk ----------------------------------------------------------------------------------------

PROGRAM = 'dataset rows = Dataset("{}", inputs=["text"])\n'


def codes(folder: Path, workspace: Workspace) -> list[str]:
    return [each.code for each in workspace.analyse(str(folder / "a.dspy")).diagnostics]


def test_a_missing_file_is_a_note_only_beside_other_data(tmp_path: Path) -> None:
    (tmp_path / "a.dspy").write_text(PROGRAM.format("data/trian.csv"))
    assert codes(tmp_path, Workspace()) == []
    (tmp_path / "data").mkdir()
    assert codes(tmp_path, Workspace()) == []
    (tmp_path / "data" / "train.csv").write_text("text\na\n")
    (found,) = Workspace().analyse(str(tmp_path / "a.dspy")).diagnostics
    assert (found.code, found.severity) == ("W504", "info")
    assert found.fix is not None
    assert found.fix.edits[0].replacement == '"data/train.csv"'


def test_a_data_file_that_changes_is_looked_at_again(tmp_path: Path) -> None:
    (tmp_path / "a.dspy").write_text(PROGRAM.format("rows.csv"))
    data = tmp_path / "rows.csv"
    data.write_text("text,label\na,b\n")
    workspace = Workspace()
    assert codes(tmp_path, workspace) == []
    assert workspace.readers(str(data)) == {str(tmp_path / "a.dspy")}
    data.write_text("txt,label\na,b\n")
    os.utime(data, ns=(1, 1))
    assert codes(tmp_path, workspace) == ["E431"]
    workspace.disk.put(str(data), "text\n")
    assert codes(tmp_path, workspace) == []
    workspace.disk.drop(str(data))
    assert codes(tmp_path, workspace) == ["E431"]
    data.unlink()
    assert codes(tmp_path, workspace) == []


def test_of_a_large_file_only_the_beginning_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.dspy").write_text(PROGRAM.format("rows.csv"))
    with (tmp_path / "rows.csv").open("wb") as file:
        file.write(b"txt,label\n")
        file.truncate(8 << 30)
    assert codes(tmp_path, Workspace()) == ["E431"]


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "a.dspy").write_text(PROGRAM.format("rows.csv"))
    os.mkfifo(tmp_path / "rows.csv")
    (found,) = Workspace().analyse(str(tmp_path / "a.dspy")).diagnostics
    assert found.code == "E408"
    assert "named pipe" in found.message


def test_a_reader_of_texts_alone_is_enough() -> None:
    files = {"a.dspy": PROGRAM.format("rows.csv"), "rows.csv": "txt\na\n"}
    project = Project(files.get)
    assert [each.code for each in project.check("a.dspy").diagnostics] == ["E431"]
    files["rows.csv"] = "text\na\n"
    assert not project.check("a.dspy").diagnostics
    del files["rows.csv"]
    assert not project.check("a.dspy").diagnostics


def test_a_model_whose_file_is_missing_beside_one_of_almost_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.dspy").write_text('lm own = LM("gguf/models/small.gguf")\n')
    assert codes(tmp_path, Workspace()) == []
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "smaller.csv").write_text("a\n")
    assert codes(tmp_path, Workspace()) == []
    (tmp_path / "models" / "smal.gguf").write_bytes(b"GGUF")
    (found,) = Workspace().analyse(str(tmp_path / "a.dspy")).diagnostics
    assert (found.code, found.severity) == ("W311", "info")
    (tmp_path / "models" / "small.gguf").write_bytes(b"GGUF")
    assert codes(tmp_path, Workspace()) == []
