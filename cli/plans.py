"""What `dspyc optimize --plan` shows: calls, tokens and money, before anything is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .console import say, say_note, say_table
from .errors import list_names

if TYPE_CHECKING:
    from ..project.programs import Loaded
    from ..runtime.optimizers.plan import Span
    from ..runtime.programs.planning import OptimizePlan, PlanLine


def per_run(loaded: Loaded, program: str) -> tuple[Span | None, list[str]]:
    """How many model calls a run of a program makes, as the compiler counts them, and which functions it
    cannot look into, whose calls are not among them; None where it cannot count at all.
    """
    from ..compiler.schedule.bounds import most_calls
    from ..runtime.optimizers.plan import Span

    symbol = loaded.analysis.program.lookup(program)
    bound = None if symbol is None else most_calls(loaded.analysis.program, symbol)
    if bound is None:
        return None, []
    # A Python function that is a tool or a search rarely asks a model; a module of Python always does.
    unseen = sorted(bound.without_retries.unseen)
    most = bound.with_retries.value
    return (Span(1, most), unseen) if most else (None, [])


def record(program: str, plan: OptimizePlan, unseen: Sequence[str] = ()) -> dict[str, Any]:
    """A plan as JSON.

    Args:
        program: the program's name.
        plan: the plan.
        unseen: the functions whose calls, if they make any, are not counted.
    """
    return {
        "program": program,
        "complete": plan.is_complete and not unseen,
        "not_counted": list(unseen),
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


def show(program: str, optimizer: str, plan: OptimizePlan, unseen: Sequence[str] = ()) -> None:
    """Print a plan as a table; see `record`."""
    if plan.lines:
        _show_lines(program, plan)
    elif plan.has_optimizer:
        say(f"`{program}` asks no model to be optimized.")
    for metric in plan.metrics:
        say_note(f"the metric `{metric}` is a program; the calls that it makes are not among these")
    if unseen:
        say_note(f"the calls that {list_names(unseen)} may make are not among these")
    if not plan.has_optimizer:
        say_note(f"how many calls {optimizer} itself makes is not known beforehand, and is not among these")


def _show_lines(program: str, plan: OptimizePlan) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("role", no_wrap=True)
    table.add_column("model", overflow="fold")
    for heading in ("calls", "tokens", "dollars"):
        table.add_column(heading, justify="right", no_wrap=True)
    for line in plan.lines:
        table.add_row(*_cells(line))
    if len(plan.lines) > 1:
        table.add_row("all", "", _shown(plan.calls), _round(plan.tokens), _money(plan.dollars))
    say(f"`{program}` will make these calls, at least and at most:")
    say_table(table)


def _cells(line: PlanLine) -> tuple[str, ...]:
    return line.role, line.model, _shown(line.calls), _round(line.tokens), _money(line.dollars)


def _pair(span: Span) -> dict[str, float | None]:
    return {"least": span.least, "most": span.most}


def _shown(span: Span) -> str:
    return _between(span, lambda number: f"{number:,.0f}")


def _round(span: Span) -> str:
    """Tokens, in thousands and millions, as nobody reads all digits of an estimate."""

    def short(number: float) -> str:
        for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
            if number >= size:
                return (
                    f"{number / size:.3g} {unit}" if number < 1000 * size else f"{number / size:,.0f} {unit}"
                )
        return f"{number:.0f}"

    return _between(span, short)


def _money(span: Span | None) -> str:
    return "not known" if span is None else _between(span, lambda number: f"{number:,.2f}")


def _between(span: Span, written: Callable[[float], str]) -> str:
    least = written(span.least)
    if span.most is None:
        return f"{least} or more"
    most = written(span.most)
    return least if least == most else f"{least} to {most}"
