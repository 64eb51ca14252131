"""The cache's file: it may lose an answer, it never changes one and never fails a call."""

from __future__ import annotations

import hashlib
import os
import random
import re
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dspyc.runtime as dspy
from dspyc.base.folders import cache_folder
from dspyc.runtime.lm import cache
from dspyc.runtime.lm.cache import Store
from dspyc.runtime.lm.cachejson import read_json, render_json
from dspyc.runtime.lm.messages import Native, Reasoning, Text
from dspyc.runtime.lm.recording import recording
from dspyc.runtime.lm.request import Completion, Response


def filled(folder: Path, count: int = 50) -> Path:
    cache = Store(folder, memory_entries=0)
    for number in range(count):
        cache.put(f"key{number}", Response((f"answer {number} " * 20,), usage={"total_tokens": 1}, cost=1.0))
    cache.close()
    return folder / "answers.sqlite3"


def test_answers_come_back_marked_and_free(tmp_path: Path) -> None:
    cache = Store(tmp_path)
    cache.put("k", Response(("a", "b"), {"total_tokens": 5}, 0.1, "stop", "m", "id"))
    for each in (cache, Store(tmp_path, memory_entries=0)):
        found = each.get("k")
        assert found == Response(("a", "b"), {}, None, "stop", "m", "id", cache_hit=True)
    assert cache.get("other") is None
    cache.clear()
    assert cache.get("k") is None
    assert Store(tmp_path).get("k") is None


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
    cache = Store(tmp_path, memory_entries=0)
    assert cache.get("key1") is None or damage == "truncated"
    for number in range(40):
        cache.get(f"key{number}")
        cache.put(f"new{number}", Response((f"new {number}",)))
    assert Store(tmp_path, memory_entries=0).get("new39") == Response(("new 39",), cache_hit=True)


def test_flipped_bytes_never_give_a_wrong_answer(tmp_path: Path) -> None:
    path = filled(tmp_path, 200)
    content = bytearray(path.read_bytes())
    chance = random.Random(0)
    for _ in range(200):
        content[chance.randrange(4096, len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    cache = Store(tmp_path, memory_entries=0)
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
    assert Store(tmp_path).get("key0") is None


def test_a_folder_that_cannot_be_used_leaves_the_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    cache = Store(tmp_path / "file" / "cache")
    cache.put("k", Response(("a",)))
    found = cache.get("k")
    assert found is not None
    assert found.texts == ("a",)


def test_the_memory_forgets_the_least_used(tmp_path: Path) -> None:
    cache = Store(None, memory_entries=2)
    cache.put("a", Response(("1",)))
    cache.put("b", Response(("2",)))
    cache.get("a")
    cache.put("c", Response(("3",)))
    assert cache.get("b") is None
    assert cache.get("a") is not None


def test_the_file_stays_small(tmp_path: Path) -> None:
    cache = Store(tmp_path, memory_entries=0, disk_bytes=300_000)
    for number in range(3000):
        cache.put(f"k{number}", Response(("x" * 500,)))
    assert cache.get("k0") is None
    assert cache.get("k2999") is not None
    cache.close()
    assert (tmp_path / "answers.sqlite3").stat().st_size < 1_200_000


def test_threads_and_processes_share_it(tmp_path: Path) -> None:
    writer = (
        "import sys; from pathlib import Path; from dspyc.runtime.lm.cache import Store;"
        "from dspyc.runtime.lm.request import Response; cache = Store(Path(sys.argv[1]), 0);"
        "[cache.put(f'{sys.argv[2]}-{n}', Response((str(n),))) for n in range(100)]"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", writer, str(tmp_path), str(number)]) for number in range(2)
    ]
    cache = Store(tmp_path, memory_entries=0)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: cache.put(f"t-{number}", Response((str(number),))), range(200)))
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    names = [f"{who}-{number}" for who in ("0", "1") for number in range(100)] + [
        f"t-{n}" for n in range(200)
    ]
    assert all(cache.get(name) is not None for name in names)


# --- damage, other versions, and what cannot be used ----------------------------------------------------


def asides(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if re.search(r"\.aside-\d+$", path.name)]


