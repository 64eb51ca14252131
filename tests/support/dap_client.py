"""A client of the Debug Adapter Protocol, over the standard streams of an adapter."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import Any

PATIENCE = 60.0
"""Seconds until an answer must have come."""


class DebugClient:
    """One debugging session: requests, and the events that come meanwhile.

    Args:
        command: what starts the adapter.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._inbox: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._waiting: list[dict[str, Any]] = []
        self._number = 0
        self.output = ""
        """What the program has printed."""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def send(self, command: str, /, **arguments: Any) -> int:
        """Send a request; its number, for `answer`."""
        self._number += 1
        body = {"seq": self._number, "type": "request", "command": command, "arguments": arguments}
        data = json.dumps(body).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self._process.stdin.flush()
        return self._number

    def answer(self, number: int) -> dict[str, Any]:
        """What was answered to a request; a refusal fails the test."""
        found = self._next(lambda one: one.get("request_seq") == number)
        assert found["success"], found
        body: dict[str, Any] = found.get("body") or {}
        return body

    def request(self, command: str, /, **arguments: Any) -> dict[str, Any]:
        """Send a request and wait for its answer."""
        return self.answer(self.send(command, **arguments))

    def event(self, name: str) -> dict[str, Any]:
        """The next event of a name."""
        body: dict[str, Any] = self._next(lambda one: one.get("event") == name).get("body") or {}
        return body

    def close(self) -> None:
        """End the adapter."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()

    def _next(self, is_wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        for at, message in enumerate(self._waiting):
            if is_wanted(message):
                return self._waiting.pop(at)
        while True:
            arrived = self._inbox.get(timeout=PATIENCE)
            assert arrived is not None, f"the adapter has ended; the program printed:\n{self.output}"
            if is_wanted(arrived):
                return arrived
            self._waiting.append(arrived)

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while header := stream.readline():
            length = 0
            while header.strip():
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                header = stream.readline()
            message = json.loads(stream.read(length))
            if message.get("event") == "output" and message["body"].get("category") != "telemetry":
                self.output += message["body"]["output"]
            self._inbox.put(message)
        self._inbox.put(None)
