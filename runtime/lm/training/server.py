"""A small server that speaks OpenAI's protocol for fine-tuning, and trains on this machine.

    python -m dspyc.runtime.lm.training.server --folder jobs --model base=embedded/base

Files, jobs, events, checkpoints, cancelling, pausing and paging are as OpenAI documents them, so its client
and `LM("openai/base", api_base="http://127.0.0.1:8010/v1")` can train with it; the models that come out
answer under `/v1/chat/completions`. It listens on this machine alone, and wants the key in
`DSPYC_SERVER_KEY` if there is one.
"""

from __future__ import annotations

import argparse
import hmac
import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from ...errors import ConfigurationError, DspycError
from ...execution import drive
from .jobstore import JobStore, Record, Refused

KEY = "DSPYC_SERVER_KEY"
LARGEST = 512 << 20  # bytes of a request
HIDDEN = ("events", "checkpoints", "file")
TRAINABLE = ("gguf/", "embedded/")
"""Models that run in this process: a request for one goes nowhere else, and needs no key of the operator."""
ASKED_SETTINGS = ("temperature", "top_p", "n", "stop", "seed", "response_format", "grammar")
"""What clients may set beside the limit of tokens; everything else of theirs (`api_base`, …) is left out."""
HOSTS = re.compile(r"(?:127\.0\.0\.1|localhost)(?::\d+)?", re.IGNORECASE)


