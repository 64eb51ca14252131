"""An open document in a running server: edits, and the diagnostics of each version."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from client import CAPABILITIES, PULLING, TIMEOUT, Client
from processes import cpu_seconds, settle
from servers import Server

PUSH_TIMEOUT = 10.0
"""A server that can be asked for diagnostics and has sent none by then is asked."""


@dataclass(frozen=True)
class Edit:
    """The text between two places, each a line and a column, becomes another."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str

    def message(self) -> dict[str, Any]:
        """The protocol's form; columns count ASCII here."""
        (line, column), (end_line, end_column) = self.start, self.end
        return {
            "range": {
                "start": {"line": line, "character": column},
                "end": {"line": end_line, "character": end_column},
            },
            "text": self.text,
        }


@dataclass(frozen=True)
class Cost:
    """What something took, in milliseconds."""

    cpu: float
    wall: float


class Document:
    """A document that is open in a server."""

    def __init__(self, client: Client, server: Server, path: Path, *, pulls: bool = False) -> None:
        self.client = client
        self.path = path
        self.uri = path.as_uri()
        self.text = path.read_text(encoding="utf-8")
        self.pulls = pulls
        self._language = server.language.identifier

    def open(self) -> None:
        """Open it and wait for its first diagnostics."""
        self.client.open(self.uri, self._language, self.text)
        can_pull = "diagnosticProvider" in self.client.capabilities
        if not self.pulls:
            try:
                self.wait_for_push(1, 0, PUSH_TIMEOUT if can_pull else TIMEOUT)
            except TimeoutError:
                if not can_pull:
                    raise
                self.pulls = True
        if self.pulls:
            self.pull()

    def change(self, edit: Edit) -> tuple[int, int]:
        """Send an edit; the new version, and how many diagnostics messages came before it."""
        before = len(self.client.published)
        return self.client.change(self.uri, edit.message()), before

    def save(self, text: str) -> None:
        """Write what the document is now to its file, and say so."""
        self.path.write_text(text, encoding="utf-8")
        self.client.notify("textDocument/didSave", {"textDocument": {"uri": self.uri}, "text": text})
        change = {"uri": self.uri, "type": 2}
        self.client.notify("workspace/didChangeWatchedFiles", {"changes": [change]})

    def wait_for_push(self, version: int, before: int, timeout: float = TIMEOUT) -> list[Any]:
        """The pushed diagnostics of a version; of the next message where a server gives no versions."""

        def found() -> list[list[Any]]:
            return [
                each["diagnostics"]
                for each in self.client.published_for(self.uri, before)
                if each.get("version") is None or each["version"] >= version
            ]

        self.client.wait(lambda: bool(found()), timeout)
        return found()[0]

    def pull(self) -> list[Any]:
        """Ask for the diagnostics."""
        answer = self.client.request("textDocument/diagnostic", {"textDocument": {"uri": self.uri}})
        return list((answer or {}).get("items", []))

    def diagnostics(self, version: int, before: int) -> list[Any]:
        """The diagnostics of a version, as this server gives them."""
        return self.pull() if self.pulls else self.wait_for_push(version, before)

    def press(self, edit: Edit) -> tuple[Cost, int]:
        """What an edit costs to its diagnostics and until the server rests, and how many there are."""
        pid = self.client.process.pid
        used, begin = cpu_seconds(pid), time.monotonic()
        found = self.diagnostics(*self.change(edit))
        wall = time.monotonic() - begin
        return Cost((settle(pid) - used) * 1000, wall * 1000), len(found)

    def begin(self, method: str, line: int, column: int) -> int:
        """Send a request about a place; without waiting."""
        return self.client.begin(method, self.place(line, column))

    def place(self, line: int, column: int) -> dict[str, Any]:
        """The parameters of a request about a place."""
        return {"textDocument": {"uri": self.uri}, "position": {"line": line, "character": column}}


@contextlib.contextmanager
def session(server: Server, folder: Path, *, pulling: bool = False) -> Iterator[Client]:
    """A server that has been started on a folder."""
    client = Client(server.command, folder, {})
    try:
        client.initialize(PULLING if pulling else CAPABILITIES)
        yield client
    finally:
        client.stop()


@contextlib.contextmanager
def opened(server: Server, path: Path) -> Iterator[Document]:
    """A server with one document open, at rest."""
    with session(server, path.parent) as client:
        document = Document(client, server, path)
        document.open()
        settle(client.process.pid)
        yield document
