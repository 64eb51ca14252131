"""What `dspyc optimize --plan` shows: calls, tokens and money, before anything is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .console import rich_console, say, say_note

if TYPE_CHECKING:
    from ..project.programs import Loaded
    from ..runtime.optimizers.plan import Span
    from ..runtime.programs.planning import OptimizePlan, PlanLine


def per_run(loaded: Loaded, program: str) -> Span | None:
    """How many model calls a run of a program makes, as the compiler counts them; None where it cannot."""
    from ..compiler.schedule.bounds import most_calls
    from ..runtime.optimizers.plan import Span

    symbol = loaded.analysis.program.lookup(program)
    bound = None if symbol is None else most_calls(loaded.analysis.program, symbol)
    if bound is None or bound.without_retries.unseen:
        return None
    return Span(1, bound.with_retries.value)


def record(program: str, plan: OptimizePlan) -> dict[str, Any]:
    """A plan as JSON."""
    return {
        "program": program,
        "complete": plan.is_complete,
        "lines": [
            {
                "role": line.role,
                "model": line.model,
                "calls": _pair(line.calls),
                "tokens": _pair(line.tokens),
                "dollars": None if line.dollars is None else _pair(line.dollars),
            }
            for line in plan.lines
        ],
        "calls": _pair(plan.calls),
        "tokens": _pair(plan.tokens),
        "dollars": None if plan.dollars is None else _pair(plan.dollars),
    }


def show(program: str, optimizer: str, plan: OptimizePlan) -> None:
    """Print a plan as a table."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for heading in ("role", "model"):
        table.add_column(heading)
    for heading in ("calls", "tokens", "dollars"):
        table.add_column(heading, justify="right")
    for line in plan.lines:
        table.add_row(*_cells(line))
    if len(plan.lines) > 1:
        table.add_row("all", "", _shown(plan.calls), _shown(plan.tokens), _money(plan.dollars))
    say(f"`{program}` will make these calls, at least and at most:")
    rich_console().print(table)
    for metric in plan.metrics:
        say_note(f"the metric `{metric}` is a program; the calls that it makes are not among these")
    if not plan.has_optimizer:
        say_note(f"how many calls {optimizer} itself makes is not known beforehand, and is not among these")


def _cells(line: PlanLine) -> tuple[str, ...]:
    return line.role, line.model, _shown(line.calls), _shown(line.tokens), _money(line.dollars)


def _pair(span: Span) -> dict[str, float | None]:
    return {"least": span.least, "most": span.most}


def _shown(span: Span) -> str:
    most = "no bound" if span.most is None else f"{span.most:,.0f}"
    least = f"{span.least:,.0f}"
    return least if least == most else f"{least} to {most}"


def _money(span: Span | None) -> str:
    if span is None:
        return "not known"
    most = "no bound" if span.most is None else f"{span.most:,.2f}"
    least = f"{span.least:,.2f}"
    return least if least == most else f"{least} to {most}"