def test_the_good_rows_of_a_damaged_file_are_kept(tmp_path: Path) -> None:
    path = filled(tmp_path, 400)
    content = bytearray(path.read_bytes())
    # One page in the middle of the table is lost.
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    cache = Store(tmp_path, memory_entries=0)
    found = [cache.get(f"key{number}") for _ in range(2) for number in range(400)][400:]
    assert 300 < sum(response is not None for response in found) < 400
    (aside,) = asides(tmp_path)
    assert aside.read_bytes() == bytes(content)


FINDER = """
import sys
from pathlib import Path
from dspyc.runtime.lm.cache import Store
from dspyc.runtime.lm.request import Response
cache = Store(Path(sys.argv[1]), 0)
sys.stdin.readline()
for number in range(60):
    cache.get(f"key{number}")
cache.put(f"new{sys.argv[2]}", Response(["new"]))
assert cache.get(f"new{sys.argv[2]}") is not None
print(sum(cache.get(f"key{number}") is not None for number in range(60)))
"""


@pytest.mark.parametrize("damage", ["page", "header"])
def test_six_processes_put_a_damaged_file_aside_once(tmp_path: Path, damage: str) -> None:
    path = filled(tmp_path, 60)
    content = bytearray(path.read_bytes())
    if damage == "page":
        middle = len(content) // 2 // 4096 * 4096
        content[middle : middle + 4096] = b"\xff" * 4096
    else:
        content[:100] = b"\0" * 100
    path.write_bytes(content)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", FINDER, str(tmp_path), str(number)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(6)
    ]  # fmt: skip
    ended = [process.communicate("go\n", timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * 6, ended
    assert len(asides(tmp_path)) == 1
    cache = Store(tmp_path, memory_entries=0)
    assert all(cache.get(f"new{number}") is not None for number in range(6))
    if damage == "page":
        assert min(int(out) for out, _ in ended) >= 30


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE answers (key TEXT PRIMARY KEY, value TEXT)",
        "CREATE TABLE answers (key TEXT PRIMARY KEY, value TEXT, sum TEXT, made REAL, more TEXT)",
        "CREATE TABLE other (x)",
        "PRAGMA user_version = 99",
    ],
)
def test_a_file_of_another_version_is_put_aside_once(tmp_path: Path, schema: str) -> None:
    path = tmp_path / "answers.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute(schema)
    connection.commit()
    connection.close()
    content = path.read_bytes()
    for number in range(3):
        cache = Store(tmp_path, memory_entries=0)
        cache.put(f"k{number}", Response(["a"]))
        assert cache.get(f"k{number}") is not None
        cache.close()
    (aside,) = asides(tmp_path)
    assert aside.read_bytes() == content
    assert Store(tmp_path).get("k0") is not None


def test_a_file_of_the_first_version_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite3"
    connection = sqlite3.connect(path)
    columns = "key TEXT PRIMARY KEY, value TEXT NOT NULL, sum TEXT NOT NULL, made REAL NOT NULL"
    connection.execute(f"CREATE TABLE answers ({columns})")
    value = '{"texts":["a"],"finish_reason":"stop","model":"m","id":null}'
    checksum = hashlib.blake2b(f"k\n{value}".encode(), digest_size=16).hexdigest()
    connection.execute("INSERT INTO answers VALUES ('k', ?, ?, 1.0)", (value, checksum))
    connection.commit()
    connection.close()
    assert Store(tmp_path).get("k") == Response(["a"], {}, None, "stop", "m", None, cache_hit=True)
    assert not asides(tmp_path)


def test_the_limit_holds_over_many_short_processes(tmp_path: Path) -> None:
    for number in range(60):
        cache = Store(tmp_path, memory_entries=0, disk_bytes=1_000_000)
        for row in range(10):
            cache.put(f"{number}-{row}", Response(["x" * 20_000]))
        cache.close()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 1_500_000
    assert Store(tmp_path).get("59-9") is not None
    assert Store(tmp_path).get("0-0") is None


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    mask = os.umask(0)
    try:
        cache = Store(folder)
        cache.put("k", Response(["a"]))
        cache.locks.acquire("k")
    finally:
        os.umask(mask)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    cache.locks.release("k")
    cache.close()
    (folder / "answers.sqlite3").chmod(0o644)
    Store(folder).get("k")
    assert (folder / "answers.sqlite3").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", ["file", "no-user", "null", "surrogate", "fifo", "folder", "long"])
