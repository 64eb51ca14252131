"""A scene: somebody types while all files of a folder are checked, and asks for references."""

from __future__ import annotations

import time
from itertools import cycle
from pathlib import Path
from typing import Any

import keys
from client import Client
from document import Document, session
from languages import SHARED_LINE, Folder
from processes import cpu_seconds, memory, settle
from servers import Server
from spread import spread

METHOD = "workspace/diagnostic"
MOST_KEYS = 400
SHARED_WORD = SHARED_LINE.strip().partition(":")[0]


def measure_whole(server: Server, folder: Folder, path: Path) -> dict[str, Any]:
    """Type in a big file while the findings of the folder are asked for; then ask for references."""
    with session(server, folder.shared.parent, pulling=True) as client:
        if not (client.capabilities.get("diagnosticProvider") or {}).get("workspaceDiagnostics"):
            return {}
        document = Document(client, server, path, pulls=True)
        document.open()
        settle(client.process.pid)
        used = cpu_seconds(client.process.pid)
        request = client.begin(METHOD, {"previousResultIds": []})
        walls = _typed(document, lambda: request in client.answers)
        client.answer(request)
        numbers: dict[str, Any] = {
            "folder: wall ms": client.latency(request) * 1000,
            "folder: CPU ms": (settle(client.process.pid) - used) * 1000,
            "folder: MB": memory(client.process.pid).pss,
        }
        if walls:
            found = spread(walls)
            numbers |= {
                "key meanwhile: wall ms p50": found.p50,
                "key meanwhile: wall ms p99": found.p99,
                "key meanwhile: wall ms max": found.worst,
                "key meanwhile: number": found.number,
            }
        return numbers | _references(client, folder)


def _typed(document: Document, is_done: Any) -> list[float]:
    """Milliseconds from each key to its findings, until something is done."""
    walls: list[float] = []
    line = keys.middle(document.text)
    for edit in cycle(list(keys.body_keys(line, 40))):
        if is_done() or len(walls) == MOST_KEYS:
            return walls
        begin = time.monotonic()
        document.change(edit)
        document.pull()
        walls.append((time.monotonic() - begin) * 1000)
    return walls


def _references(client: Client, folder: Folder) -> dict[str, Any]:
    """What it takes to find a field that many files read, once the folder has been checked."""
    text = folder.shared.read_text(encoding="utf-8")
    line = text.split("\n").index(SHARED_LINE)
    place = {"line": line, "character": SHARED_LINE.index(SHARED_WORD)}
    asked = {
        "textDocument": {"uri": folder.shared.as_uri()},
        "position": place,
        "context": {"includeDeclaration": True},
    }
    used = cpu_seconds(client.process.pid)
    request = client.begin("textDocument/references", asked)
    found = client.answer(request) or []
    return {
        "references: wall ms": client.latency(request) * 1000,
        "references: CPU ms": (settle(client.process.pid) - used) * 1000,
        "references: found": len(found),
    }
