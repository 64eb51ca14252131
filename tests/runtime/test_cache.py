"""The cache's file: it may lose an answer, it never changes one and never fails a call."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dspyc.runtime.lm.cache import Cache, cache_folder
from dspyc.runtime.lm.request import Response


def filled(folder: Path, count: int = 50) -> Path:
    cache = Cache(folder, memory_entries=0)
    for number in range(count):
        cache.put(f"key{number}", Response((f"answer {number} " * 20,), usage={"total_tokens": 1}, cost=1.0))
    cache.close()
    return folder / "answers.sqlite3"


def test_answers_come_back_marked_and_free(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("k", Response(("a", "b"), {"total_tokens": 5}, 0.1, "stop", "m", "id"))
    for each in (cache, Cache(tmp_path, memory_entries=0)):
        found = each.get("k")
        assert found == Response(("a", "b"), {}, None, "stop", "m", "id", cache_hit=True)
    assert cache.get("other") is None
    cache.clear()
    assert cache.get("k") is None
    assert Cache(tmp_path).get("k") is None


@pytest.mark.parametrize("damage", ["garbage", "truncated", "empty", "header"])
def test_a_damaged_file_is_put_aside(tmp_path: Path, damage: str) -> None:
    path = filled(tmp_path)
    content = path.read_bytes()
    damaged = {
        "garbage": b"x" * 5000,
        "truncated": content[: len(content) // 2],
        "empty": b"",
        "header": b"\0" * 100 + content[100:],
    }
    path.write_bytes(damaged[damage])
    cache = Cache(tmp_path, memory_entries=0)
    assert cache.get("key1") is None or damage == "truncated"
    for number in range(40):
        cache.get(f"key{number}")
        cache.put(f"new{number}", Response((f"new {number}",)))
    assert Cache(tmp_path, memory_entries=0).get("new39") == Response(("new 39",), cache_hit=True)


def test_flipped_bytes_never_give_a_wrong_answer(tmp_path: Path) -> None:
    path = filled(tmp_path, 200)
    content = bytearray(path.read_bytes())
    chance = random.Random(0)
    for _ in range(200):
        content[chance.randrange(4096, len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    cache = Cache(tmp_path, memory_entries=0)
    right = 0
    for number in range(200):
        found = cache.get(f"key{number}")
        if found is not None:
            assert found.texts == (f"answer {number} " * 20,)
            right += 1
    assert right < 200


def test_a_row_edited_by_hand_is_a_miss(tmp_path: Path) -> None:
    path = filled(tmp_path, 1)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE answers SET value = replace(value, 'answer', 'poison')")
    connection.commit()
    connection.close()
    assert Cache(tmp_path).get("key0") is None


def test_a_folder_that_cannot_be_used_leaves_the_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    cache = Cache(tmp_path / "file" / "cache")
    cache.put("k", Response(("a",)))
    found = cache.get("k")
    assert found is not None
    assert found.texts == ("a",)


def test_the_memory_forgets_the_least_used(tmp_path: Path) -> None:
    cache = Cache(None, memory_entries=2)
    cache.put("a", Response(("1",)))
    cache.put("b", Response(("2",)))
    cache.get("a")
    cache.put("c", Response(("3",)))
    assert cache.get("b") is None
    assert cache.get("a") is not None


def test_the_file_stays_small(tmp_path: Path) -> None:
    cache = Cache(tmp_path, memory_entries=0, disk_bytes=300_000)
    for number in range(3000):
        cache.put(f"k{number}", Response(("x" * 500,)))
    assert cache.get("k0") is None
    assert cache.get("k2999") is not None
    cache.close()
    assert (tmp_path / "answers.sqlite3").stat().st_size < 1_200_000


def test_threads_and_processes_share_it(tmp_path: Path) -> None:
    writer = (
        "import sys; from pathlib import Path; from dspyc.runtime.lm.cache import Cache;"
        "from dspyc.runtime.lm.request import Response; cache = Cache(Path(sys.argv[1]), 0);"
        "[cache.put(f'{sys.argv[2]}-{n}', Response((str(n),))) for n in range(100)]"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", writer, str(tmp_path), str(number)]) for number in range(2)
    ]
    cache = Cache(tmp_path, memory_entries=0)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: cache.put(f"t-{number}", Response((str(number),))), range(200)))
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    names = [f"{who}-{number}" for who in ("0", "1") for number in range(100)] + [
        f"t-{n}" for n in range(200)
    ]
    assert all(cache.get(name) is not None for name in names)


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DSPYC_CACHE_DIR", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("DSPYC_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if sys.platform == "linux":
        assert cache_folder() == tmp_path / "dspyc"
