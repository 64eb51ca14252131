"""Live progress on a terminal's standard error; elsewhere nothing, or a line for each stage that ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..runtime.execution.progress import Progress, reporting_to
from .console import rich_console, say

if TYPE_CHECKING:
    from rich.console import Console


@contextmanager
def watching(*, log: bool = False) -> Iterator[None]:
    """Show the progress of what runs inside; `log` tells of finished stages where there is no terminal."""
    console = rich_console(error=True)
    if console.is_terminal:
        with _bars(console) as tell, reporting_to(tell):
            yield
    else:
        with reporting_to(_log_line if log else None):
            yield


@contextmanager
def resumable(*journals: Path) -> Iterator[None]:
    """Say after Ctrl-C that the same command resumes the work, where there is a journal of it."""
    try:
        yield
    except KeyboardInterrupt:
        if any(journal.exists() for journal in journals):
            say("The same command resumes here.", error=True)
        raise


@contextmanager
def rows_bar(total: int) -> Iterator[Callable[[int, int], None]]:
    """A bar for rows; yields what is told how many are done and how many of them failed."""

    def tell(done: int, failed: int) -> None:
        show(Progress("rows", done, total, f"{failed} failed" if failed else ""))

    console = rich_console(error=True)
    if console.is_terminal:
        with _bars(console) as show:
            yield tell
    else:
        yield lambda done, failed: None


@contextmanager
def _bars(console: Console) -> Iterator[Callable[[Progress], None]]:
    """A bar for each stage, in the order in which they came up."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    from ..runtime.evaluate.costs import render_cost

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[score]}"),
        TextColumn("{task.fields[cost]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[detail]}", markup=True),
    )
    tasks: dict[str, TaskID] = {}
    with Bars(*columns, console=console, transient=True) as bars:

        def tell(progress: Progress) -> None:
            score = "" if progress.score is None else f"{progress.score:.1f} %"
            cost = render_cost(progress.cost)
            if progress.stage not in tasks:
                tasks[progress.stage] = bars.add_task(
                    progress.stage, total=None, score="", cost="", detail=""
                )
            bars.update(
                tasks[progress.stage],
                completed=progress.done,
                total=progress.total,
                score=score,
                cost=cost,
                detail=progress.detail.replace("[", r"\["),
            )

        yield tell


def _log_line(progress: Progress) -> None:
    if progress.total is None or progress.done < progress.total:
        return
    score = "" if progress.score is None else f", {progress.score:.1f} %"
    detail = f" ({progress.detail})" if progress.detail else ""
    say(f"{progress.stage}: {progress.done:,} of {progress.total:,}{score}{detail}", error=True)
