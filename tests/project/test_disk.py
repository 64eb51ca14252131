"""Files as texts: what is read, what is refused, and in whose words."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from dspyc.base.files import UnreadableFile
from dspyc.project.disk import LARGEST_PROGRAM, LARGEST_PYTHON, LARGEST_SETTINGS, Disk, read_source


def message_of(path: Path) -> str:
    with pytest.raises(UnreadableFile) as caught:
        read_source(str(path))
    return caught.value.message


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"x = 1\n", "x = 1\n"),
        (b"\xef\xbb\xbfx = 1\r\n", "x = 1\r\n"),
        ("# coding: latin-1\nx = 'é'\n".encode("latin-1"), "# coding: latin-1\nx = 'é'\n"),
        ("#!/usr/bin/python\n# -*- coding: cp1252 -*-\nx = '€'\n".encode("cp1252"), "€"),
        ("# a\n# b\n# coding: latin-1\nx = 'é'\n".encode(), "é"),
        ("x = 1 # coding: latin-1\ny = 'é'\n".encode(), "é"),
        ("# vim: set fileencoding=UTF_8 :\nx = 'é'\n".encode(), "é"),
    ],
)
def test_python_files(tmp_path: Path, data: bytes, text: str) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(data)
    assert text in read_source(str(file))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"x = '\xff'\n", "is not UTF-8: byte 0xff on line 1"),
        (b"# coding: nothing\n", "is not text in `nothing`: unknown encoding: nothing"),
        (
            b"# coding: punycode\n" + b"a-b" * 1000,
            "is not text in `punycode`: `punycode` is an encoding of host",
        ),
        (b"# coding: zlib\n", "is not text in `zlib`: "),
    ],
)
def test_python_files_that_are_not_text(tmp_path: Path, data: bytes, message: str) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(data)
    assert message_of(file).startswith(message)


def test_a_change_that_leaves_size_and_time_is_seen(tmp_path: Path) -> None:
    """The clocks of file systems stand still for some milliseconds, in which a file may be written twice."""
    program, rows = tmp_path / "a.dspy", tmp_path / "rows.csv"
    disk, now = Disk(), time.time_ns()
    found = []
    for name in ("x", "y"):
        for path, text in ((program, f"{name} = 1\n"), (rows, f"{name}\n1\n")):
            path.write_text(text, encoding="utf-8")
            os.utime(path, ns=(now, now))
        columns = disk.look_at_data(str(rows))
        assert columns is not None
        found.append((disk.read(str(program)), columns.columns))
    assert found == [("x = 1\n", ("x",)), ("y = 1\n", ("y",))]


def test_a_text_that_was_read_again_is_the_same_object(tmp_path: Path) -> None:
    """What is kept for a text is looked up by it."""
    path = tmp_path / "a.dspy"
    path.write_text("x = 1\n", encoding="utf-8")
    disk = Disk()
    assert disk.read(str(path)) is disk.read(str(path))


def test_an_unsaved_text_has_the_bounds_of_a_file(tmp_path: Path) -> None:
    path = str(tmp_path / "a.dspy")
    disk = Disk({path: "#" * (LARGEST_PROGRAM + 1)})
    problem = disk.problem(path)
    assert problem is not None
    assert problem.message == "is larger than 4 MB"
    disk.put(path, "x = 1\n")
    assert disk.read(path) == "x = 1\n"


def test_bounds(tmp_path: Path) -> None:
    for name, limit, words in [
        ("a.dspy", LARGEST_PROGRAM, "4 MB"),
        ("a.py", LARGEST_PYTHON, "4 MB"),
        ("a.toml", LARGEST_SETTINGS, "256 kB"),
    ]:
        file = tmp_path / name
        file.write_bytes(b"#" * limit)
        assert len(read_source(str(file))) == limit
        file.write_bytes(b"#" * (limit + 1))
        assert message_of(file) == f"is larger than {words}"


def test_what_is_missing_is_no_problem_and_what_is_special_is_one(tmp_path: Path) -> None:
    disk = Disk()
    for name in ("a.dspy", "a.py", "a.toml"):
        path = str(tmp_path / name)
        assert disk.read(path) is None
        assert disk.problem(path) is None
        os.mkfifo(path)
        assert disk.read(path) is None
        problem = disk.problem(path)
        assert problem is not None
        assert problem.message == "is a named pipe, not a file"
    (tmp_path / "loop.dspy").symlink_to(tmp_path / "loop.dspy")
    assert disk.problem(str(tmp_path / "loop.dspy")) is not None
    (tmp_path / "dangling.dspy").symlink_to(tmp_path / "nowhere")
    assert disk.problem(str(tmp_path / "dangling.dspy")) is None


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    disk = Disk()
    file = tmp_path / "a.dspy"
    path = str(file)
    for number in range(20):
        # As large as before, and within one tick of the clock: in its place is another file.
        (tmp_path / "new").write_text(f"x = {number:02}\n")
        os.replace(tmp_path / "new", file)
        assert disk.read(path) == f"x = {number:02}\n"
        assert disk.read(path) is disk.read(path)
    file.unlink()
    assert disk.read(path) is None


@pytest.mark.parametrize(
    "error", [OSError(errno.EMFILE, "too many"), PermissionError(errno.EACCES, "busy"), FileNotFoundError()]
)
def test_what_could_not_be_read_for_a_moment_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    program, rows, state = (tmp_path / each for each in ("a.dspy", "rows.csv", "a.state.json"))
    for path, text in ((program, "x = 1\n"), (rows, "x\n1\n"), (state, '{"dspyc_state": 0}')):
        path.write_text(text, encoding="utf-8")
        os.utime(path, (1e9, 1e9))
    monkeypatch.setattr("dspyc.project.disk._JUST_NOW", 0)
    disk = Disk()

    def look() -> list[str]:
        columns, saved = disk.look_at_data(str(rows)), disk.look_at_state(str(state))
        assert columns is not None
        assert saved is not None
        return [disk.read(str(program)) or "", " ".join(columns.columns or ()), saved.problem[:14]]

    def fail(*_: object) -> int:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", fail)
        first = look()
    reason = "does not exist" if isinstance(error, FileNotFoundError) else "cannot be read"
    assert first == ["", "", reason]
    assert look() == ["x = 1\n", "x", "has the format"]


def test_overlays_stand_over_the_disk(tmp_path: Path) -> None:
    path = str(tmp_path / "a.dspy")
    disk = Disk({path: "first"})
    assert disk.read(path) == "first"
    assert disk.exists(path)
    disk.put(path, "second")
    assert disk.read(path) == "second"
    os.mkfifo(path)
    assert disk.problem(path) is None
    disk.drop(path)
    assert disk.read(path) is None
    assert disk.problem(path) is not None
    disk.put("untitled:1", "text")
    assert disk.read("untitled:1") == "text"
    assert Disk().read("relative.dspy") is None
