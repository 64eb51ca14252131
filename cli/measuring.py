"""What `dspyc eval` says of its results: the table, JSON, comparisons, and the files that it writes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

import click

from ..base.secrets import redact
from ..base.text import plural
from .console import rich_console, say, say_warning
from .errors import Failure, Refusal
from .files import shown

if TYPE_CHECKING:
    from ..project.programs import Loaded
    from ..runtime.evaluate import Comparison
    from ..runtime.evaluate.result import EvaluationResult

ENDINGS = (".csv", ".json", ".xml")
"""What the file of `--output` may end in: CSV, JSON, and JUnit's XML."""


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
        interval, used = result.interval(), result.usage
        return {
            "evaluation": self.evaluation,
            "program": self.program,
            "metric": result.metric,
            "score": result.score,
            "interval": None if interval is None else list(interval),
            "examples": len(result.by_example()),
            "repeats": result.repeats,
            "pass_at": {str(k): result.pass_at(k) for k in _ks(result)},
            "errors": len(result.errors),
            "require": result.require,
            "passed": result.passed,
            "calls": used.calls,
            "tokens": used.tokens,
            # Without what adding floats leaves behind, such as 0.022000000000000013.
            "cost": round(used.cost, 12) or None,
            "seconds": round(result.seconds, 3),
        }


def comparison_record(found: Comparison) -> dict[str, Any]:
    """A comparison as JSON has it."""
    return {
        "verdict": found.verdict,
        "before": found.before.score,
        "after": found.after.score,
        "difference": found.difference,
        "interval": list(found.interval),
        "p_value": round(found.p_value, 6),
        "test": found.test,
        "worse": [change.index + 1 for change in found.worse],
        "better": [change.index + 1 for change in found.better],
    }


def keep_scores(loaded: Loaded, lines: Sequence[Line], models: Sequence[str]) -> None:
    """Keep the scores, for editors that show the last ones of an evaluation beside it."""
    from ..project.results import LastScore, keep_results, text_digest

    text, now, named = text_digest(loaded.analysis.source.text), time(), redact(", ".join(models))
    found: dict[str, list[LastScore]] = {}
    for line in lines:
        result = line.result
        score = LastScore(
            line.program,
            result.score,
            len(result.by_example()),
            now,
            len(result.errors),
            result.require,
            result.passed,
            text,
            named,
        )
        found.setdefault(line.evaluation, []).append(score)
    titles, names = loaded.compiled.tests, loaded.names
    keep_results(loaded.analysis.path, evaluations=found, titles=titles, names=names)


MOST_ROWS = 50
"""Rows in an event about a result."""


def worst_rows(result: EvaluationResult) -> list[dict[str, Any]]:
    """The rows with the lowest scores, the lowest first: number, score, inputs, labels, outputs, error; where
    examples ran several times, `run` counts their runs.
    """
    from ..runtime.evaluate.rows import describe_error
    from ..runtime.values.rendering import to_json_types

    def plain(values: Any) -> dict[str, Any]:
        # One by one: a value that JSON does not have becomes its text, and the others stay.
        return {name: to_json_types(value) for name, value in values.items()}

    rows = [(number, row) for number, several in enumerate(result.by_example(), 1) for row in several]
    numbered = sorted(rows, key=lambda each: (each[1].error is None, each[1].value))
    return [
        {
            "row": number,
            **({"run": row.repeat + 1} if result.repeats > 1 else {}),
            "score": row.value,
            "inputs": plain(row.example.inputs()),
            "labels": plain(row.example.labels()),
            "outputs": plain(row.prediction),
            "error": None if row.error is None else describe_error(row.error),
        }
        for number, row in numbered[:MOST_ROWS]
    ]


def _ks(result: EvaluationResult) -> list[int]:
    return [] if result.repeats == 1 else [1, result.repeats]


def named(result: EvaluationResult, program: str) -> EvaluationResult:
    """A result under the name that the file gives the program."""
    from ..runtime.evaluate.result import EvaluationResult

    return EvaluationResult(result.rows, result.metric, program, result.require, result.seconds, result.total)


def verify_files(output: Path | None = None, report: Path | None = None, earlier: Path | None = None) -> None:
    """Refuse files that cannot be written or read, before anything is paid for."""
    if output is not None and output.suffix.lower() not in ENDINGS:
        raise Refusal(f"{output} must end in .csv, .json or .xml (JUnit)")
    if report is not None and report.suffix.lower() not in (".html", ".htm"):
        raise Refusal(f"{report} must end in .html")
    if earlier is not None and not earlier.is_file():
        raise Refusal(f"there is no file {earlier} to compare with", "write one with --output FILE.json")
    for each in filter(None, (output, report)):
        verify_writable(each)


def verify_writable(path: Path) -> None:
    """Refuse a file that cannot be written."""
    target = Path(os.path.realpath(path))
    folder = target.parent
    if target.is_dir():
        raise Refusal(f"{path} cannot be written: it is a folder")
    if not folder.is_dir():
        raise Refusal(f"{path} cannot be written: there is no folder {shown(folder)}")
    if not os.access(folder, os.W_OK):
        raise Refusal(f"{path} cannot be written: the folder {shown(folder)} is read-only")


