"""The cache on a Redis server: one machine pays, the others have its answer, and no call depends on it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.lm import cache
from dspyc.runtime.lm.request import Completion, Response, Text
from dspyc.runtime.lm.sharedcache import SharedCache
from support.openai_server import OpenAIServer, Reply
from support.redis_server import KINDS, serving


@pytest.fixture(params=KINDS)
def redis(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with serving(request.param, tmp_path) as address:
        yield address


class Counting(dspy.BaseLM):
    """A model that counts how often it is asked."""

    model = "counting"
    cache = True

    def __init__(self, seconds: float = 0.0, finish: str = "stop") -> None:
        super().__init__()
        self.asked, self.seconds, self.finish = 0, seconds, finish

    def complete(self, request: Any) -> Response:
        self.asked += 1
        time.sleep(self.seconds)
        return Response([Completion((Text(f"answer {self.asked}"),), self.finish)], {"total_tokens": 3}, 0.1)


def another_machine(redis: str) -> None:
    """Forget what this machine has of its own."""
    dspy.configure_cache(enable_disk_cache=False, redis_url=redis)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_answer_is_there_for_other_machines(redis: str, asynchronous: bool) -> None:
    lm = Counting()
    for _ in range(3):
        another_machine(redis)
        assert (asyncio.run(lm.acall("q")) if asynchronous else lm("q")) == ["answer 1"]
    assert lm.asked == 1
    assert [entry["cache_hit"] for entry in lm.history] == [False, True, True]
    assert lm("another question") == ["answer 2"]


def test_the_address_may_stand_in_the_environment(redis: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSPYC_CACHE_REDIS", redis)
    lm = Counting()
    for _ in range(2):
        dspy.configure_cache(enable_disk_cache=False)
        lm("q")
    assert lm.asked == 1


def test_what_was_cut_off_is_not_kept(redis: str) -> None:
    lm = Counting(finish="length")
    for _ in range(2):
        another_machine(redis)
        lm("q")
    assert lm.asked == 2


ASKING = """
import sys
import dspyc.runtime as dspy
dspy.configure_cache(enable_disk_cache=False, redis_url=sys.argv[1])
lm = dspy.LM("openai/m", api_base=sys.argv[2], api_key="k-canary-0123456789", num_retries=0)
print(*lm("the same"))
"""


def test_machines_that_ask_at_the_same_time_pay_once(redis: str, server: OpenAIServer) -> None:
    server.script(Reply("one answer", delay=0.3), "another answer")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ASKING, redis, server.api_base], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    assert [process.communicate(timeout=60)[0].strip() for process in processes] == ["one answer"] * 3
    assert len(server.requests) == 1


def test_the_claim_of_a_dead_process_runs_out(redis: str) -> None:
    dead, living = SharedCache(redis, claim_seconds=0.3), SharedCache(redis, claim_seconds=0.3)
    assert dead.get_or_claim("k") == (None, "k")
    dead._claims.clear()  # it no longer renews it
    assert living.get_or_claim("k") == (None, None)
    time.sleep(0.4)
    assert living.get_or_claim("k") == (None, "k")
    living.release("k")
    assert dead.get_or_claim("k") == (None, "k")
    dead.release("k")


def test_a_claim_is_renewed_as_long_as_the_model_takes(redis: str) -> None:
    before = names_of_threads()
    slow, other = SharedCache(redis, claim_seconds=0.3), SharedCache(redis)
    _, claim = slow.get_or_claim("k")
    time.sleep(0.8)
    assert other.get_or_claim("k") == (None, None)
    slow.release(claim)
    assert other.get_or_claim("k") == (None, "k")
    other.release("k")
    assert not names_of_threads() - before


def names_of_threads() -> set[str]:
    """The threads that renew claims, once those that end have ended."""
    for _ in range(100):
        found = {thread.name for thread in threading.enumerate() if thread.name.startswith("dspyc-claims")}
        if not found:
            break
        time.sleep(0.01)
    return found


def test_one_that_fails_leaves_the_next_to_ask(redis: str) -> None:
    class Failing(Counting):
        def complete(self, request: Any) -> Response:
            if self.asked == 0:
                self.asked += 1
                raise dspy.LMServerError("down", model="m")
            return super().complete(request)

    lm = Failing()
    another_machine(redis)
    with pytest.raises(dspy.LMServerError):
        lm("q")
    another_machine(redis)
    assert lm("q") == ["answer 2"]


def test_a_server_that_cannot_be_reached_costs_no_call(caplog: pytest.LogCaptureFixture) -> None:
    dspy.configure_cache(
        enable_disk_cache=False, redis_url="redis://:sk-canary-secret-0123456789@127.0.0.1:1/0"
    )
    lm = Counting()
    assert lm("q") == lm("q") == ["answer 1"]
    assert lm("other") == ["answer 2"]
    (line,) = [record.message for record in caplog.records if "shared cache" in record.message]
    assert "cannot be used" in line
    assert "canary" not in line


def test_a_server_that_goes_away_in_the_middle(tmp_path: Path) -> None:
    lm = Counting()
    with serving("small", tmp_path) as address:
        another_machine(address)
        lm("q")
        store = cache.current()
        store.clear_memory()
        assert lm("q") == ["answer 1"]
    store.shared.close()  # type: ignore[union-attr]
    store.clear_memory()
    assert lm("q") == ["answer 2"]


def test_damaged_and_foreign_texts_are_misses(redis: str) -> None:
    import redis as client

    shared, raw = SharedCache(redis), client.Redis.from_url(redis, protocol=2)
    for text in (b"", b"{}", b"[1]", b"\xff\xfe", b'{"completions": 3}', b"\x80\x04."):
        raw.set("dspyc:answer:k", text)
        assert shared.get("k") is None
    shared.put("k", Response(["fine"]))
    assert shared.get("k") == Response(["fine"], cache_hit=True)


@pytest.mark.parametrize("address", ["nonsense", "http://127.0.0.1:1", "redis://h:port/0"])
def test_an_address_of_something_else_is_refused(address: str) -> None:
    with pytest.raises(dspy.ConfigurationError, match="no address of a Redis server"):
        dspy.configure_cache(enable_disk_cache=False, redis_url=address)


def test_without_its_package_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(dspy.ConfigurationError, match=r"pip install 'dspyc\[redis\]'"):
        dspy.configure_cache(enable_disk_cache=False, redis_url="redis://127.0.0.1:1/0")
