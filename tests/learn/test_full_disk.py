"""Runs on a disk that is full: no file is broken, and the next run goes on from there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime.errors import JournalError, StateError
from support.resumable import ANSWERS, Counting, optimise

resource = pytest.importorskip("resource", reason="the system has no limits for the size of files")


class Watching(Counting):
    """Knows the size of the largest file in a folder when it was last asked."""

    def __init__(self, folder: Path) -> None:
        super().__init__(ANSWERS)
        self.folder, self.size = folder, 0

    def complete(self, request: Any) -> Any:
        self.size = max(file.stat().st_size for file in self.folder.iterdir())
        return super().complete(request)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file can become larger than so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_a_run_on_a_full_disk_goes_on_when_there_is_room(share: float, tmp_path: Path) -> None:
    calm, folder = Watching(tmp_path / "calm"), tmp_path / "full"
    expected = optimise(tmp_path / "calm", "one", calm)
    first, second = Counting(ANSWERS), Counting(ANSWERS)
    size = int(share * calm.size)
    with pytest.raises((JournalError, StateError), match="cannot be written"), room_for(size):
        optimise(folder, "one", first)
    for file in folder.iterdir():
        assert not file.name.endswith(".tmp")
        if file.name.endswith(".state.json"):
            json.loads(file.read_bytes())
    assert optimise(folder, "one", second) == expected
    # What found no room was under way: one example.
    assert len(first.asked) + len(second.asked) <= len(calm.asked) + 1