@contextmanager
def writing_report(what: str = "the report was") -> Iterator[None]:
    """For the end of a command, when all else has been told: say that the report could not be written.

    Args:
        what: what is written, with its verb.

    Raises:
        Failure: in place of the system's errors.
    """
    try:
        yield
    except OSError as error:
        raise Failure(f"{what} not written: {error.strerror or error}") from error


def write_rows(lines: Sequence[Line], output: Path) -> None:
    """Write the rows of the results in the format that the file's name says; only JUnit's has several."""
    from ..runtime.evaluate.exports import render_csv, render_json, render_junit
    from ..runtime.state.files import write_atomically

    results = [line.result for line in lines]
    match output.suffix.lower():
        case ".xml":
            text = render_junit(results)
        case ".csv":
            text = render_csv(results[0].records())
        case _:
            text = render_json(results[0].records())
    write_atomically(output, text)


def write_report(lines: Sequence[Line], found: Comparison | None, path: Path, title: str) -> None:
    """Write the HTML report of the results."""
    from ..runtime.evaluate.report import Report, save_report

    save_report(path, Report(title, tuple(line.result for line in lines), comparison=found))


_NAME_WIDTH = 9
"""How wide a name stays where a terminal has no room for it."""


def tell(lines: Sequence[Line]) -> None:
    """Print the table, what failed, and which gates were not passed."""
    say(_table(lines))
    for line in lines:
        result = line.result
        first = next(other for other in lines if other.evaluation == line.evaluation)
        if first is not line:
            from ..runtime.evaluate import compare

            tell_comparison(f"{line.program} beside {first.program}", compare(first.result, result), rows=0)
        if result.repeats > 1:
            shares = ", ".join(f"pass@{k} {result.pass_at(k):.1f} %" for k in _ks(result))
            say(f"{line.evaluation}, {line.program}: {shares}, from {result.repeats} runs of each example")
        if result.errors:
            row, error = next(iter(result.errors.items()))
            text = redact(" ".join(f"{type(error).__name__}: {error}".split()))[:300]
            say_warning(f"{line.evaluation}: row {row // result.repeats + 1} failed with {text}")
        if result.passed is False:
            failed = click.style("failed", fg="red", bold=True)
            say(f"{failed}: {line.evaluation} is at {result.score:g} %, and {result.require:g} % is required")


def tell_comparison(title: str, found: Comparison, rows: int = 5) -> None:
    """Print whether one result is better than another one, and some of the rows that got worse."""
    color = {"better": "green", "worse": "red", "indistinguishable": "yellow"}[found.verdict]
    verdict, _, figures = found.describe().partition(":")
    say(f"{title}: {click.style(verdict, fg=color, bold=True)}:{figures}")
    worse = found.worse
    for change in worse[:rows]:
        inputs = " | ".join(str(value) for value in change.after.example.call_inputs().values())
        text = redact(" ".join(inputs.split()))
        text = text if len(text) <= 60 else text[:59] + "…"
        say(f"  row {change.index + 1} got worse ({change.before.value:g} → {change.after.value:g}): {text}")
    if len(worse) > rows > 0:
        say(f"  and {plural(len(worse) - rows, 'more row')} got worse")


def tell_files(output: Path | None, report: Path | None) -> None:
    """Say where the rows and the report are."""
    if output is not None:
        say(f"The rows are in {shown(output)}.")
    if report is not None:
        say(f"The report is in {shown(report)}; open it in a browser.")


def _table(lines: Sequence[Line]) -> str:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from ..runtime.evaluate.costs import render_cost

    has_cost = any(line.result.cost for line in lines)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    names = {
        "evaluation": max(len(line.evaluation) for line in lines),
        "program": max(len(line.program) for line in lines),
    }
    for title, longest in names.items():
        # Whole, be it on several lines: names are what a reader looks for, and what scripts compare.
        table.add_column(title, overflow="fold", min_width=min(longest, _NAME_WIDTH))
    for title in ("score", "95 %", "require", "examples", "errors", *(["cost"] if has_cost else []), "time"):
        table.add_column(title, justify="right", no_wrap=True)
    for line in lines:
        result = line.result
        color = {True: "green", False: "red", None: ""}[result.passed]
        interval = result.interval()
        table.add_row(
            line.evaluation,
            line.program,
            Text(f"{result.score:.1f} %", style=f"bold {color}"),
            "" if interval is None else f"{interval[0]:.0f}–{interval[1]:.0f}",
            "" if result.require is None else f"{result.require:g} %",
            f"{len(result.by_example()):,}",
            f"{len(result.errors):,}",
            *([render_cost(result.cost)] if has_cost else []),
            f"{result.seconds:.1f} s",
        )
    console = rich_console()
    needed = table.__rich_measure__(console, console.options.update(max_width=10_000))
    folded = sum(max(0, longest - _NAME_WIDTH) for longest in names.values())
    # What no terminal shows, such as the log of a CI run, may be as wide as it likes.
    console.width = max(console.width, needed.maximum - (folded if console.is_terminal else 0))
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().splitlines() if line.strip())
