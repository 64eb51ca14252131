"""`dspyc eval`: the evaluations of a file, as a gate."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..base.secrets import redact
from .console import rich_console, say, say_json, say_warning
from .engines import engine_of, engine_option
from .errors import Refusal
from .files import shown
from .models import answering, lm_option

if TYPE_CHECKING:
    from ..runtime.evaluate import Evaluate
    from ..runtime.evaluate.result import EvaluationResult
    from ..runtime.work.engine import Engine


@dataclass(frozen=True)
class Line:
    """One program measured by one evaluation."""

    evaluation: str
    program: str
    result: EvaluationResult

    @property
    def record(self) -> dict[str, Any]:
        """The line as JSON has it."""
        result = self.result
        return {
            "evaluation": self.evaluation,
            "program": self.program,
            "metric": result.metric,
            "score": result.score,
            "examples": len(result),
            "errors": len(result.errors),
            "require": result.require,
            "passed": result.passed,
            "seconds": round(result.seconds, 3),
        }


@click.command
@click.argument("target", metavar="FILE[:NAME]", type=click.Path())
@lm_option
@click.option("--num-threads", type=click.IntRange(1), help="How many examples run at the same time.")
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write every row of NAME to a CSV or JSON file.",
)
@click.option("--fresh", is_flag=True, help="Start over instead of resuming an interrupted run.")
@engine_option
def command(
    target: str,
    models: tuple[str, ...],
    num_threads: int | None,
    as_json: bool,
    output: Path | None,
    fresh: bool,
    engine: str | None,
) -> int:
    """Measure programs with the evaluations of a file.

    Runs all of them, or the one called NAME.

    If a run is interrupted or killed, the same command resumes it; finished model calls are not repeated.

    The exit code is 1 when a score is below what its evaluation requires (`require=`), or when an evaluation
    is stopped or fails on every row.

    \b
    Examples:
      dspyc eval banking.dspy
      dspyc eval banking.dspy:accuracy --output rows.csv
      dspyc eval banking.dspy --lm openai/gpt-4o-mini --num-threads 32 --json
    """
    from ..project.programs import choose, split_target
    from ..runtime.work.run import stage
    from .failures import told
    from .opening import open_program
    from .progress import resumable, watching

    if output is not None and output.suffix.lower() not in {".csv", ".json"}:
        raise Refusal(f"{output} must end in .csv or .json")
    path, name = split_target(target)
    loaded = open_program(path)
    chosen = choose(loaded, name, "evaluate", "evaluation")
    if output is not None and len(chosen) > 1:
        raise Refusal(
            "--output takes the rows of one evaluation", f"name one, like {loaded.shown}:{chosen[0]}"
        )
    evaluations: dict[str, Evaluate] = {one: loaded.names[one] for one in chosen}
    if without := [one for one, evaluation in evaluations.items() if not evaluation.programs]:
        raise Refusal(
            f"the evaluation `{without[0]}` has no program", "write `Evaluate(PROGRAM, devset=…, metric=…)`"
        )
    journal = _journal_path(path, name, models)
    lines = []
    with (
        told(),
        engine_of(engine, path) as workers,
        answering(models, loaded),
        watching(),
        resumable(journal),
        _journalled(journal, path, evaluations, fresh, workers),
    ):
        for one, evaluation in evaluations.items():
            with stage(one):
                results = evaluation.compare(num_threads)
            for program, result in zip(evaluation.programs, results, strict=True):
                lines.append(Line(one, loaded.name_of(program), result))
                if output is not None:
                    (result.save_csv if output.suffix.lower() == ".csv" else result.save_json)(output)
    if as_json:
        say_json([line.record for line in lines])
    else:
        _print(lines)
        if output is not None:
            say(f"The rows are in {shown(output)}.")
    return int(any(line.result.passed is False for line in lines))


def _journal_path(source: Path, evaluation: str | None, models: Sequence[str]) -> Path:
    """Where a run keeps what it has done until it ends; runs of several models may go on side by side."""
    model = "." + re.sub(r"[^A-Za-z0-9]+", "-", " ".join(models)).strip("-") if models else ""
    return source.with_name(f"{source.stem}.{evaluation or 'eval'}{model}.journal.jsonl")


def _journalled(
    path: Path, source: Path, evaluations: Mapping[str, Evaluate], fresh: bool, engine: Engine | None
) -> AbstractContextManager[object]:
    """A journal of the evaluations; none in a folder that cannot be written to."""
    from ..runtime.work.identity import digest
    from ..runtime.work.run import journalled, working
    from ..runtime.work.sources import sources_digest

    if not os.access(path.parent, os.W_OK):
        return nullcontext() if engine is None else working(engine=engine)
    facts = [evaluation.run_facts() for evaluation in evaluations.values()]
    run = {name: digest([one[name] for one in facts]) for name in facts[0]}
    return journalled(path, {**run, "sources": sources_digest(source)}, fresh=fresh, engine=engine)


def _print(lines: Sequence[Line]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for title in ("evaluation", "program"):
        table.add_column(title)
    for title in ("score", "require", "examples", "errors", "time"):
        table.add_column(title, justify="right")
    for line in lines:
        result = line.result
        color = {True: "green", False: "red", None: ""}[result.passed]
        table.add_row(
            line.evaluation,
            line.program,
            Text(f"{result.score:.1f} %", style=f"bold {color}"),
            "" if result.require is None else f"{result.require:g} %",
            f"{len(result):,}",
            f"{len(result.errors):,}",
            f"{result.seconds:.1f} s",
        )
    console = rich_console()
    with console.capture() as captured:
        console.print(table)
    say("\n".join(line.rstrip() for line in captured.get().splitlines() if line.strip()))
    for line in lines:
        if line.result.errors:
            row, error = next(iter(line.result.errors.items()))
            text = redact(" ".join(f"{type(error).__name__}: {error}".split()))[:300]
            say_warning(f"{line.evaluation}: row {row + 1} failed with {text}")
        if line.result.passed is False:
            failed = click.style("failed", fg="red", bold=True)
            score, require = line.result.score, line.result.require
            say(f"{failed}: {line.evaluation} is at {score:g} %, and {require:g} % is required")
