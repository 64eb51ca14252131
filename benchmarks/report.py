"""The table of the editor's numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from servers import Server

Numbers = Mapping[str, Any]
SPREAD = ("p50", "p99", "max")
ROWS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("start → first diagnostics, small file: CPU ms", ("small/start: CPU ms",)),
    ("the same: wall ms", ("small/start: wall ms",)),
    ("start → first diagnostics, {big} lines: CPU ms", ("big/open: CPU ms",)),
    (
        "key → diagnostics, {big} lines: CPU ms p50 / p99 / max",
        tuple(f"big/key: CPU ms {each}" for each in SPREAD),
    ),
    ("the same: wall ms p50 / p99", ("big/key: wall ms p50", "big/key: wall ms p99")),
    ("keys that left findings", ("big/key: keys with findings",)),
    (
        "a line above comes or goes, {big} lines: CPU ms p50 / p99 / max",
        tuple(f"big/line above: CPU ms {each}" for each in SPREAD),
    ),
    (
        "key → diagnostics, {bigger} lines: CPU ms p50 / p99 / max",
        tuple(f"bigger/key: CPU ms {each}" for each in SPREAD),
    ),
    ("ratio of the medians, {bigger} / {big} lines", ("ratio: key",)),
    (
        "a line above, {bigger} lines: CPU ms p50 / p99 / max",
        tuple(f"bigger/line above: CPU ms {each}" for each in SPREAD),
    ),
    ("ratio of the medians, line above", ("ratio: line above",)),
    ("memory then, {big} lines: RSS / PSS MB", ("big/memory: RSS MB", "big/memory: PSS MB")),
    ("memory, {bigger} lines: RSS / PSS MB", ("bigger/memory: RSS MB", "bigger/memory: PSS MB")),
    (
        "completion behind `.`, file checked: CPU ms p50 / p99",
        ("big/completion: CPU ms p50", "big/completion: CPU ms p99"),
    ),
    (
        "key, completion and diagnostics together: CPU ms p50 / p99",
        ("big/key and completion: CPU ms p50", "big/key and completion: CPU ms p99"),
    ),
    (
        "key → its completion: wall ms p50 / p99",
        (
            "big/key and completion: wall ms to the answer p50",
            "big/key and completion: wall ms to the answer p99",
        ),
    ),
    (
        "completions that offer the attribute / asked",
        ("big/completion: right answers", "big/completion: CPU ms number"),
    ),
    ("hover: CPU ms p50 / p99", ("big/hover: CPU ms p50", "big/hover: CPU ms p99")),
    ("hovers answered / asked", ("big/hover: answered", "big/hover: CPU ms number")),
    *(
        row
        for name, words in (
            ("typing with pauses", "45 keys, completion, hover, outline after each"),
            ("typing with pauses, cancelling", "the same, cancelling what is outdated"),
        )
        for row in (
            (
                f"{words}: diagnostics messages while typing 15, in the pause",
                (f"pauses/{name}: diagnostics while typing", f"pauses/{name}: diagnostics in the pause"),
            ),
            (
                f"{words}: wall ms of the last answer / of the slowest",
                (
                    f"pauses/{name}: wall ms of the last answers",
                    f"pauses/{name}: wall ms of the slowest answer",
                ),
            ),
            (
                f"{words}: wall ms of backlog after the last pause",
                (f"pauses/{name}: backlog after the last pause, ms",),
            ),
            (f"{words}: CPU ms", (f"pauses/{name}: CPU ms",)),
        )
    ),
    ("shared type edited → 20 open importers: CPU ms", ("many/importers: CPU ms",)),
    ("the same: wall ms", ("many/importers: wall ms",)),
    ("how the importers came to know", ("many/importers: way",)),
    (
        "a folder of files checked while one types: wall ms / CPU ms / MB",
        ("whole/folder: wall ms", "whole/folder: CPU ms", "whole/folder: MB"),
    ),
    (
        "key → diagnostics meanwhile: wall ms p50 / p99 / max",
        tuple(f"whole/key meanwhile: wall ms {each}" for each in SPREAD),
    ),
    (
        "references of a field in that folder: wall ms / CPU ms / found",
        ("whole/references: wall ms", "whole/references: CPU ms", "whole/references: found"),
    ),
    ("load of the machine meanwhile (wall times mean little above 1)", ("load",)),
)
"""What a row is called, and the numbers in its cells; one of them may be missing."""


def with_ratios(numbers: dict[str, Any]) -> dict[str, Any]:
    """The numbers and how much a key costs more in the bigger file."""
    for kind in ("key", "line above"):
        big, bigger = (numbers.get(f"{size}/{kind}: CPU ms p50") for size in ("big", "bigger"))
        if big and bigger:
            numbers[f"ratio: {kind}"] = bigger / big
    return numbers


def table(servers: Sequence[Server], numbers: Mapping[str, Numbers], sizes: Mapping[str, str]) -> str:
    """A Markdown table: a column for each server, a row for each measurement that was made."""
    head = " | ".join(f"{server.name} {server.version}" for server in servers)
    lines = [f"| | {head} |", "|---" + "|---:" * len(servers) + "|"]
    for label, keys in ROWS:
        cells = [cell(numbers[server.name], keys) for server in servers]
        if any(each != "–" for each in cells):
            lines.append(f"| {label.format(**sizes)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def cell(numbers: Numbers, keys: Sequence[str]) -> str:
    """The numbers of a cell; a dash when there are none."""
    found = [written(numbers[key]) for key in keys if key in numbers]
    return " / ".join(found) or "–"


def written(value: Any) -> str:
    """A number with three digits that count; a list with commas."""
    if isinstance(value, list):
        return ", ".join(written(each) for each in value)
    if not isinstance(value, float):
        return str(value)
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
