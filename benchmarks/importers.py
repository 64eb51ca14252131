"""A scene: a type changes that many open files import."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import Any

import keys
from client import Client
from document import Cost, Document, Edit, session
from languages import SHARED_LINE, Folder
from processes import cpu_seconds, settle
from servers import Server
from spread import percentile

IMPORTERS = 20
PUSHED_WITHIN = 10.0


@dataclass
class Importers:
    """The shared file and those that import it, open in a server."""

    client: Client
    shared: Document
    others: list[Document]
    saves: bool

    def change(self, edit: Edit, text: str, *, broken: bool) -> tuple[Cost, int]:
        """What an edit of the shared type costs, and how many of the others show its effect."""
        pid = self.client.process.pid
        used, begin, before = cpu_seconds(pid), time.monotonic(), len(self.client.published)
        self.shared.change(edit)
        if self.saves:
            self.shared.save(text)
        told = self._pull(broken) if self.shared.pulls else self._pushed(before, broken)
        wall = time.monotonic() - begin
        return Cost((settle(pid) - used) * 1000, wall * 1000), told

    def _pushed(self, before: int, broken: bool) -> int:
        def told() -> int:
            return sum(self._shows(each, before, broken) for each in self.others)

        with contextlib.suppress(TimeoutError):
            self.client.wait(lambda: told() == len(self.others), PUSHED_WITHIN)
        return told()

    def _shows(self, document: Document, before: int, broken: bool) -> bool:
        found = self.client.published_for(document.uri, before)
        return bool(found) and bool(found[-1]["diagnostics"]) == broken

    def _pull(self, broken: bool) -> int:
        requests = [
            self.client.begin("textDocument/diagnostic", {"textDocument": {"uri": each.uri}})
            for each in (self.shared, *self.others)
        ]
        answers = [self.client.answer(request) or {} for request in requests]
        return sum(bool(answer.get("items")) == broken for answer in answers[1:])


WAYS: dict[str, dict[str, bool]] = {
    "pushed": {},
    "asked for": {"pulling": True},
    "pushed after saving": {"saving": True},
}
"""How the importers come to know; the first one that works for a server is measured."""


def measure_importers(server: Server, folder: Folder, rounds: int) -> dict[str, Any]:
    """Break the shared type and mend it again, so many times."""
    for way, how in WAYS.items():
        costs = _measure(server, folder, rounds, **how)
        if costs:
            return {
                "importers: CPU ms": percentile([cost.cpu for cost in costs], 0.5),
                "importers: wall ms": percentile([cost.wall for cost in costs], 0.5),
                "importers: way": way,
            }
    return {"importers: way": "not told"}


def _measure(
    server: Server, folder: Folder, rounds: int, *, pulling: bool = False, saving: bool = False
) -> list[Cost]:
    """The cost of each edit; none where some importer does not come to know."""
    with session(server, folder.shared.parent, pulling=pulling) as client:
        if pulling and "diagnosticProvider" not in client.capabilities:
            return []
        files = [folder.shared, *folder.importers[:IMPORTERS]]
        shared, *others = (Document(client, server, path, pulls=pulling) for path in files)
        for document in (shared, *others):
            document.open()
        settle(client.process.pid)
        importers = Importers(client, shared, others, saving)
        line, column = shared.text.split("\n").index(SHARED_LINE), SHARED_LINE.index(":")
        broken_text = shared.text.replace(SHARED_LINE, SHARED_LINE.replace(":", "x:"))
        steps = (
            (keys.insertion(line, column, "x"), broken_text, True),
            (keys.deletion(line, column, line, column + 1), shared.text, False),
        )
        costs = []
        for edit, text, broken in steps * rounds:
            cost, told = importers.change(edit, text, broken=broken)
            if told < len(others):
                return []
            costs.append(cost)
        return costs
