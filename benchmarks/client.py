"""A language client that notes when each message came."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT = 120.0
PUBLISH = "textDocument/publishDiagnostics"

CAPABILITIES: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "workspace": {
        "configuration": True,
        "workspaceFolders": True,
        "didChangeWatchedFiles": {"dynamicRegistration": True},
    },
    "textDocument": {
        "synchronization": {"didSave": True},
        "completion": {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}},
        "hover": {"contentFormat": ["markdown"]},
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
        "publishDiagnostics": {"relatedInformation": True, "versionSupport": True},
    },
}
"""What an editor says of itself that wants diagnostics pushed."""
PULLING: dict[str, Any] = {
    **CAPABILITIES,
    "textDocument": {**CAPABILITIES["textDocument"], "diagnostic": {"relatedDocumentSupport": True}},
}
"""What an editor says that asks for diagnostics."""


@dataclass(frozen=True)
class Arrival:
    """A message, and when it came."""

    at: float
    message: dict[str, Any]


class Client:
    """One connection to one server process."""

    def __init__(self, command: Sequence[str], folder: Path, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={**_without_settings(os.environ), **environment},
        )
        self.folder = folder
        self.capabilities: dict[str, Any] = {}
        self.published: list[Arrival] = []
        """Every message with diagnostics."""
        self.answers: dict[int, Arrival] = {}
        self._sent: dict[int, float] = {}
        self._versions: dict[str, int] = {}
        self._last = 0
        self._ended = False
        self._writing = threading.Lock()
        self._arrived = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    # --- messages

    def send(self, message: dict[str, Any]) -> None:
        """Send a message as it is."""
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        with self._writing:
            self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            self.process.stdin.flush()

    def notify(self, method: str, params: Any) -> None:
        """Send a notification."""
        self.send({"method": method, "params": params})

    def begin(self, method: str, params: Any) -> int:
        """Send a request without waiting for its answer."""
        self._last += 1
        self._sent[self._last] = time.monotonic()
        self.send({"id": self._last, "method": method, "params": params})
        return self._last

    def answer(self, request: int, timeout: float = TIMEOUT) -> Any:
        """What a request was answered with; None for an error."""
        self.wait(lambda: request in self.answers, timeout)
        return self.answers[request].message.get("result")

    def request(self, method: str, params: Any, timeout: float = TIMEOUT) -> Any:
        """Send a request and wait for its answer."""
        return self.answer(self.begin(method, params), timeout)

    def latency(self, request: int) -> float:
        """Seconds from sending a request to its answer."""
        return self.answers[request].at - self._sent[request]

    def wait(self, done: Callable[[], bool], timeout: float = TIMEOUT) -> None:
        """Wait until messages have come that make this true."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: done() or self._ended, timeout):
                raise TimeoutError(f"no answer in {timeout:g} s")
        if not done():
            raise EOFError("the server has ended")

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while (line := stream.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            if line == b"":
                with self._arrived:
                    self._ended = True
                    self._arrived.notify_all()
                return
            body = stream.read(length)
            self._take(Arrival(time.monotonic(), json.loads(body)))

    def _take(self, arrival: Arrival) -> None:
        message = arrival.message
        if "method" in message and "id" in message:
            self.send({"id": message["id"], "result": self._reply(message)})
        with self._arrived:
            if message.get("method") == PUBLISH:
                self.published.append(arrival)
            elif "method" not in message:
                self.answers[message["id"]] = arrival
            self._arrived.notify_all()

    def _reply(self, message: dict[str, Any]) -> Any:
        """To what the server asks: nothing is configured."""
        if message["method"] == "workspace/configuration":
            return [None for _ in message["params"]["items"]]
        if message["method"] == "workspace/workspaceFolders":
            return [self._workspace()]
        return None

    # --- the life of a server

    def _workspace(self) -> dict[str, str]:
        return {"uri": self.folder.as_uri(), "name": self.folder.name}

    def initialize(self, capabilities: dict[str, Any] = CAPABILITIES) -> None:
        """Say hello."""
        result = self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": self.folder.as_uri(),
                "capabilities": capabilities,
                "workspaceFolders": [self._workspace()],
            },
        )
        self.capabilities = result["capabilities"]
        self.notify("initialized", {})

    def stop(self) -> None:
        """End the server."""
        try:
            self.request("shutdown", None, timeout=5)
            self.notify("exit", None)
            self.process.wait(5)
        except (OSError, EOFError, TimeoutError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()

    # --- documents

    def open(self, uri: str, language: str, text: str) -> None:
        """Open a document."""
        self._versions[uri] = 1
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def change(self, uri: str, *changes: dict[str, Any]) -> int:
        """Change a document; the version that it has then."""
        self._versions[uri] += 1
        identifier = {"uri": uri, "version": self._versions[uri]}
        self.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": list(changes)})
        return self._versions[uri]

    def published_for(self, uri: str, since: int = 0) -> list[dict[str, Any]]:
        """The diagnostics messages for a document, from one of them on."""
        params = [each.message["params"] for each in self.published[since:]]
        return [each for each in params if same_uri(each["uri"], uri)]


def same_uri(one: str, other: str) -> bool:
    """Whether two URIs name the same file, also when they are escaped differently."""
    return one.replace("%20", " ").rstrip("/") == other.replace("%20", " ").rstrip("/")


def _without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment as users have it: Python keeps its byte code, so only the first start compiles."""
    return {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}
