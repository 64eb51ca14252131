"""The connection and the jobs that wait: framing, what is not a message, and in which order jobs run."""

from __future__ import annotations

import io
import json
import queue
import threading
import time
from typing import Any

import pytest

from dspyc.lsp.connection import Connection
from dspyc.lsp.scheduling import LONGEST_DELAY, InThread, Later


def framed(*messages: Any) -> bytes:
    bodies = [json.dumps(message).encode() for message in messages]
    return b"".join(b"Content-Length: %d\r\n\r\n%b" % (len(body), body) for body in bodies)


def received(data: bytes) -> list[Any]:
    """What arrives of a stream, before its end is announced."""
    connection = Connection(io.BytesIO(data), io.BytesIO())
    connection.start(lambda message: False)
    found = []
    while (message := connection.inbox.get(timeout=20)) is not None:
        found.append(message)
    return found


@pytest.mark.parametrize(
    "junk",
    [
        b"Content-Length: 5\r\n\r\n{nope",
        b"X-Other: 1\r\n\r\n",
        b"Content-Length: none\r\n\r\n",
        b"Content-Length: -3\r\n\r\n",
        b"Content-Length: 2\r\n\r\n[]",
        b"Content-Length: 4\r\n\r\n\xff\xfe\xfd\xfc",
        b"Content-Length: 100000\r\n\r\n" + b"[" * 100_000,
        b"Content-Length: 50000\r\n\r\n" + b'{"a":' * 10_000,
        b"Content-Length: 0\r\n\r\n",
        b"x" * 10_000 + b"\r\n\r\n",
    ],
)
def test_what_is_not_a_message_is_passed_over(junk: bytes) -> None:
    assert received(junk + framed({"id": 1})) == [{"id": 1}]


@pytest.mark.parametrize("length", [b"99999999999999999999", b"9" * 300, b"268435457"])
def test_a_length_that_cannot_be_ends_the_connection(length: bytes) -> None:
    assert received(framed({"id": 1}) + b"Content-Length: " + length + b"\r\n\r\n{}") == [{"id": 1}]


def test_the_input_may_end_inside_a_message() -> None:
    assert received(framed({"id": 1}) + b"Content-Length: 99\r\n\r\n{") == [{"id": 1}]


def test_a_reader_that_fails_says_that_nothing_more_comes() -> None:
    class Broken(io.BytesIO):
        def readline(self, size: int | None = -1, /) -> bytes:
            raise MemoryError

    connection = Connection(Broken(), io.BytesIO())
    connection.start(lambda message: False)
    assert connection.inbox.get(timeout=20) is None


def test_headers_in_any_case_and_more_of_them() -> None:
    body = json.dumps({"id": 1}).encode()
    assert received(b"content-type: x; charset=utf-8\r\nCONTENT-LENGTH:%d\r\n\r\n" % len(body) + body) == [
        {"id": 1}
    ]


@pytest.mark.parametrize("text", ["🦊", "\ud83d", '"\\\x00\u2028'])
def test_a_message_is_read_as_it_was_written(text: str) -> None:
    stream = io.BytesIO()
    Connection(io.BytesIO(), stream).notify("m", {"text": text})
    (found,) = received(stream.getvalue())
    assert found["params"] == {"text": text}


def test_of_two_jobs_with_one_key_the_later_one_is_done() -> None:
    later, done = Later(), []
    later.add("a", 0, lambda: done.append("first"))
    later.add("a", 0, lambda: done.append("second"))
    later.run_one()
    later.run_one()
    assert done == ["second"]
    assert later.wait() is None


def test_a_job_waits_until_it_is_due() -> None:
    later, done = Later(), []
    later.add("slow", 60, lambda: done.append("slow"))
    later.add("soon", 0, lambda: done.append("soon"))
    assert later.wait() == 0
    later.run_one()
    later.run_one()
    assert done == ["soon"]
    wait = later.wait()
    assert wait is not None
    assert 50 < wait <= 60
    later.remove("slow")
    assert later.wait() is None


def test_a_job_that_is_put_off_again_and_again_is_done_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(10_000))
    monkeypatch.setattr("time.monotonic", lambda: next(clock) / 200)
    later, done = Later(), []
    for _ in range(100):
        later.add("check", 0.02, lambda: done.append(next(clock) / 200))
        later.run_one()
    assert done
    assert done[0] <= LONGEST_DELAY + 0.05


def test_a_job_that_is_started_while_it_runs_is_run_once_more() -> None:
    begun, go_on, running = queue.SimpleQueue[int](), threading.Semaphore(0), []

    def run() -> None:
        running.append(1)
        begun.put(len(running))
        go_on.acquire(timeout=20)
        running.pop()

    job = InThread("test", run)
    for started in (1, 3, 1):
        # However often: it runs once more, and never in two threads.
        for number in range(started):
            job.start()
            if number == 0:
                assert begun.get(timeout=20) == 1
        for _ in range(min(started - 1, 1)):
            go_on.release()
            assert begun.get(timeout=20) == 1
        go_on.release()
        deadline = time.monotonic() + 20
        while job._is_running and time.monotonic() < deadline:
            time.sleep(0.01)
        assert begun.empty()
