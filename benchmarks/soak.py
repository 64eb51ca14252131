"""Many calls to a server that fails in all its ways: `python soak.py [CALLS]`, 20,000 unless said.

Half of the calls come from 32 threads, half from one event loop. A fifth of what the server does is wrong:
429 with and without a time to wait, 500, 503, a connection that breaks before or inside the answer, silence,
no choices, an answer of nothing, malformed JSON, a page of HTML, an answer that a filter stopped. Every call
must end with the right answer or with an error of the runtime's own; no answer that arrived may be asked for
again; memory, threads and descriptors must not grow. Prints one JSON object, and exits with 1 where something
is wrong.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import random
import resource
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

THREADS = 32
SERVE = "serve"
FAILING = 0.2
WAYS = (
    "rate limit", "rate limit with a wait", "error", "unavailable", "dropped", "half a body", "silence",
    "no choices", "nothing", "malformed", "page", "filtered",
)  # fmt: skip
REFUSALS = {"rate limit": 429, "rate limit with a wait": 429, "error": 500, "unavailable": 503}
TIMEOUT = 1.0
SILENCE = 3.0


class FailingServer:
    """A server in a process of its own that answers each question with its own words, or fails.

    Attributes:
        port: where it is.
        whole: how often a whole answer was sent to each question, to a client that was still there; once the
            server has ended.
        ways: how often each way of failing was taken; once it has ended.
    """

    def __init__(self, share: float = FAILING) -> None:
        self.whole: dict[str, int] = {}
        self.ways: dict[str, int] = {}
        self._share = share

    @property
    def api_base(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> FailingServer:
        command = [sys.executable, __file__, SERVE, str(self._share)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *error: object) -> None:
        # It ends with what it reads from, and says then what it did.
        told, _ = self._process.communicate(timeout=30)
        self.whole, self.ways = json.loads(told)


class Failing:
    """What the server's process does.

    Attributes:
        whole, ways: as `FailingServer` has them.
    """

    def __init__(self, share: float, seed: int = 1) -> None:
        self.whole: Counter[str] = Counter()
        self.ways: Counter[str] = Counter()
        self._share = share
        self._chance = random.Random(seed)

    async def serve(self) -> None:
        """Serve until the standard input ends."""
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=512)
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)
        print(json.dumps([self.whole, self.ways]), flush=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while await self._answer(reader, writer):
                pass
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection goes on."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        body = json.loads(await reader.readexactly(int(length.partition(b":")[2])))
        question = body["messages"][-1]["content"]
        way = self._chance.choice(WAYS) if self._chance.random() < self._share else ""
        if way:
            self.ways[way] += 1
        if way in REFUSALS:
            wait = b"retry-after: 0.05\r\n" if way == "rate limit with a wait" else b""
            error = {"error": {"message": way, "type": "e", "code": None}}
            writer.write(_message(json.dumps(error).encode(), REFUSALS[way], wait))
        elif way == "dropped":
            return False
        elif way == "silence":
            await asyncio.sleep(SILENCE)
            return False
        elif way == "half a body":
            writer.write(_message(_completion(question))[:-20])
            await writer.drain()
            return False
        else:
            # A client whose time is over has hung up, and has no answer.
            for _ in range(3):  # turns of the loop, in which it would hear of that
                await asyncio.sleep(0)
            has_hung_up = reader.at_eof() or writer.transport.is_closing()
            if not way and not has_hung_up:
                self.whole[question] += 1
            writer.write(_message(self._body(way, question)))
        await writer.drain()
        return True

    def _body(self, way: str, question: str) -> bytes:
        if way == "no choices":
            return _completion(question, choices=[])
        if way == "nothing":
            return _completion(None)
        if way == "malformed":
            return _completion(question)[:-9]
        if way == "page":
            return b"<html>a proxy's page</html>"
        if way == "filtered":
            return _completion(None, reason="content_filter")
        return _completion(question)


def _completion(question: str | None, reason: str = "stop", **changes: Any) -> bytes:
    text = None if question is None else f"the answer to {question}"
    choice = {"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    return json.dumps({"id": "x", "model": "m", "choices": [choice], "usage": usage, **changes}).encode()


def _message(body: bytes, status: int = 200, headers: bytes = b"") -> bytes:
    head = b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\n%bcontent-length: %d\r\n\r\n"
    return head % (status, headers, len(body)) + body


# --- the calls ------------------------------------------------------------------------------------------


class Outcomes:
    """What became of the calls."""

    def __init__(self) -> None:
        self.right = 0
        self.errors: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._lock = threading.Lock()

    def note(self, question: str, given: Any) -> None:
        """Count an answer, or an error."""
        from dspyc.runtime import FilteredAnswerError, LMError, is_retryable_lm_error

        with self._lock:
            if given == [f"the answer to {question}"]:
                self.right += 1
            elif isinstance(given, FilteredAnswerError):
                self.errors["FilteredAnswerError"] += 1
            elif isinstance(given, LMError) and is_retryable_lm_error(given):
                # Those that may pass were tried as often as was said.
                self.errors[type(given).__name__] += 1
            else:
                self.wrong.append(f"{question}: {given!r}")


def ask_from_threads(lm: Any, questions: Iterable[str], outcomes: Outcomes) -> None:
    """Ask each question, from many threads."""

    def ask(question: str) -> None:
        try:
            given = lm(question)
        except Exception as error:  # noqa: BLE001 what it is is looked at
            given = error
        outcomes.note(question, given)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(ask, questions))


def ask_from_a_loop(lm: Any, questions: Iterable[str], outcomes: Outcomes) -> None:
    """Ask each question, from one event loop."""

    async def ask(question: str, places: asyncio.Semaphore) -> None:
        async with places:
            try:
                given = await lm.acall(question)
            except Exception as error:  # noqa: BLE001 what it is is looked at
                given = error
            outcomes.note(question, given)

    async def ask_all() -> None:
        places = asyncio.Semaphore(4 * THREADS)
        await asyncio.gather(*(ask(question, places) for question in questions))

    asyncio.run(ask_all())


def descriptors() -> int:
    """How many files and connections are open."""
    return len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0


def memory() -> float:
    """What this process holds, in MB."""
    gc.collect()
    status = Path("/proc/self/statm")
    if status.is_file():
        return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def soak(calls: int, share: float = FAILING) -> dict[str, Any]:
    """Make so many calls, and say what came of them."""
    import dspyc.runtime as dspy
    from dspyc.runtime.lm import retry

    logging.getLogger("dspyc").setLevel(logging.ERROR)
    # A server that fails by chance is as well after a short wait as after a long one.
    retry.FIRST_DELAY, retry.LONGEST_DELAY = 0.01, 0.2
    dspy.configure(disable_history=True)
    with FailingServer(share) as server:
        lm = dspy.LM(
            "openai/m",
            api_base=server.api_base,
            api_key="none",
            num_retries=8,
            timeout=TIMEOUT,
            cache_in_memory=False,
        )
        outcomes = Outcomes()
        warm = max(calls // 10, 100)
        ask_from_threads(lm, [f"first {number}" for number in range(warm)], outcomes)
        ask_from_a_loop(lm, [f"second {number}" for number in range(warm)], outcomes)
        before = memory()
        began = time.perf_counter()
        half = (calls - 2 * warm) // 2
        ask_from_threads(lm, [f"third {number}" for number in range(half)], outcomes)
        ask_from_a_loop(lm, [f"fourth {number}" for number in range(half)], outcomes)
        seconds, grown = time.perf_counter() - began, memory() - before
        lm.close()
        time.sleep(0.2)
        names = sorted(thread.name for thread in threading.enumerate())
        still_open = descriptors()
    return {
        "calls": 2 * (half + warm),
        "right": outcomes.right,
        "errors": dict(outcomes.errors),
        "wrong": outcomes.wrong[:10],
        "paid twice": [question for question, count in server.whole.items() if count > 1][:10],
        "failures": server.ways,
        "calls per second": round(2 * half / seconds),
        "memory grown, MB": round(grown, 1),
        "threads left": [name for name in names if name != "MainThread"],
        "descriptors": still_open,
    }


def main() -> int:
    """Soak, and print what came of it."""
    if sys.argv[1:2] == [SERVE]:
        asyncio.run(Failing(float(sys.argv[2])).serve())
        return 0
    import tempfile

    import dspyc.runtime as dspy

    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as folder:
        dspy.configure_cache(disk_cache_dir=folder)
        found = soak(calls)
    print(json.dumps(found, indent=1))
    sound = not found["wrong"] and not found["paid twice"] and found["right"] > 0.9 * calls
    return 0 if sound and found["memory grown, MB"] < 20 else 1


if __name__ == "__main__":
    sys.exit(main())
