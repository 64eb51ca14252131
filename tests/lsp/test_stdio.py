"""The loop over the streams: framing, cancellation, and what is done when nothing else is asked for."""

from __future__ import annotations

import io
import json
import threading
from typing import Any

import pytest

from dspyc.lsp import stdio


def framed(*messages: Any) -> bytes:
    bodies = [json.dumps(message).encode() for message in messages]
    return b"".join(b"Content-Length: %d\r\n\r\n%b" % (len(body), body) for body in bodies)


class Recorder:
    """Stands for the protocol: notes what it gets, and begins only when everything has been read."""

    def __init__(self) -> None:
        self.others = set(threading.enumerate())
        self.handled: list[Any] = []
        self.refused: list[Any] = []

    def structure_message(self, message: dict[str, Any]) -> dict[str, Any]:
        return message

    def handle_message(self, message: dict[str, Any]) -> None:
        for reader in set(threading.enumerate()) - self.others:
            reader.join()
        self.handled.append(message.get("id", message["method"]))

    def refuse(self, request: int, code: int, message: str) -> None:
        self.refused.append(request)


def serve(data: bytes, later: stdio.Later | None = None) -> Recorder:
    recorder = Recorder()
    stdio.serve(recorder, io.BytesIO(data), later or stdio.Later())  # type: ignore[arg-type]
    return recorder


def test_a_request_that_was_cancelled_while_it_waited_is_not_run() -> None:
    cancelled = [{"id": n, "method": "textDocument/hover"} for n in (2, 3)]
    recorder = serve(
        framed(
            {"id": 1, "method": "textDocument/hover"},
            *cancelled,
            {"method": "textDocument/didChange"},
            {"id": 4, "method": "textDocument/hover"},
            *({"method": "$/cancelRequest", "params": {"id": each["id"]}} for each in cancelled),
        )
    )
    assert recorder.handled == [1, "textDocument/didChange", 4]
    assert recorder.refused == [2, 3]


def test_a_cancellation_that_comes_too_late_changes_nothing() -> None:
    recorder = serve(framed({"id": 1, "method": "a"}, {"method": "$/cancelRequest", "params": {"id": 7}}))
    assert recorder.handled == [1]
    assert recorder.refused == []


@pytest.mark.parametrize(
    "junk",
    [
        b"Content-Length: 5\r\n\r\n{nope",
        b"X-Other: 1\r\n\r\n",
        b"Content-Length: none\r\n\r\n",
        b"Content-Length: 2\r\n\r\n[]",
        b"Content-Length: 4\r\n\r\n\xff\xfe\xfd\xfc",
    ],
)
def test_what_is_no_message_is_passed_over(junk: bytes) -> None:
    assert serve(junk + framed({"id": 1, "method": "a"})).handled == [1]


def test_the_input_may_end_inside_a_message() -> None:
    assert serve(framed({"id": 1, "method": "a"}) + b"Content-Length: 99\r\n\r\n{").handled == [1]


def test_headers_in_any_case_and_more_of_them() -> None:
    body = json.dumps({"id": 1, "method": "a"}).encode()
    header = b"content-type: x; charset=utf-8\r\nCONTENT-LENGTH:%d\r\n\r\n" % len(body)
    assert serve(header + body).handled == [1]


def test_a_message_is_written_with_its_length_in_bytes() -> None:
    stream = io.BytesIO()
    stdio.Writer(stream).write('{"text": "🦊"}'.encode())
    assert stdio.read_messages(io.BytesIO(stream.getvalue())) == {"text": "🦊"}


def test_of_two_jobs_with_one_key_the_later_one_is_done() -> None:
    later, done = stdio.Later(), []
    later.add("a", 0, lambda: done.append("first"))
    later.add("a", 0, lambda: done.append("second"))
    later.run_one()
    later.run_one()
    assert done == ["second"]
    assert later.wait() is None


def test_a_job_waits_until_it_is_due() -> None:
    later, done = stdio.Later(), []
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
