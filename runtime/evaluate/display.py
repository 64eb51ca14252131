"""What an evaluation shows on a terminal: a progress line while it runs, a table at its end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from .costs import render_cost
from .result import EvaluationResult


class Standing(Protocol):
    """How far an evaluation is: the rows done, their mean score in percent, what failed, US dollars."""

    done: int
    errors: int
    cost: float

    @property
    def score(self) -> float:
        """The mean score so far, in percent."""
        ...

    @property
    def detail(self) -> str:
        """How many rows failed, in words, if any."""
        ...


OnRow = Callable[[Standing], None]
"""Told of each row that is done."""


@contextmanager
def progress_line(total: int) -> Iterator[OnRow]:
    """Show a progress bar on the error output, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda standing: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("evaluating", total=total)

        def advance(standing: Standing) -> None:
            parts = [f"score {standing.score:.1f} %", standing.detail, render_cost(standing.cost)]
            bar.update(task, completed=standing.done, description=", ".join(filter(None, parts)))

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
