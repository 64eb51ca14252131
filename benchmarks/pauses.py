"""A scene: keys at a person's pace, with pauses; completion, hover and outline asked for after each key."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keys
from document import Document, opened
from languages import TYPED_LINE
from processes import cpu_seconds, settle
from servers import Server

BURSTS = 3
KEYS = 15
"""In a burst."""
KEY_SECONDS = 0.12
PAUSE_SECONDS = 1.5
PROVIDERS = {
    "textDocument/completion": "completionProvider",
    "textDocument/hover": "hoverProvider",
    "textDocument/documentSymbol": "documentSymbolProvider",
}
PATIENCE = 60.0


@dataclass
class Typist:
    """Types, asks, and gives up what is no longer wanted when the next key comes, if told to."""

    document: Document
    cancels: bool
    line: int
    asked: list[int] = field(default_factory=list)
    """All requests so far."""
    open: list[int] = field(default_factory=list)
    """Those that the last key caused."""

    def press(self, edit: Any, column: int) -> tuple[int, int]:
        """A key and the requests that an editor sends after it."""
        client = self.document.client
        if self.cancels:
            for request in self.open:
                if request not in client.answers:
                    client.notify("$/cancelRequest", {"id": request})
        change = self.document.change(edit)
        self.open = [self._ask(method, column) for method in PROVIDERS if self._offers(method)]
        self.asked += self.open
        if self.document.pulls:
            client.begin("textDocument/diagnostic", {"textDocument": {"uri": self.document.uri}})
        return change

    def _offers(self, method: str) -> bool:
        return bool(self.document.client.capabilities.get(PROVIDERS[method]))

    def _ask(self, method: str, column: int) -> int:
        if method == "textDocument/hover":
            return self.document.begin(method, self.line, TYPED_LINE.index("notes"))
        if method == "textDocument/completion":
            return self.document.begin(method, self.line + 1, column)
        return self.document.client.begin(method, {"textDocument": {"uri": self.document.uri}})


def measure_pauses(server: Server, path: Path, *, cancels: bool) -> dict[str, Any]:
    """How many diagnostics messages came by the end of each pause, and how long the last answers took."""
    name = "typing with pauses" + (", cancelling" if cancels else "")
    with opened(server, path) as document:
        client = document.client
        line = keys.middle(document.text)
        typist = Typist(document, cancels, line)
        document.press(keys.insertion(line, keys.COLUMN, "\n" + keys.INDENT))
        used = cpu_seconds(client.process.pid)
        messages, ends, change = [], [], (0, 0)
        text = (keys.STATEMENT * 2)[: BURSTS * KEYS]
        pressed = list(keys.typed(line + 1, len(keys.INDENT), text))
        for burst in range(BURSTS):
            before, due = len(client.published), time.monotonic()
            for offset, edit in enumerate(pressed[burst * KEYS : (burst + 1) * KEYS]):
                time.sleep(max(0.0, due - time.monotonic()))
                column = len(keys.INDENT) + burst * KEYS + offset + 1
                change, due = typist.press(edit, column), due + KEY_SECONDS
            during = len(client.published_for(document.uri, before))
            time.sleep(PAUSE_SECONDS)
            messages.append(during)
            ends.append(len(client.published_for(document.uri, before)) - during)
        last = time.monotonic()
        try:
            client.wait(lambda: all(request in client.answers for request in typist.asked), PATIENCE)
            document.diagnostics(*change)
        except TimeoutError:
            return {f"{name}: gave up after s": PATIENCE}
        latencies = [client.latency(request) * 1000 for request in typist.asked]
        return {
            f"{name}: diagnostics while typing": messages,
            f"{name}: diagnostics in the pause": ends,
            f"{name}: wall ms of the last answers": max(client.latency(each) * 1000 for each in typist.open),
            f"{name}: wall ms of the slowest answer": max(latencies),
            f"{name}: backlog after the last pause, ms": (time.monotonic() - last) * 1000,
            f"{name}: CPU ms": (settle(client.process.pid) - used) * 1000,
            f"{name}: requests": len(typist.asked),
        }
