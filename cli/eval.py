"""`dspyc eval`: the evaluations of a file, as a gate."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .console import say_json
from .engines import engine_of, engine_option
from .errors import Refusal, list_names
from .lines import Tell, lines_option, progress_to, telling
from .measuring import (
    Line,
    comparison_record,
    keep_scores,
    named,
    tell,
    tell_comparison,
    tell_files,
    verify_files,
    worst_rows,
    write_report,
    write_rows,
    writing_report,
)
from .models import answering, lm_option
from .traces import trace_options, traced, verify_trace

if TYPE_CHECKING:
    from ..project.programs import Loaded
    from ..runtime.evaluate import Comparison, Evaluate
    from ..runtime.work.engine import Engine


@click.command
@click.argument("target", metavar="FILE[:NAME]", type=click.Path())
@lm_option
@click.option("--num-threads", type=click.IntRange(1), help="How many examples run at the same time.")
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
@click.option(
    "--repeats",
    type=click.IntRange(1),
    metavar="N",
    help="Run each example N times; from the second run on models answer anew.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write every row of NAME to a CSV, JSON or JUnit (.xml) file.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write an HTML report, with prompts and answers, that a browser shows without a network.",
)
@click.option(
    "--compare",
    "earlier",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Compare each program of NAME with the rows of an earlier run, written by --output FILE.json.",
)
@click.option("--fresh", is_flag=True, help="Start over instead of resuming an interrupted run.")
@trace_options
@engine_option
@lines_option
def command(
    target: str,
    models: tuple[str, ...],
    num_threads: int | None,
    as_json: bool,
    as_lines: bool,
    repeats: int | None,
    output: Path | None,
    report: Path | None,
    earlier: Path | None,
    fresh: bool,
    trace: Path | None,
    content: bool,
    engine: str | None,
) -> int:
    """Measure programs with the evaluations of a file.

    Runs all of them, or the one called NAME.

    If a run is interrupted or killed, the same command resumes it; finished model calls are not repeated.

    The exit code is 1 when a score is below what its evaluation requires (`require=`), when that of a program
    is worse than that of --compare by more than chance explains, or when an evaluation is stopped or fails on
    every row.

    \b
    Examples:
      dspyc eval banking.dspy
      dspyc eval banking.dspy:accuracy --output rows.json --report report.html
      dspyc eval banking.dspy:accuracy --compare rows.json
      dspyc eval banking.dspy --lm openai/gpt-4o-mini --num-threads 32 --json
    """
    from ..project.programs import split_target
    from ..runtime.work.run import stage
    from .failures import told
    from .opening import open_program
    from .progress import resumable, watching

    verify_files(output, report, earlier)
    verify_trace(trace, content)
    if as_json and as_lines:
        raise Refusal("--json and --json-lines cannot be combined")
    path, name = split_target(target)
    loaded = open_program(path)
    evaluations = _chosen(loaded, name, output, earlier)
    first = next(iter(evaluations))
    for evaluation in evaluations.values():
        evaluation.repeats = repeats or evaluation.repeats
        evaluation.keep_calls = evaluation.keep_calls or report is not None or content
    journal = _journal_path(path, name, models)
    lines = []
    with (
        told(),
        engine_of(engine, path) as workers,
        answering(models, loaded),
        resumable(journal),
        _journalled(journal, path, evaluations, fresh, workers),
        telling() if as_lines else nullcontext() as lines_to,
    ):
        with (
            watching() if lines_to is None else progress_to(lines_to),
            traced(trace, content, "eval", target),
        ):
            for one, evaluation in evaluations.items():
                with stage(one):
                    results = evaluation.compare(num_threads)
                for program, result in zip(evaluation.programs, results, strict=True):
                    name = loaded.name_of(program)
                    lines.append(Line(one, name, named(result, name)))
        keep_scores(loaded, lines, models)
        found = [] if earlier is None else [_compared(earlier, line) for line in lines]
        if lines_to is not None:
            _tell_lines(lines_to, lines, found)
        elif as_json:
            records = [line.record for line in lines]
            for record, each in zip(records, found, strict=False):
                record["comparison"] = comparison_record(each)
            say_json(records)
        else:
            tell(lines)
            for line, each in zip(lines, found, strict=False):
                which = f"{first}, {line.program}," if len(lines) > 1 else first
                tell_comparison(f"{which} beside {earlier}", each)
        # Last, and before the journal goes: whatever goes wrong with them, the run has been paid for.
        if output is not None:
            with writing_report("the rows were"):
                write_rows(lines, output)
        if report is not None:
            with writing_report():
                last = found[-1] if found else None
                write_report(lines, last, report, f"{loaded.shown}: {', '.join(evaluations)}")
    if not as_json and not as_lines:
        tell_files(output, report)
    is_worse = any(each.verdict == "worse" for each in found)
    return int(is_worse or any(line.result.passed is False for line in lines))


def _chosen(
    loaded: Loaded, name: str | None, output: Path | None, earlier: Path | None
) -> dict[str, Evaluate]:
    """The evaluations to be run, by name.

    Raises:
        Refusal: there is none, one has no program, or an option is for another kind of evaluation.
    """
    from ..project.programs import choose
    from .failures import told

    chosen = choose(loaded, name, "evaluate", "evaluation")
    for option in [*(["--output"] if output else []), *(["--compare"] if earlier else [])]:
        if len(chosen) > 1:
            what = "takes the rows of" if option == "--output" else "is for"
            raise Refusal(f"{option} {what} one evaluation", f"name one, like {loaded.shown}:{chosen[0]}")
    evaluations: dict[str, Evaluate] = {one: loaded.names[one] for one in chosen}
    if without := [one for one, evaluation in evaluations.items() if not evaluation.programs]:
        raise Refusal(
            f"the evaluation `{without[0]}` has no program", "write `Evaluate(PROGRAM, devset=…, metric=…)`"
        )
    if output is not None:
        _verify_output(output, evaluations[chosen[0]], loaded)
    if earlier is not None:
        with told():
            _verify_earlier(earlier, evaluations[chosen[0]])
    return evaluations


def _tell_lines(tell: Tell, lines: Sequence[Line], found: Sequence[Comparison]) -> None:
    """Tell a program that reads JSON Lines of the results."""
    for line in lines:
        tell("result", **line.record, rows=worst_rows(line.result))
    for line, each in zip(lines, found, strict=False):
        tell("comparison", program=line.program, **comparison_record(each))


def _verify_output(output: Path, evaluation: Evaluate, loaded: Any) -> None:
    """Refuse a file that would have the rows of one of several programs."""
    if len(evaluation.programs) > 1 and output.suffix.lower() != ".xml":
        programs = list_names([loaded.name_of(program) for program in evaluation.programs])
        raise Refusal(
            f"{output} takes the rows of one program, and the evaluation has several: {programs}",
            "write one evaluation for each, or a JUnit file (.xml), which takes all",
        )


def _verify_earlier(earlier: Path, evaluation: Evaluate) -> None:
    """Refuse the rows of an earlier run that this one cannot be compared with, before it is paid for."""
    from ..runtime.errors import EvaluationError
    from ..runtime.evaluate.saved import load_rows
    from ..runtime.execution.callables import name_of

    if evaluation.metric is None or evaluation.devset is None:
        return
    try:
        load_rows(earlier, list(evaluation.devset), name_of(evaluation.metric))
    except EvaluationError as problem:
        raise Refusal(str(problem)) from None


def _compared(earlier: Path, line: Line) -> Comparison:
    """A program of an evaluation beside the rows of an earlier run."""
    from ..runtime.errors import EvaluationError
    from ..runtime.evaluate import compare
    from ..runtime.evaluate.saved import load_result

    try:
        return compare(load_result(earlier, line.result), line.result)
    except EvaluationError as problem:
        raise Refusal(str(problem)) from None


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