def test_what_cannot_be_used_costs_caching_and_not_the_call(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    folder = {
        "file": tmp_path / "file" / "x", "no-user": Path("~no-such-user/x"), "null": tmp_path / "a\0b",
        "surrogate": tmp_path / "\ud800", "fifo": tmp_path / "f", "folder": tmp_path / "d",
        "long": tmp_path / ("x" * 300),
    }[kind]  # fmt: skip
    if kind == "fifo":
        folder.mkdir()
        os.mkfifo(folder / "answers.sqlite3")
    if kind == "folder":
        (folder / "answers.sqlite3").mkdir(parents=True)
    try:
        monkeypatch.setenv("DSPYC_CACHE_DIR", str(folder))
    except (ValueError, UnicodeEncodeError):
        monkeypatch.delenv("DSPYC_CACHE_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    cache.configure_cache(disk_cache_dir=None if kind == "no-user" else folder)
    answers = iter(["one", "two"])

    class Model(dspy.BaseLM):
        cache = True

        def complete(self, request: Any) -> Response:
            return Response([next(answers)])

    lm = Model()
    assert lm("x") == lm("x") == ["one"]


def test_a_full_disk_costs_caching_and_not_the_call(tmp_path: Path) -> None:
    code = """
import resource, signal, sys
from pathlib import Path
from dspyc.runtime.lm.cache import Store
from dspyc.runtime.lm.request import Response
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
cache = Store(Path(sys.argv[1]))
for number in range(100):
    cache.put(str(number), Response(["x" * 10_000]))
    assert cache.get(str(number)).text == "x" * 10_000
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count("cannot be used") == 1


# --- JSON -----------------------------------------------------------------------------------------------

ODD = [
    float("inf"), 2**63, 2**70, -(2**65), 1e22, 5e-324, 0.1 + 0.2, "\ud800", "a\0b", "</script>", "\u2028",
    "é😀", None, True, -0.0, [], {}, {"a": [1, {"b": None}]},
]  # fmt: skip


@pytest.mark.parametrize("value", ODD)
def test_values_come_back_from_json_as_they_were(value: Any) -> None:
    response = Response(
        [Completion((Text("x"), Native({"type": "odd", "value": value})), "stop", {"v": value})]
    )
    assert read_json(render_json(response)) == response.as_hit()


def test_where_ujson_gives_up_json_goes_on() -> None:
    deep: Any = 1
    for _ in range(1500):
        deep = [deep]
    response = Response([Completion((Native({"type": "deep", "value": deep}),), "stop")])
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        assert read_json(render_json(response)).completions[0].parts[0].value["value"] == deep
    finally:
        sys.setrecursionlimit(before)


@pytest.mark.parametrize("value", [Decimal("1.10"), SimpleNamespace(toDict=dict), {(1, 2): 3}, b"x"])
def test_a_value_that_json_lacks_is_not_kept_as_another(value: Any) -> None:
    for completion in (
        Completion((Native({"type": "odd", "value": value}),), "stop"),
        Completion((Reasoning("x", ({"value": value},)), Text("x")), "stop"),
        Completion((Text("x"),), "stop", {"value": value}),
    ):
        with pytest.raises(TypeError):
            render_json(Response([completion]))


@given(st.lists(st.text(), max_size=3))
def test_any_texts_come_back(texts: list[str]) -> None:
    assert read_json(render_json(Response(texts))).texts == tuple(texts)


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DSPYC_CACHE_DIR", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("DSPYC_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if sys.platform == "linux":
        assert cache_folder() == tmp_path / "dspyc"


class Recorded(dict[str, Any]):
    """A recorder of one task, in memory."""

    def recall(self, name: str) -> Any:
        return self.get(name)

    def keep(self, name: str, answer: Any) -> None:
        self[name] = answer


class Odd(dspy.BaseLM):
    def __init__(self, logprobs: Any) -> None:
        super().__init__()
        self.logprobs, self.asked = logprobs, 0

    def complete(self, request: Any) -> Response:
        self.asked += 1
        return Response([Completion((Text("x"),), "stop", self.logprobs)], usage={"total_tokens": 1})


@pytest.mark.parametrize(("logprobs", "asked"), [(0.5, 1), (Decimal("0.5"), 2)])
def test_an_answer_that_cannot_be_recorded_is_asked_for_again(logprobs: Any, asked: int) -> None:
    lm, kept = Odd(logprobs), Recorded()
    for _ in range(2):
        with recording(kept):
            assert lm("x") == [{"text": "x", "logprobs": logprobs}]
    assert lm.asked == asked
