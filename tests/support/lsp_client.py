"""A language client for tests: a real server process, spoken to over its standard streams."""

from __future__ import annotations

import itertools
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from lsprotocol.converters import get_converter
from lsprotocol.types import METHOD_TO_TYPES

CAPABILITIES: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "workspace": {
        "didChangeWatchedFiles": {"dynamicRegistration": True},
        "workspaceEdit": {"documentChanges": True},
    },
    "textDocument": {
        "completion": {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}},
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
        "publishDiagnostics": {"relatedInformation": True, "versionSupport": True},
    },
}
"""What VS Code says of itself, as far as this server looks at it."""
CONVERTER = get_converter()
SERVER = (sys.executable, "-c", "from dspyc.lsp.server import main; main()")


class ServerError(Exception):
    """The server answered a request with an error."""


class Client:
    """One connection to one server process."""

    def __init__(
        self,
        command: tuple[str, ...] = SERVER,
        env: dict[str, str] | None = None,
        stderr: IO[bytes] | None = None,
    ) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={**os.environ, **(env or {})},
        )
        self.notifications: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        """What the server asked; each is answered with null, but for the methods among `answers`."""
        self.answers: dict[str, Callable[[Any], Any]] = {}
        self._inbox: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._answers: dict[int, dict[str, Any]] = {}
        self._methods: dict[Any, str] = {}
        """The methods that were asked for, by request."""
        self._last = 0
        self._versions: dict[str, int] = {}
        threading.Thread(target=self._read, daemon=True).start()

    # --- messages

    def send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def notify(self, method: str, params: Any = None) -> None:
        self.send({"method": method, "params": params})

    def begin(self, method: str, params: Any = None) -> int:
        """Send a request without waiting for its answer."""
        self._last += 1
        self._methods[self._last] = method
        self.send({"id": self._last, "method": method, "params": params})
        return self._last

    def answer(self, request: int, timeout: float = 20) -> dict[str, Any]:
        """The answer to a request, whole."""
        self._until(lambda: request in self._answers, timeout, f"the answer to request {request}")
        return self._answers.pop(request)

    def request(self, method: str, params: Any = None, timeout: float = 20) -> Any:
        answer = self.answer(self.begin(method, params), timeout)
        if "error" in answer:
            raise ServerError(answer["error"])
        return answer["result"]

    def wait_for(
        self, method: str, matches: Callable[[Any], bool] = lambda params: True, timeout: float = 20
    ) -> Any:
        """The parameters of the first notification that matches; those before it are forgotten."""
        found: list[Any] = []

        def arrived() -> bool:
            while self.notifications:
                notification = self.notifications.pop(0)
                if notification["method"] == method and matches(notification["params"]):
                    found.append(notification["params"])
                    return True
            return False

        self._until(arrived, timeout, f"{method}")
        return found[0]

    def wait_for_request(self, method: str, timeout: float = 20) -> Any:
        """The parameters of the first request of the server of a method; those before it are forgotten."""
        found: list[Any] = []

        def arrived() -> bool:
            while self.requests and not found:
                request = self.requests.pop(0)
                found.extend([request.get("params")] if request["method"] == method else ())
            return bool(found)

        self._until(arrived, timeout, f"the request {method}")
        return found[0]

    def _until(self, done: Callable[[], bool], timeout: float, what: str) -> None:
        deadline = time.monotonic() + timeout
        while not done():
            try:
                message = self._inbox.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise TimeoutError(f"{what} did not come within {timeout} s") from None
            if message is None:
                raise EOFError(f"the server ended before {what} came (exit code {self.process.wait()})")
            if "method" not in message:
                request = message["id"]
                if "result" in message:
                    conforms(self._methods[request], message)
                self._answers[request] = message
            elif "id" in message:
                conforms(message["method"], message)
                self.requests.append(message)
                answer = self.answers.get(message["method"], lambda params: None)
                self.send({"id": message["id"], "result": answer(message.get("params"))})
            else:
                conforms(message["method"], message)
                self.notifications.append(message)

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while (line := stream.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            if line == b"":
                self._inbox.put(None)
                return
            self._inbox.put(json.loads(stream.read(length)))

    # --- the life of a server

    def initialize(self, *folders: Path, capabilities: dict[str, Any] = CAPABILITIES) -> dict[str, Any]:
        result: dict[str, Any] = self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": None,
                "capabilities": capabilities,
                "workspaceFolders": [{"uri": folder.as_uri(), "name": folder.name} for folder in folders],
            },
        )
        self.notify("initialized", {})
        return result

    def shut_down(self) -> int:
        """End the server as an editor does; its exit code."""
        self.request("shutdown")
        self.notify("exit")
        return self.process.wait(10)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()

    # --- documents

    def open(self, uri: str, text: str) -> None:
        self._versions[uri] = 1
        document = {"uri": uri, "languageId": "dspyc", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def change(self, uri: str, *changes: dict[str, Any]) -> int:
        """Send changes; the version that the document has then."""
        self._versions[uri] += 1
        identifier = {"uri": uri, "version": self._versions[uri]}
        self.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": list(changes)})
        return self._versions[uri]

    def close(self, uri: str) -> None:
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def diagnostics(self, uri: str, version: int | None = None) -> list[dict[str, Any]]:
        """The next diagnostics of a document (of one version)."""
        params = self.wait_for(
            "textDocument/publishDiagnostics",
            lambda params: params["uri"] == uri and (version is None or params.get("version") == version),
        )
        found: list[dict[str, Any]] = params["diagnostics"]
        return found

    def at(self, method: str, uri: str, line: int, character: int, **more: Any) -> Any:
        """A request about a position."""
        position = {"line": line, "character": character}
        return self.request(method, {"textDocument": {"uri": uri}, "position": position, **more})


def conforms(method: str, message: dict[str, Any]) -> None:
    """Fail where a message does not have the shape that the specification gives it."""
    if method.startswith("dspyc/"):
        return  # a request of this server's own
    request, response, *_ = METHOD_TO_TYPES[method]
    CONVERTER.structure(message, response if "result" in message else request)


def position_of(text: str, offset: int) -> tuple[int, int]:
    """Line and UTF-16 column of an offset, counted independently of the server."""
    before = text[:offset].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return len(before) - 1, len(before[-1].encode("utf-16-le", "surrogatepass")) // 2


def offset_position(text: str, offset: int) -> dict[str, int]:
    """The protocol's position of an offset."""
    line, character = position_of(text, offset)
    return {"line": line, "character": character}


def edited(text: str, edits: list[dict[str, Any]]) -> str:
    """A text after edits that do not overlap, in whatever order they come, counted in UTF-16."""
    lines = text.splitlines(keepends=True)
    starts = [0, *itertools.accumulate(len(each) for each in lines)]

    def offset(place: dict[str, int]) -> int:
        before = starts[place["line"]]
        behind = text[before:].encode("utf-16-le")[: place["character"] * 2]
        return before + len(behind.decode("utf-16-le"))

    spans = [
        (offset(each["range"]["start"]), offset(each["range"]["end"]), each["newText"]) for each in edits
    ]
    ordered = sorted(spans, key=lambda span: span[:2])
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(ordered))
    for start, end, replacement in reversed(ordered):
        text = text[:start] + replacement + text[end:]
    return text
