"""Files that are none, files too large, files that are not text; and writing as a whole or not at all."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from dspyc.base.files import (
    UnreadableFile,
    read_bytes,
    read_regular,
    remove_leftovers,
    replacing,
    write_atomically,
)


def problem_of(path: Path | str, limit: int = 1000) -> tuple[str, str]:
    """The kind and the message of what is wrong with a file."""
    with pytest.raises(UnreadableFile) as caught:
        read_regular(path, limit)
    assert caught.value.path == str(path)
    assert str(caught.value) == f"{path} {caught.value.message}"
    return caught.value.kind, caught.value.message


def test_texts(tmp_path: Path) -> None:
    file = tmp_path / "a"
    for data, text in [(b"", ""), ("grün".encode(), "grün"), (b"\xef\xbb\xbfa\r\n", "a\r\n")]:
        file.write_bytes(data)
        assert read_regular(file, 1000) == text
        assert read_regular(str(file), len(data)) == text
        assert read_bytes(file, 1000) == data


def test_what_is_not_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert problem_of(tmp_path) == ("not-regular", "is a folder, not a file")
    assert problem_of(tmp_path / "fifo") == ("not-regular", "is a named pipe, not a file")
    assert problem_of(tmp_path / "link") == ("not-regular", "is a named pipe, not a file")
    assert problem_of("/dev/zero") == ("not-regular", "is a device, not a file")
    assert problem_of(tmp_path / "loop")[0] == "unreadable"
    with socket.socket(socket.AF_UNIX) as listening:
        # A socket's whole path may have 108 bytes only.
        folder = os.getcwd()
        os.chdir(tmp_path)
        try:
            listening.bind("socket")
        finally:
            os.chdir(folder)
        assert problem_of(tmp_path / "socket") == ("not-regular", "is a socket, not a file")


def test_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert problem_of(tmp_path / "none") == ("missing", "does not exist")
    assert problem_of(tmp_path / "file" / "none") == ("missing", "does not exist")
    assert problem_of(tmp_path / ("n" * 300))[0] == "unreadable"
    assert problem_of(f"{tmp_path}/a\0b")[0] == "unreadable"


def test_sizes(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"x" * 1001)
    assert problem_of(file) == ("too-large", "is larger than 1000 bytes")
    with file.open("wb") as sparse:
        sparse.truncate(2**40)
    assert problem_of(file, 4 * 2**20) == ("too-large", "is larger than 4 MB")


def test_a_file_that_holds_more_than_its_size_says() -> None:
    assert os.stat("/proc/self/maps").st_size == 0
    assert len(read_bytes("/proc/self/maps", 2**24)) > 100
    assert problem_of("/proc/self/maps", 100) == ("too-large", "is larger than 100 bytes")


def test_what_is_not_utf8(tmp_path: Path) -> None:
    file = tmp_path / "a"
    for data, message in [
        (b"a\nb\xff", "is not UTF-8: byte 0xff on line 2"),
        (b"\xef\xbb\xbfa\n\n\xfe", "is not UTF-8: byte 0xfe on line 3"),
        ("a".encode("utf-16"), "is not UTF-8: byte 0xff on line 1"),
        (b"ab\xe2\x82", "is not UTF-8: byte 0xe2 on line 1"),
    ]:
        file.write_bytes(data)
        assert problem_of(file) == ("not-utf8", message)


def test_writing(tmp_path: Path) -> None:
    file = tmp_path / ("n" * 250)
    mask = os.umask(0o027)
    try:
        write_atomically(file, "grün \ud800\n")
    finally:
        os.umask(mask)
    assert file.read_bytes() == b"gr\xc3\xbcn \\ud800\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    file.chmod(0o600)
    (tmp_path / "link").symlink_to(file)
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, OSError, MemoryError])
def test_an_interrupted_write_leaves_the_old_file_alone(tmp_path: Path, error: type[BaseException]) -> None:
    file = tmp_path / "a"
    file.write_text("old")

    def write() -> None:
        with replacing(file) as new:
            new.write(b"half")
            raise error

    with pytest.raises(error):
        write()
    assert file.read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_what_killed_writers_left_is_removed_after_a_day(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    with replacing(file) as new:
        left = Path(new.name).name
    kept = [
        ".model.gguf.backup.tmp", ".other.gguf.0123456789ab.tmp", ".model.gguf.0123456789ab.tmp.old",
        ".model.gguf.0123456789aB.tmp", "model.gguf.0123456789ab.tmp", ".model.gguf.0123456789ab",
    ]  # fmt: skip
    for name in (left, *(f".model.gguf.{number:012x}.tmp" for number in range(1, 9)), *kept):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1e9, 1e9))
    (tmp_path / left).write_text("somebody writes it now")
    folders = [f".model.gguf.{digit * 12}.tmp" for digit in "0f"]
    for name in folders:
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (1e9, 1e9))
    remove_leftovers(file)
    assert sorted(os.listdir(tmp_path)) == sorted([*kept, *folders, left, "model.gguf"])
    remove_leftovers(tmp_path / "none" / "file")


def test_what_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    for name in ("fifo", "folder", "none/file"):
        with pytest.raises(OSError, match=name.split("/")[0]):
            write_atomically(tmp_path / name, "x")
    assert sorted(os.listdir(tmp_path)) == ["fifo", "folder"]
