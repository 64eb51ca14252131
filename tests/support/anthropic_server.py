"""A loopback server that speaks Anthropic's messages, scripted or with one plain answer."""

from __future__ import annotations

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "content": [{"type": "text", "text": "Hello."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 10, "output_tokens": 5},
}


class AnthropicServer(ThreadingHTTPServer):
    """The server; a context manager. `script` holds what the next requests get.

    That is a status and a body, or a list of events for a stream.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.script: deque[tuple[int, Any] | list[dict[str, Any]]] = deque()
        self.headers: dict[str, str] = {}

    @property
    def api_base(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def body(self) -> dict[str, Any]:
        """What the last request asked."""
        return self.requests[-1][2]

    def __enter__(self) -> AnthropicServer:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no error here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: AnthropicServer

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((self.path, headers, asked))
        step = self.server.script.popleft() if self.server.script else (200, MESSAGE)
        if isinstance(step, list):
            events = [f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in step]
            self.answer(200, "".join(events).encode(), "text/event-stream")
        else:
            status, body = step
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.answer(status, data, "application/json")

    def answer(self, status: int, data: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in {
            "content-type": kind, "content-length": str(len(data)), **self.server.headers,
        }.items():  # fmt: skip
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 as the base class names it
        """Nothing."""
