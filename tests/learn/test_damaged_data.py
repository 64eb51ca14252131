"""Data files that are damaged, too long or too many, and rows that say the same in every process."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from dspyc.runtime import BootstrapFewShot, DataError, Dataset, LabeledFewShot, Predict
from dspyc.runtime.data import hub, jsonlists, opening
from dspyc.runtime.data.readers import read
from dspyc.runtime.data.table import Table

DAMAGED = gzip.compress(b"hello" * 1000, mtime=0)[:10] + b"\xff" * 40
LONG, UMLAUTS = b"x" * 3000, "ä".encode() * 600


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "a.parquet.gz",
            gzip.compress(b"hello" * 1000, mtime=0)[:10] + b"\xff" * 40,
            "is not a gzip file, or is damaged",
        ),
        (
            "a.json",
            b'[\n{"a": "' + b"x" * 3000 + b'"},\n{"a": "\xff"}]',
            "line 3: the byte 0xff is not UTF-8",
        ),
        (
            "a.json",
            b'[\n{"a": "' + b"\xc3\xa4" * 600 + b'"},\n{"a": "\xc3',
            "line 3: the byte 0xc3 is not UTF-8",
        ),
        ("a.json", b'[\n{"a": "' + LONG, "line 2: a value is longer than 1000 bytes"),
        ("a.json", b"[\n" + b"1" * 3000, "line 2: a value is longer than 1000 bytes"),
    ],
)
def test_what_is_wrong_is_told(
    name: str, content: bytes, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "LONGEST_LINE", 1000)
    monkeypatch.setattr(opening, "_BLOCK", 7)
    monkeypatch.setattr(jsonlists, "_BLOCK", 64)
    if "longer" in message:
        monkeypatch.setattr(jsonlists, "LONGEST_LINE", 1000)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        list(read(tmp_path / name).rows)


def test_files_are_opened_one_after_the_other(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.csv" for number in range(3)]
    opened = []

    def reading(path: Path) -> Table:
        opened.append(path)
        return Table(("a",), iter([(1, {"a": path.name})]))

    rows = hub.read_files(files, reading).rows
    assert next(rows) == (("0.csv", 1), {"a": "0.csv"})
    assert opened == files[:1]
    assert [place for place, _ in rows] == [("1.csv", 1), ("2.csv", 1)]


def test_a_row_with_a_set_has_the_same_name_everywhere() -> None:
    program = (
        "from dspyc.runtime.data.benchmarks import SeededSplits\n"
        "class Splits(SeededSplits):\n"
        "    _train = _test = []\n"
        "    _dev = [{'q': 'x', 'titles': {'a', 'b', 'c', 'd', 'e'}}]\n"
        "print(Splits(input_keys=['q']).dev[0].dspy_uuid)\n"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1


def test_what_was_measured_is_what_is_saved(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A row whose label is none of the choices, or missing, is not shown; the state could not hold it."""
    (tmp_path / "rows.csv").write_text("text,label\na,red\nb,other\nc,\nd,blue\ne,\n", encoding="utf-8")
    rows = list(Dataset(str(tmp_path / "rows.csv"), inputs=["text"]))
    for signature, shown in (("text -> label: Literal['red', 'blue']", 2), ("text -> label", 3)):
        student = Predict(signature)
        for made in (
            LabeledFewShot(k=9).compile(student, trainset=rows),
            BootstrapFewShot(max_bootstrapped_demos=0).compile(student, trainset=rows),
        ):
            assert len(made.demos) == shown
            made.save(tmp_path / "state.json")
            again = Predict(signature)
            again.load(tmp_path / "state.json")
            assert [dict(demo) for demo in again.demos] == [dict(demo) for demo in made.demos]
    told = [each for each in caplog.messages if "not shown as demos" in each]
    assert told == [
        "1 of 5 rows is not shown as demos, the first because `label` is 'other', which is not one of 'red', "
        "'blue'"
    ]
    assert not [each for each in caplog.messages if "left out of the state" in each]
