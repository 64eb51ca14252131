"""`--json-lines`: events for a program that reads them while a command runs, such as an editor."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, TypeAlias

import click

from ..base.forks import new_lock
from ..base.secrets import redact_mapping

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

    Meanwhile whatever else is printed goes to standard error, so that a reader gets nothing but events.
    Secrets are taken out of every text.
    """
    out, lock = sys.stdout, new_lock()

    def tell(event: str, **facts: Any) -> None:
        line = json.dumps(redact_mapping({"event": event, **facts}), default=str)
        with lock:
            out.write(line + "\n")
            out.flush()

    with redirect_stdout(sys.stderr):
        yield tell


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
