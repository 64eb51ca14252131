"""`--json-lines`: events for a program that reads them while a command runs, such as an editor."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO, TypeAlias

import click

from ..base.forks import new_lock
from ..base.secrets import redact, redact_mapping

Tell: TypeAlias = Callable[..., None]
"""Writes an event: its name, and what else belongs to it by name."""

lines_option = click.option(
    "--json-lines",
    "as_lines",
    is_flag=True,
    help="Print an event a line as JSON, as they happen, for programs such as editors.",
)


@contextmanager
def telling() -> Iterator[Tell]:
    """Yield what writes an event as a line of standard output, at once, from any thread.

    Meanwhile whatever else is printed, by processes that are started, too, goes to standard error, so that a
    reader gets nothing but events. Secrets are taken out of every text. A value that JSON does not have is
    told as its text, and a number that is none as null.
    """
    lock = new_lock()
    with _only_events() as out, redirect_stdout(sys.stderr):

        def tell(event: str, **facts: Any) -> None:
            line = json.dumps(redact_mapping(_plain({"event": event, **facts})), allow_nan=False)
            with lock:
                out.write(line + "\n")
                out.flush()

        yield tell


@contextmanager
def _only_events() -> Iterator[TextIO]:
    """The standard output of this process; nothing else reaches it meanwhile."""
    stream = sys.stdout
    stream.flush()
    if not _is_of_process(stream):
        yield stream
        return
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with open(kept, "w", encoding="utf-8", newline="\n", closefd=False) as out:
            yield out
    finally:
        stream.flush()
        os.dup2(kept, 1)
        os.close(kept)


def _is_of_process(stream: TextIO) -> bool:
    """Whether a stream writes to the standard output of the process; one that a test reads does not."""
    try:
        return stream.fileno() == 1
    except (OSError, ValueError):
        return False


_DEEPEST = 50


def _plain(value: Any, depth: int = 0) -> Any:
    """A value in the types that JSON has."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping) and depth < _DEEPEST:
        names = (key if isinstance(key, str) else redact(_text(key)) for key in value)
        return dict(zip(names, (_plain(each, depth + 1) for each in value.values()), strict=True))
    if isinstance(value, list | tuple | set | frozenset) and depth < _DEEPEST:
        return [_plain(each, depth + 1) for each in value]
    text = _text(value)
    return value if isinstance(value, int) and text.lstrip("-").isdecimal() else text


def _text(value: Any) -> str:
    """A value as text, whatever its class makes of that."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a value that cannot be written does not end the run
        return f"<{type(value).__name__}>"


@contextmanager
def progress_to(tell: Tell) -> Iterator[None]:
    """Tell of the progress of what runs inside."""
    from ..runtime.execution.progress import Progress, reporting_to

    def report(progress: Progress) -> None:
        tell(
            "progress",
            stage=progress.stage,
            done=progress.done,
            total=progress.total,
            detail=progress.detail,
            score=progress.score,
            cost=progress.cost,
        )

    with reporting_to(report):
        yield
