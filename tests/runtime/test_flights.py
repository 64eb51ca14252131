"""Equal requests in flight are one request: among threads, among tasks, among both, among processes."""

from __future__ import annotations

import asyncio
import multiprocessing
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.base.locks import FileLocks
from dspyc.runtime.errors import LMServerError
from dspyc.runtime.lm import cache
from dspyc.runtime.lm.request import Request, Response
from support.openai_server import OpenAIServer


def model(server: OpenAIServer, **options: Any) -> dspy.LM:
    options = {"num_retries": 0, **options}
    return dspy.LM("openai/any", api_base=server.api_base, api_key="k-123456", **options)


class Counting(dspy.BaseLM):
    """Answers after a while; counts how often it is asked."""

    cache = True

    def __init__(self, seconds: float = 0.2, fails: bool = False) -> None:
        super().__init__()
        self.asked = 0
        self.seconds = seconds
        self.fails = fails

    async def acomplete(self, request: Request) -> Response:
        self.asked += 1
        number = self.asked
        await asyncio.sleep(self.seconds)
        if self.fails:
            raise LMServerError(f"failure {number}", model="counting")
        return Response([f"answer {number}"], {"total_tokens": 1})

    def complete(self, request: Request) -> Response:
        self.asked += 1
        number = self.asked
        time.sleep(self.seconds)
        if self.fails:
            raise LMServerError(f"failure {number}", model="counting")
        return Response([f"answer {number}"], {"total_tokens": 1})


def by_threads(lm: Any, count: int = 16) -> list[Any]:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: lm("x"), range(count)))


def by_tasks(lm: Any, count: int = 16) -> list[Any]:
    async def all_of_them() -> list[Any]:
        return await asyncio.gather(*(lm.acall("x") for _ in range(count)))

    return asyncio.run(all_of_them())


def by_both(lm: Any) -> list[Any]:
    with ThreadPoolExecutor(1) as pool:
        threads = pool.submit(by_threads, lm, 8)
        return [*by_tasks(lm, 8), *threads.result()]


@pytest.mark.parametrize("ways", [by_threads, by_tasks, by_both])
def test_sixteen_equal_calls_make_one_request(server: OpenAIServer, ways: Any) -> None:
    server.latency = 0.2
    lm = model(server)
    assert len({tuple(outputs) for outputs in ways(lm)}) == 1
    assert len(server.requests) == 1
    assert len(lm.history) == 16
    assert sum(bool(entry["usage"]) for entry in lm.history) == 1
    assert sum(entry["cache_hit"] for entry in lm.history) == 15


@pytest.mark.parametrize("ways", [by_threads, by_tasks, by_both])
def test_a_failure_is_shared_and_not_kept(ways: Any) -> None:
    lm = Counting(fails=True)
    for _ in range(2):
        before = lm.asked
        with pytest.raises(LMServerError) as caught:
            ways(lm)
        assert lm.asked == before + 1 or ways is by_both
        assert caught.value.model == "counting"
    lm.fails = False
    assert ways(lm)[0][0].startswith("answer")


def test_without_the_cache_each_asks_by_itself() -> None:
    lm = Counting(0.05)
    lm.cache = False
    assert len({tuple(outputs) for outputs in by_threads(lm)}) == 16
    assert lm.asked == 16


def test_when_the_first_is_cancelled_another_asks() -> None:
    lm = Counting()

    async def scene() -> list[Any]:
        first = asyncio.create_task(lm.acall("x"))
        others = [asyncio.create_task(lm.acall("x")) for _ in range(3)]
        await asyncio.sleep(0.05)
        first.cancel()
        found = await asyncio.gather(*others)
        assert first.cancelled()
        return found

    assert asyncio.run(scene()) == [["answer 2"]] * 3
    assert lm.asked == 2


def test_who_waits_and_is_cancelled_takes_nothing_with_it() -> None:
    lm = Counting()

    async def scene() -> Any:
        first = asyncio.create_task(lm.acall("x"))
        await asyncio.sleep(0.05)
        second = asyncio.create_task(lm.acall("x"))
        await asyncio.sleep(0.05)
        second.cancel()
        return await first

    assert asyncio.run(scene()) == ["answer 1"]


def test_a_call_that_blocks_the_loop_does_not_wait_for_it() -> None:
    lm = Counting()

    async def scene() -> list[Any]:
        first = asyncio.create_task(lm.acall("x"))
        await asyncio.sleep(0.05)
        return [lm("x"), await first]

    assert asyncio.run(asyncio.wait_for(scene(), 10)) == [["answer 2"], ["answer 1"]]


def test_a_model_that_asks_itself_the_same_does_not_wait_for_itself() -> None:
    class Nested(dspy.BaseLM):
        cache = True
        depth = 0

        def complete(self, request: Request) -> Response:
            self.depth += 1
            return Response(["inner"]) if self.depth > 1 else Response([f"outer of {self('x')[0]}"])

    assert Nested()("x") == ["outer of inner"]


ASKER = """
import sys, time
from pathlib import Path
import dspyc.runtime as dspy
dspy.configure_cache(disk_cache_dir=sys.argv[1])
asked, steps = Path(sys.argv[1], "asked"), sys.argv[2:]

class Slow(dspy.BaseLM):
    cache = True

    def complete(self, request):
        with asked.open("a") as file:
            file.write("x")
        number = asked.stat().st_size - 1
        time.sleep(0.7)
        step = steps[min(number, len(steps) - 1)]
        if step == "fail":
            raise dspy.LMInvalidRequestError("no")
        return dspy.Response([step], finish_reason="length" if step == "half" else "stop")

lm = Slow()
print("ready", flush=True)
sys.stdin.readline()
try:
    print(lm("x")[0])
except dspy.LMError as error:
    print(type(error).__name__)
"""


def ask_from_processes(folder: Path, count: int, *steps: str) -> list[str]:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ASKER, str(folder), *steps],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(count)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return [process.communicate(timeout=60)[0].strip() for process in processes]


def test_processes_make_one_request(tmp_path: Path) -> None:
    assert ask_from_processes(tmp_path, 6, "the answer") == ["the answer"] * 6
    assert (tmp_path / "asked").stat().st_size == 1


def test_a_process_that_fails_leaves_the_others_to_ask(tmp_path: Path) -> None:
    found = ask_from_processes(tmp_path, 4, "fail", "half", "whole")
    assert sorted(found) == ["LMInvalidRequestError", "half", "whole", "whole"]
    assert (tmp_path / "asked").stat().st_size == 3


def hold(path: str, ready: Any) -> None:
    FileLocks(Path(path)).acquire("k")
    ready.set()
    time.sleep(60)


def test_a_process_that_dies_lets_go(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    holder = context.Process(target=hold, args=(str(tmp_path / "locks"), ready), daemon=True)
    holder.start()
    assert ready.wait(30)
    locks = FileLocks(tmp_path / "locks")
    assert not locks.acquire("k")
    assert locks.acquire("other")
    holder.kill()
    holder.join()
    assert locks.acquire("k")


def test_the_lock_of_a_name_excludes_no_thread_of_its_own_process(tmp_path: Path) -> None:
    cache.configure_cache(disk_cache_dir=tmp_path)
    lm = Counting(0.05)
    found: list[Any] = []
    threads = [threading.Thread(target=lambda n=n: found.append(lm(str(n)))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(found) == 8
    assert lm.asked == 8