def serve(
    folder: Path, models: Mapping[str, str], port: int = 0, key: str | None = None
) -> ThreadingHTTPServer:
    """A server on loopback, which `serve_forever` runs; `server_address` says its port.

    Args:
        folder: where files, jobs and trained models are kept.
        models: the models that may be trained and asked, by the names that clients use.
        port: where to listen; a free one for 0.
        key: what clients must know, if anything.

    Raises:
        ConfigurationError: a model that does not run in this process.
    """
    for name, model in models.items():
        if not model.startswith(TRAINABLE):
            raise ConfigurationError(
                f"`{name}` must be a model in a file, `gguf/…` or `embedded/…`, not `{model}`"
            )
    store = JobStore(folder, dict(models))
    kind = type("Handler", (_Handler,), {"store": store, "key": key})
    return ThreadingHTTPServer(("127.0.0.1", port), kind)


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    store: ClassVar[JobStore]
    key: ClassVar[str | None]

    def do_GET(self) -> None:
        """Answer."""
        self._answer("GET")

    def do_POST(self) -> None:
        """Answer."""
        self._answer("POST")

    def do_DELETE(self) -> None:
        """Answer."""
        self._answer("DELETE")

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Say nothing: requests hold what nobody asked to log."""

    def _answer(self, method: str) -> None:
        try:
            length = self._length()
        except Refused as error:
            # What follows cannot be told from another request, so nothing is read after it.
            self.close_connection = True
            self._refuse(error)
            return
        try:
            self._verify()
        except Refused as error:
            self.close_connection = True
            self._refuse(error)
            self._pass_over(length)
            return
        body = self.rfile.read(length)
        try:
            found = self._found(method, body)
            content = found if isinstance(found, bytes) else json.dumps(found).encode()
        except Refused as error:
            self._refuse(error)
        except Exception as error:  # noqa: BLE001 whatever it is, the client is told that there is no answer
            self._refuse(Refused(500, f"the server failed: {type(error).__name__}"))
        else:
            self._send(200, content)

    def _refuse(self, error: Refused) -> None:
        kind = "invalid_request_error" if error.status < 500 else "server_error"
        told = {"message": str(error), "type": kind, "param": error.param, "code": error.code}
        self._send(error.status, json.dumps({"error": told}).encode())

    def _verify(self) -> None:
        # A web page that is open on this machine can send requests here, under its own origin or under a
        # host's name that leads here.
        if "Origin" in self.headers or not HOSTS.fullmatch(self.headers.get("Host", "")):
            raise Refused(403, "requests of web pages and for other hosts are refused")
        given = self.headers.get("Authorization", "")
        if self.key is not None and not hmac.compare_digest(given.encode(), f"Bearer {self.key}".encode()):
            raise Refused(401, "Incorrect API key provided", None, "invalid_api_key")

    def _length(self) -> int:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers:
            raise Refused(411, "a request must say its length")
        if not length.isdecimal() or int(length) > LARGEST:
            raise Refused(413, "the request is too large")
        return int(length)

    def _pass_over(self, length: int) -> None:
        """Read the body of a refused request: closing before would take the answer from the client."""
        while length > 0 and (found := self.rfile.read(min(length, 1 << 16))):
            length -= len(found)

    def _found(self, method: str, body: bytes) -> Any:
        address = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        for allowed, pattern, act in _ROUTES:
            match = re.fullmatch(pattern, address.path)
            if match is not None and allowed == method:
                return act(
                    _Asked(self.store, match.groups(), query, body, self.headers.get("Content-Type", ""))
                )
        raise Refused(404, f"Invalid URL ({method} {address.path})")

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)


class _Asked:
    """What a request says."""

    def __init__(
        self, store: JobStore, parts: Sequence[str], query: Mapping[str, str], body: bytes, kind: str
    ) -> None:
        self.store, self.parts, self.query, self.body, self.kind = store, parts, query, body, kind

    def json(self) -> Record:
        """The body, which is a JSON object."""
        if self.kind.partition(";")[0].strip().lower() != "application/json":
            raise Refused(415, "the body must be JSON, with `Content-Type: application/json`")
        try:
            found = json.loads(self.body or b"{}")
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Refused(400, "We could not parse the JSON body of your request")
        return found

    def form(self) -> dict[str, tuple[str | None, bytes]]:
        """The parts of a form: file name and content, by name."""
        head = f"Content-Type: {self.kind}\r\n\r\n".encode()
        whole = BytesParser(policy=HTTP).parsebytes(head + self.body)
        if not whole.is_multipart():
            raise Refused(400, "a form with `purpose` and `file` is expected")
        parts: dict[str, tuple[str | None, bytes]] = {}
        for part in whole.iter_parts():
            content = part.get_payload(decode=True)
            name = str(part.get_param("name", header="content-disposition"))
            parts[name] = (part.get_filename(), content if isinstance(content, bytes) else b"")
        return parts

    def page(self, found: list[Record]) -> Record:
        """Part of a list: `limit` of them behind the one that `after` names."""
        limit = int(self.query.get("limit", "20")) if self.query.get("limit", "20").isdecimal() else 20
        start = 0
        if (after := self.query.get("after")) is not None:
            places = [index for index, record in enumerate(found) if record["id"] == after]
            if not places:
                raise Refused(404, f"No such object: {after}", "after")
            start = places[0] + 1
        data = [_shown(record) for record in found[start : start + limit]]
        more = start + limit < len(found)
        ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {}
        return {"object": "list", "data": data, "has_more": more, **ends}


def _shown(record: Record) -> Record:
    return {name: value for name, value in record.items() if name not in HIDDEN}


def _upload(asked: _Asked) -> Record:
    form = asked.form()
    if "file" not in form or "purpose" not in form:
        raise Refused(400, "a form with `purpose` and `file` is expected", "file")
    name, content = form["file"]
    return asked.store.add_file(
        name or "file", form["purpose"][1].decode("utf-8", "replace").strip(), content
    )


def _models(asked: _Asked) -> Record:
    data = [{"id": name, "object": "model", "created": 0, "owned_by": "local"} for name in asked.store.models]
    return {"object": "list", "data": data}


def _model(asked: _Asked) -> Record:
    [name] = asked.parts
    if name not in asked.store.models:
        raise Refused(404, f"The model '{name}' does not exist", "model", "model_not_found")
    return {"id": name, "object": "model", "created": 0, "owned_by": "local"}


def _completion(asked: _Asked) -> Record:
    from ..client import LM

    body = asked.json()
    name, messages = body.pop("model", None), body.pop("messages", None)
    if not isinstance(name, str) or name not in asked.store.models:
        raise Refused(404, f"The model `{name}` does not exist", "model", "model_not_found")
    if not isinstance(messages, list):
        raise Refused(400, "`messages` must be a list", "messages")
    settings = {each: body[each] for each in ASKED_SETTINGS if body.get(each) is not None}
    limit = body.get("max_tokens") or body.get("max_completion_tokens") or 1000
    try:
        lm = LM(asked.store.models[name], cache=False, max_tokens=limit)
        response = drive.drive(lm.reply(messages, settings))
    except (DspycError, TypeError, ValueError) as error:
        raise Refused(400, str(error)) from None
    return {
        "id": "chatcmpl-local",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": name,
        "choices": [
            {
                "index": index,
                "finish_reason": completion.finish_reason or "stop",
                "message": {"role": "assistant", "content": completion.text},
            }
            for index, completion in enumerate(response.completions)
        ],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }


_JOB = r"/v1/fine_tuning/jobs/([\w-]+)"
_ROUTES: tuple[tuple[str, str, Callable[[_Asked], Any]], ...] = (
    ("GET", r"/v1/models", _models),
    ("GET", r"/v1/models/(.+)", _model),
    ("POST", r"/v1/chat/completions", _completion),
    ("POST", r"/v1/files", _upload),
    ("GET", r"/v1/files", lambda asked: asked.page(list(reversed(asked.store.files.values())))),
    ("GET", r"/v1/files/([\w-]+)", lambda asked: asked.store.file(*asked.parts)),
    ("DELETE", r"/v1/files/([\w-]+)", lambda asked: asked.store.delete_file(*asked.parts)),
    ("GET", r"/v1/files/([\w-]+)/content", lambda asked: asked.store.content(*asked.parts)),
    ("POST", r"/v1/fine_tuning/jobs", lambda asked: _shown(asked.store.create(asked.json()))),
    ("GET", r"/v1/fine_tuning/jobs", lambda asked: asked.page(list(reversed(asked.store.jobs.values())))),
    ("GET", _JOB, lambda asked: _shown(asked.store.job(*asked.parts))),
    ("GET", f"{_JOB}/events", lambda asked: asked.page(asked.store.job(*asked.parts)["events"][::-1])),
    (
        "GET",
        f"{_JOB}/checkpoints",
        lambda asked: asked.page(asked.store.job(*asked.parts)["checkpoints"][::-1]),
    ),
    ("POST", f"{_JOB}/cancel", lambda asked: _shown(asked.store.cancel(*asked.parts))),
    ("POST", f"{_JOB}/pause", lambda asked: _shown(asked.store.pause(*asked.parts))),
    ("POST", f"{_JOB}/resume", lambda asked: _shown(asked.store.resume(*asked.parts))),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(
        prog="dspyc.runtime.lm.training.server", description="Train by OpenAI's protocol."
    )
    parser.add_argument("--folder", type=Path, required=True, help="where files, jobs and models are kept")
    parser.add_argument("--model", action="append", default=[], metavar="NAME=MODEL", help="a model to train")
    parser.add_argument("--port", type=int, default=8010)
    options = parser.parse_args(arguments)
    models = dict(given.partition("=")[::2] for given in options.model) or {"base": "embedded/base"}
    server = serve(options.folder, models, options.port, os.environ.get(KEY))
    print(f"http://127.0.0.1:{server.server_address[1]}/v1", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
