"""OpenAI's calls for fine-tuning, at servers that do not do as they should."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime.errors import (
    LMAuthError,
    LMRateLimitError,
    LMServerError,
    LMTransportError,
    LMUnexpectedError,
)
from dspyc.runtime.lm.training.openai import OpenAIProvider, OpenAITrainingJob
from dspyc.runtime.lm.training.wire import Server

pytestmark = pytest.mark.train

ROW = {"messages": [{"role": "user", "content": "card"}, {"role": "assistant", "content": "plastic"}]}


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where trainings are noted."""
    monkeypatch.setenv("DSPYC_MODELS", str(tmp_path / "models"))


class answering:  # noqa: N801
    """A server that gives every request one answer, while the block runs."""

    def __init__(self, status: int, content: str, **headers: str) -> None:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        self.seen: list[str | None] = []
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                key = self.headers.get("Authorization")
                seen.append(key)
                body = content.replace("KEY", str(key)).encode()
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | fields).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> Server:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.server = Server(f"http://127.0.0.1:{self._server.server_address[1]}", "my-own-key-123")
        return self.server

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_the_key_goes_to_the_server_and_nowhere_else() -> None:
    elsewhere = answering(200, "{}")
    with elsewhere as other, answering(302, "", Location=other.address) as server:
        assert "my-own-key" not in repr(server)
        with pytest.raises(LMUnexpectedError, match="HTTP status 302"):
            server.job("j")
    assert elsewhere.seen == []
    with (
        answering(401, '{"error": {"message": "bad key KEY"}}') as server,
        pytest.raises(LMAuthError) as caught,
    ):
        server.job("j")
    assert "bad key" in str(caught.value)
    assert "my-own-key" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "headers"), [("<html>", {}), ("{}", {"Content_Length": "500"}), ("[", {})]
)
def test_an_answer_that_cannot_be_read_is_one_of_our_errors(
    content: str, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dspyc.runtime.lm.training.rest.ATTEMPTS", 1)
    with (
        answering(200, content, **headers) as server,
        pytest.raises(LMTransportError, match="no answer that can be read"),
    ):
        server.job("j")


class Pretended:
    """A server that notes what is asked; looks at a job fail when there are failures left."""

    address = "http://pretended"

    def __init__(self, *failures: Exception) -> None:
        self.calls: list[str] = []
        self.failures = list(failures)
        self.during = ""
        self.job_of_the_test: OpenAITrainingJob | None = None

    def _note(self, call: str) -> dict[str, Any]:
        self.calls.append(call)
        if call == self.during and self.job_of_the_test is not None:
            assert self.job_of_the_test.cancel()
        return {"id": call}

    def upload(self, rows: Any) -> dict[str, Any]:
        return self._note("upload")

    def create(self, facts: Any) -> dict[str, Any]:
        return self._note("create")

    def cancel(self, number: str) -> dict[str, Any]:
        return self._note("cancel")

    def delete_file(self, number: str) -> dict[str, Any]:
        return self._note("delete_file")

    def job(self, number: str) -> dict[str, Any]:
        if self.failures:
            raise self.failures.pop(0)
        return {"status": "succeeded", "fine_tuned_model": "new"}

    def events(self, number: str) -> Iterator[dict[str, Any]]:
        return iter(())


def followed(server: Pretended, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(Server, "of", staticmethod(lambda _: server))
    job = server.job_of_the_test = OpenAITrainingJob("openai/small")
    job.set_running_or_notify_cancel()
    return OpenAIProvider.finetune(job, "openai/small", [ROW], "chat", {"poll_seconds": 0.001, "fresh": True})


@pytest.mark.parametrize(
    ("during", "calls"),
    [
        ("upload", ["upload", "delete_file"]),
        ("create", ["upload", "create", "cancel", "delete_file"]),
    ],
)
def test_a_job_that_is_cancelled_while_it_is_made_ends_at_the_server(
    during: str, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Pretended()
    server.during = during
    with pytest.raises(CancelledError):
        followed(server, monkeypatch)
    assert server.calls == calls


def test_an_outage_is_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = (LMTransportError("lost"), LMServerError("down", status=503), LMRateLimitError("busy"))
    assert followed(Pretended(*failures), monkeypatch) == "openai/new"
    monkeypatch.setattr("dspyc.runtime.lm.training.remote.OUTAGE_SECONDS", 0)
    for error in (*failures[:1], LMAuthError("no")):
        with pytest.raises(type(error), match=r'job create goes on there.*\{"job_id": "create"\}'):
            followed(Pretended(error), monkeypatch)
