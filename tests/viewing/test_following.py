"""Reading a file that grows: each whole line once, whatever comes when."""

from __future__ import annotations

from pathlib import Path

import pytest

from dspyc.viewing import following
from dspyc.viewing.following import Follower


@pytest.mark.parametrize("block", [1, 3, 1000])
@pytest.mark.parametrize(
    ("parts", "found"),
    [
        (["a\nb", "b\n", "", "c\n"], [(0, "a"), (2, "bb"), (5, "c")]),
        (["0123456789\na\n"], [(11, "a")]),
        (["a\n0123456789", "0123456789", "\n", "b\n"], [(0, "a"), (23, "b")]),
        (["a\n012345678", "9\nb\n"], [(0, "a"), (13, "b")]),
        (["a\n" * 40], [(number, "a") for number in range(0, 64, 2)]),
    ],
)
def test_each_whole_line_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    block: int,
    parts: list[str],
    found: list[tuple[int, str]],
) -> None:
    monkeypatch.setattr(following, "LONGEST_LINE", 8)
    monkeypatch.setattr(following, "_BLOCK", block)
    path = tmp_path / "lines"
    follower, begun, seen = Follower(path, 64), [], []
    for part in parts:
        with path.open("a") as file:
            file.write(part)
        new = follower.lines(lambda: begun.append(1))
        seen += [(start, line.decode().rstrip("\n")) for start, line in new]
    assert seen[: len(found)] == found
    assert len(seen) <= len(found) + block // 2
    path.write_text("x\nanew\n")
    assert [line for _, line in follower.lines(lambda: begun.append(2))] == [b"x\n", b"anew\n"]
    assert begun[-1] == 2


def test_what_was_passed_over_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "LONGEST_LINE", 8)
    path = tmp_path / "lines"
    path.write_bytes(b"x" * 5000)
    follower = Follower(path, 2**20)
    assert list(follower.lines(lambda: None)) == []
    assert follower._offset == 5000
