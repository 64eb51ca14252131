"""A lock between processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from threading import Barrier, Event, Thread
from unittest.mock import Mock

import pytest

from dspyc.base.locks import Locked, exclusive, in_turn


def test_one_at_a_time(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    (tmp_path / "link").symlink_to(target)
    with exclusive(target):
        for path in (target, str(target), tmp_path / "link", tmp_path / "." / "out.jsonl"):
            with pytest.raises(Locked, match=f"locked by process {os.getpid()}"), exclusive(path):
                pass
        with exclusive(tmp_path / "other"):
            pass
    assert os.listdir(tmp_path) == ["link"]
    with exclusive(target):
        pass


def test_who_waits_gets_it_in_turn_or_gives_up(tmp_path: Path) -> None:
    order: list[str] = []
    waiting = Event()

    def wait() -> None:
        with in_turn(tmp_path / "out", waiting.set):
            order.append("second")

    with exclusive(tmp_path / "out"):
        other = Thread(target=wait)
        other.start()
        assert waiting.wait(30)
        with pytest.raises(InterruptedError), in_turn(tmp_path / "out", Mock(side_effect=InterruptedError)):
            order.append("never")
        order.append("first")
    other.join()
    assert order == ["first", "second"]


def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    code = f"""
import sys
from dspyc.base.locks import exclusive
with exclusive({str(tmp_path / "out")!r}):
    print("locked", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(Locked) as caught, exclusive(tmp_path / "out"):
            pass
        assert caught.value.owner == other.pid
        other.kill()
        other.wait()
        with exclusive(tmp_path / "out"):
            pass


def test_threads_that_come_and_go(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []
    start = Barrier(8)

    def work() -> None:
        start.wait()
        for _ in range(200):
            try:
                with exclusive(tmp_path / "out"):
                    inside.append(1)
                    most.append(len(inside))
                    inside.pop()
            except Locked:
                continue

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}
    assert os.listdir(tmp_path) == []


def test_a_forked_child_that_leaves_the_block_leaves_the_lock(tmp_path: Path) -> None:
    code = f"""
import os, sys
from dspyc.base.locks import Locked, exclusive
with exclusive({str(tmp_path / "out")!r}):
    if os.fork() == 0:
        sys.exit(0)
    os.wait()
    print(sorted(os.listdir({str(tmp_path)!r})))
print(os.listdir({str(tmp_path)!r}))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "['.out.lock']\n[]\n"
