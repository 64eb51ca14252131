"""Scenes with one document: the start, typing, completion, hover, memory."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keys
from document import Cost, Document, Edit, opened, session
from languages import TYPED_LINE
from processes import cpu_seconds, memory, settle
from servers import Server
from spread import Spread, percentile, spread

COMPLETED = " + plan."
EXPECTED = "urgency"
"""An attribute of `plan` in each body."""
HOVERED = ("weight", "notes", "limit")
Numbers = dict[str, Any]


def measure_start(server: Server, path: Path, starts: int) -> Numbers:
    """From the start of the process to the first diagnostics of a small file, once it has run before."""
    costs = [_start(server, path) for _ in range(starts + 1)][1:]
    return {
        "start: CPU ms": percentile([cost.cpu for cost in costs], 0.5),
        "start: wall ms": percentile([cost.wall for cost in costs], 0.5),
    }


def _start(server: Server, path: Path) -> Cost:
    begin = time.monotonic()
    with session(server, path.parent) as client:
        Document(client, server, path).open()
        wall = time.monotonic() - begin
        return Cost(cpu_seconds(client.process.pid) * 1000, wall * 1000)


def measure_typing(server: Server, path: Path, number: int, lines: int, rounds: int) -> Numbers:
    """Keys in a body, lines above and memory; then completion and hover, where rounds of them are wanted."""
    with opened(server, path) as document:
        pid = document.client.process.pid
        numbers: Numbers = {"open: CPU ms": cpu_seconds(pid) * 1000}
        text = document.text
        numbers |= _typed(document, "key", keys.body_keys(keys.middle(text), number))
        _restore(document)
        above = server.language.head.count("\n") - 1
        numbers |= _typed(document, "line above", keys.line_keys(above, lines))
        held = memory(pid)
        numbers |= {"memory: RSS MB": held.rss, "memory: PSS MB": held.pss}
        if rounds:
            numbers |= _completion(document, rounds) | _hover(document, rounds * 2)
        return numbers


def _restore(document: Document) -> None:
    """Put the text back, in case the keys have ended in the middle of a round."""
    document.press(Edit((0, 0), (document.text.count("\n") + 2, 0), document.text))


def _typed(document: Document, name: str, edits: Iterable[Edit]) -> Numbers:
    pressed = [document.press(edit) for edit in edits]
    costs = [cost for cost, _ in pressed]
    walls = spread([cost.wall for cost in costs])
    return {
        **spread_numbers(f"{name}: CPU ms", spread([cost.cpu for cost in costs])),
        f"{name}: wall ms p50": walls.p50,
        f"{name}: wall ms p99": walls.p99,
        f"{name}: CPU ms of each": [round(cost.cpu, 2) for cost in costs],
        f"{name}: keys with findings": sum(found > 0 for _, found in pressed),
    }


def spread_numbers(name: str, found: Spread) -> Numbers:
    """A row for each number of a spread."""
    return {
        f"{name} p50": found.p50,
        f"{name} p99": found.p99,
        f"{name} max": found.worst,
        f"{name} number": found.number,
    }


def _completion(document: Document, rounds: int) -> Numbers:
    """Behind a dot that has just been typed, in one body after the other; again when the check is over."""
    if "completionProvider" not in document.client.capabilities:
        return {}
    pid = document.client.process.pid
    lines = keys.typed_lines(document.text)
    together, latencies, alone, right = [], [], [], 0
    column = keys.COLUMN + len(COMPLETED)
    for turn in range(rounds):
        line = lines[turn % len(lines)]
        used = cpu_seconds(pid)
        change = document.change(keys.insertion(line, keys.COLUMN, COMPLETED))
        request = document.begin("textDocument/completion", line, column)
        document.client.answer(request)
        document.diagnostics(*change)
        settled = settle(pid)
        together.append((settled - used) * 1000)
        latencies.append(document.client.latency(request) * 1000)
        answer = document.client.answer(document.begin("textDocument/completion", line, column))
        alone.append((settle(pid) - settled) * 1000)
        right += EXPECTED in labels(answer)
        document.press(keys.deletion(line, keys.COLUMN, line, column))
    return {
        **spread_numbers("key and completion: CPU ms", spread(together)),
        **spread_numbers("key and completion: wall ms to the answer", spread(latencies)),
        **spread_numbers("completion: CPU ms", spread(alone)),
        "completion: right answers": right,
    }


def labels(answer: Any) -> list[str]:
    """The names that a completion offers."""
    items = answer.get("items", []) if isinstance(answer, dict) else answer or []
    return [item["label"] for item in items]


def _hover(document: Document, rounds: int) -> Numbers:
    """Over names of one body after the other."""
    pid = document.client.process.pid
    places = [(line, TYPED_LINE.index(name)) for name in HOVERED for line in keys.typed_lines(document.text)]
    costs, answered = [], 0
    for turn in range(rounds):
        used = cpu_seconds(pid)
        answer = document.client.answer(document.begin("textDocument/hover", *places[turn % len(places)]))
        costs.append((settle(pid) - used) * 1000)
        answered += answer is not None
    if not answered:
        return {}
    return {**spread_numbers("hover: CPU ms", spread(costs)), "hover: answered": answered}
