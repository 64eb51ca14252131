"""What an evaluation shows on a terminal: a progress line while it runs, a table at its end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .result import EvaluationResult

OnRow = Callable[[int, float, int], None]
"""Told of the rows done, their mean score in percent and the errors among them."""


@contextmanager
def progress_line(total: int) -> Iterator[OnRow]:
    """Show a progress bar on the error output, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, score, errors: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("evaluating", total=total)

        def advance(done: int, score: float, errors: int) -> None:
            failed = f", {errors} failed" if errors else ""
            bar.update(task, completed=done, description=f"score {score:.1f} %{failed}")

        yield advance


def print_table(result: EvaluationResult, rows: int | None = None) -> None:
    """Print the rows of a result, or the first of them, with one column for each field."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    records = result.records()
    shown = records if rows is None else records[:rows]
    table = Table(title=f"{result.metric}: {result.score} %", show_lines=False)
    names = list(dict.fromkeys(name for record in shown for name in record))
    for name in names:
        table.add_column(name)
    for record in shown:
        table.add_row(*(Text(_cell(record.get(name))) for name in names))
    if len(shown) < len(records):
        table.caption = f"{len(records) - len(shown)} more rows"
    Console().print(table)


def _cell(value: Any) -> str:
    text = "" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


_WIDEST = 80
