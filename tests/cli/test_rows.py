"""The rows of `dspyc run --inputs`: read, written one by one, and resumed from whatever a killed run left."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dspyc.cli.errors import Refusal
from dspyc.cli.rows import Output, Row, locked, read_rows

READABLE = {
    "rows.jsonl": '{"text": "a"}\n\n{"text": "b\u2028c"}\n',
    "rows.json": '[{"text": "a"}, {"text": "b\u2028c"}]',
    "rows.csv": 'text\na\n"b\u2028c"\n',
    "rows.tsv": "text\na\nb\u2028c\n",
}
UNREADABLE = {
    "rows.txt": ("a", "`rows.txt` is not a supported data file"),
    "rows.jsonl": ('{"text": "a"}\n{"text"\n', "`rows.jsonl`, line 2, column 8: invalid JSON"),
    "rows.json": ('{"text": "a"}', "`rows.json` must contain a JSON list of objects, not an object"),
    "list.jsonl": ("[1]\n", "`list.jsonl`, line 1: a row must be a JSON object, not a list"),
    "rows.csv": ("a,b\n1\n", "`rows.csv`, line 2: 1 values for 2 columns"),
    "latin.csv": ("text\n\udce9\n", "`latin.csv`, line 2: the byte 0xe9 is not UTF-8"),
    "deep.jsonl": ('{"text": ' + "[" * 100_000 + "\n", "`deep.jsonl`, line 1: values are nested too deeply"),
    "deep.json": ("[" * 100_000, "`deep.json` cannot be read: values are nested too deeply"),
    "digits.jsonl": ('{"text": ' + "9" * 5_000 + "}", "`digits.jsonl`, line 1: Exceeds the limit"),
    "digits.json": ("[" + "9" * 5_000 + "]", "`digits.json` cannot be read: Exceeds the limit"),
}


@pytest.mark.parametrize("name", READABLE)
def test_formats(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(READABLE[name], encoding="utf-8")
    rows = read_rows(tmp_path / name, "salt")
    assert [(row.number, dict(row.values)) for row in rows] == [(0, {"text": "a"}), (1, {"text": "b\u2028c"})]


@pytest.mark.parametrize("name", UNREADABLE)
def test_bad_files(name: str, tmp_path: Path) -> None:
    text, message = UNREADABLE[name]
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(Refusal, match=re.escape(message)):
        read_rows(tmp_path / name, "salt")


def test_a_key_says_what_was_asked_of_what(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"text": "a"}\n{"text": "a"}\n{"text": "b"}\n', encoding="utf-8")
    first, same, other = (row.key for row in read_rows(tmp_path / "rows.jsonl", "classify"))
    assert first == same != other
    assert read_rows(tmp_path / "rows.jsonl", "summarise")[0].key != first


TEXTS = st.text(st.sampled_from('ab",\n\r\t \u2028é'), max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    texts=st.lists(TEXTS, min_size=1, max_size=5),
    data=st.data(),
    ending=st.sampled_from(["jsonl", "csv", "tsv"]),
)
def test_a_run_that_is_killed_anywhere_loses_no_whole_line(
    texts: list[str], data: st.DataObject, ending: str, tmp_path: Path
) -> None:
    """Cut the output off at any byte, go on, and it is what the undisturbed run wrote."""
    rows = [Row(number, {"text": text}, f"key{number}") for number, text in enumerate(texts)]
    path = tmp_path / f"out.{ending}"
    path.unlink(missing_ok=True)

    def run() -> int:
        output = Output(path, rows, ["text", "label"])
        for row in reversed(rows):
            if row.number not in output.done:
                output.succeeded(row, {"text": row.values["text"] + "!", "label": ["x", None]})
        output.finish()
        return len(output.done)

    assert run() == 0
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    run()
    assert path.read_bytes() == whole
    assert run() == len(rows)
    assert path.read_bytes() == whole


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_failed_rows_are_made_again_and_answers_follow_their_rows(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    rows = [Row(number, {"text": text}, f"key {text}") for number, text in enumerate("abc")]
    first = Output(path, rows, ["label"])
    first.succeeded(rows[0], {"label": "one"})
    first.failed(rows[1], "LMError: no answer")
    first.succeeded(rows[2], {"label": "two"})
    first.finish()
    moved = [Row(number, {"text": text}, f"key {text}") for number, text in enumerate("ncab")]
    second = Output(path, moved, ["label"])
    assert second.done == {1, 2}
    for row in (moved[0], moved[3]):
        second.succeeded(row, {"label": "three"})
    second.finish()
    third = Output(path, moved, ["label"])
    assert third.done == {0, 1, 2, 3}
    third.finish()
    text = path.read_text(encoding="utf-8")
    assert "LMError" not in text
    assert re.findall("one|two|three", text) == ["three", "two", "one", "three"]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_answers_to_other_rows_are_not_dropped(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    rows = [Row(0, {"text": "a"}, "key a"), Row(1, {"text": "b"}, "key b")]
    first = Output(path, rows, ["label"])
    for row in rows:
        first.succeeded(row, {"label": "x"})
    first.finish()
    before = path.read_bytes()
    with pytest.raises(Refusal, match="contains 1 answer for other rows"):
        Output(path, rows[:1], ["label"])
    assert path.read_bytes() == before


def test_a_table_names_an_output_apart_from_a_column_of_the_same_name(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    row = Row(0, {"text": "a", "label": "gold"}, "key")
    output = Output(path, [row], ["label", "tags"])
    output.succeeded(row, {"label": "x", "tags": ["é"]})
    output.finish()
    with path.open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == [
            {
                "row": "0",
                "key": "key",
                "text": "a",
                "label": "gold",
                "output_label": "x",
                "tags": '["é"]',
                "error": "",
            }
        ]


def test_a_table_has_each_column_once(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    given = {"row": "1", "error": "2", "a": "3", "output_a": "4", "input_row": "5"}
    row = Row(0, given, "key")
    for answer in ("first", "second"):
        output = Output(path, [row], ["a", "key"])
        if not output.done:
            output.succeeded(row, {"a": answer, "key": "own"})
        output.finish()
    with path.open(encoding="utf-8", newline="") as file:
        (header, cells) = list(csv.reader(file))
    assert dict(zip(header, cells, strict=True)) == {
        "row": "0",
        "key": "key",
        "input_input_row": "1",
        "input_error": "2",
        "a": "3",
        "output_a": "4",
        "input_row": "5",
        "output_output_a": "first",
        "output_key": "own",
        "error": "",
    }


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
def test_a_file_of_something_else_is_not_touched(name: str, tmp_path: Path) -> None:
    for text in ("precious\n", '{"row": 1}\n', '{"row": \n'):
        (tmp_path / name).write_text(text, encoding="utf-8")
        with pytest.raises(Refusal, match="does not contain the results of these rows"):
            Output(tmp_path / name, [Row(0, {"text": "a"}, "key")], ["label"])
        assert (tmp_path / name).read_text(encoding="utf-8") == text


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rows.csv")
    with pytest.raises(Refusal, match="is a named pipe, not a file"):
        read_rows(tmp_path / "rows.csv", "salt")
    with pytest.raises(Refusal, match="is a named pipe, not a file"):
        Output(tmp_path / "rows.csv", [Row(0, {"text": "a"}, "key")], ["label"])
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    with pytest.raises(Refusal, match="is a device, not a file"):
        read_rows(tmp_path / "zero.csv", "salt")


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
def test_one_run_at_a_time_writes_a_file(name: str, tmp_path: Path) -> None:
    rows = [Row(number, {"text": text}, f"key {text}") for number, text in enumerate("ab")]
    path = tmp_path / name
    with locked(path):
        first = Output(path, rows, ["label"])
        for _ in range(2):
            with pytest.raises(Refusal, match=r"another run \(process \d+\) is writing to"), locked(path):
                pass
        first.succeeded(rows[0], {"label": "x"})
        first.finish()
    with locked(path):
        again = Output(path, rows[::-1], ["label"])
        # Its lines were put in order first, in another file; the lock is still the same.
        with pytest.raises(Refusal, match="is writing to"), locked(path):
            pass
        again.succeeded(rows[1], {"label": "y"})
        again.finish()
    last = Output(path, rows, ["label"])
    assert last.done == {0, 1}
    last.finish()


def test_a_refused_output_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("precious\n", encoding="utf-8")
    with pytest.raises(Refusal):
        Output(path, [Row(0, {"text": "a"}, "key")], ["label"])
    path.unlink()
    output = Output(path, [Row(0, {"text": "a"}, "key")], ["label"])
    output.finish()
    assert list(tmp_path.iterdir()) == []
