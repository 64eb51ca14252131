"""A program on many rows at the same time: a progress bar, each result written as soon as it is there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..base.secrets import redact
from ..compiler.render import plural
from ..project.errors import Misuse
from ..project.inputs import Input, convert, describe
from ..project.interface import inputs_of, outputs_of
from ..project.programs import Loaded
from ..runtime import errors
from ..runtime.execution.pool import Outcome, run_all
from ..runtime.values.cells import EmptyCell
from .console import say, say_error
from .errors import Refusal, list_names
from .failures import FATAL, one_line, told
from .files import shown
from .models import answering
from .outputs import as_json_values
from .progress import rows_bar
from .rows import Output, Row, locked, read_rows


def run_rows(
    loaded: Loaded, name: str, source: Path, target: Path, *, models: Sequence[str], num_threads: int
) -> int:
    """Run the rows of a file that the output does not answer yet; exit code 1 when a row failed."""
    rows = read_rows(source, salt=f"{name} {' '.join(models)}")
    inputs = inputs_of(loaded, name)
    _verify_columns(source, rows, inputs)
    outputs = outputs_of(loaded, name)
    if not outputs and target.suffix.lower() in {".csv", ".tsv"}:
        raise Refusal(f"the outputs of `{name}` are known only after a run", "write them to a .jsonl file")
    with locked(target):
        return _run_waiting(
            loaded, name, rows, source, target, outputs, models=models, num_threads=num_threads
        )


def _run_waiting(
    loaded: Loaded,
    name: str,
    rows: Sequence[Row],
    source: Path,
    target: Path,
    outputs: Sequence[str],
    *,
    models: Sequence[str],
    num_threads: int,
) -> int:
    """Run the rows that the output does not answer yet."""
    inputs = inputs_of(loaded, name)
    output = Output(target, rows, outputs)
    waiting = [row for row in rows if row.number not in output.done]
    if not waiting:
        output.finish()
        say(f"All {plural(len(rows), 'row')} are already in {shown(target)}.", error=True)
        return 0
    if output.done:
        say(f"{plural(len(output.done), 'row')} of {len(rows):,} are already in {shown(target)}.", error=True)
    program = loaded.names[name]
    required = {one.name: one.required for one in inputs}
    done, failed = 0, 0

    def run(row: Row) -> dict[str, Any]:
        # An empty cell is the only way in which a table leaves a value out.
        given = {
            key: value
            for key, value in row.values.items()
            if key in required and (required[key] or type(value) is not EmptyCell)
        }
        try:
            values = convert(given, inputs)
        except Misuse as problem:
            raise errors.InputError(problem.message, row=row.number + 1, origin=row.place) from None
        return as_json_values(program(**values))

    try:
        with told(), answering(models, loaded), rows_bar(len(waiting)) as tell:

            def write(index: int, outcome: Outcome[dict[str, Any]]) -> None:
                nonlocal done, failed
                if isinstance(outcome.error, FATAL):
                    raise outcome.error
                if outcome.error is not None:
                    failed += 1
                    output.failed(waiting[index], redact(one_line(outcome.error)))
                else:
                    output.succeeded(waiting[index], outcome.get())
                done += 1
                tell(done, failed)

            run_all(run, waiting, num_threads=num_threads, on_done=write)
    finally:
        output.finish()
    say(f"{plural(done - failed, 'row')} done, written to {shown(target)}.", error=True)
    if failed:
        say_error(
            f"{plural(failed, 'row')} failed",
            "run the same command again to retry them; see `error` in the output for the reasons",
        )
    return int(bool(failed))


def _verify_columns(source: Path, rows: Sequence[Row], inputs: Sequence[Input]) -> None:
    """Refuse a file that lacks an input in all its rows, before anything is paid for."""
    if not rows:
        raise Refusal(f"{source} has no rows")
    columns = {column for row in rows for column in row.values}
    missing = [one.name for one in inputs if one.required and one.name not in columns]
    if missing:
        raise Refusal(
            f"the rows of {source} have no {list_names(missing)}; they have {list_names(sorted(columns))}",
            describe(inputs),
        )
