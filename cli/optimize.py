"""`dspyc optimize`: run a program's optimizer and keep what it learned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .console import say, say_json, say_warning
from .engines import engine_of, engine_option
from .errors import Refusal, list_names
from .files import shown, with_models
from .measuring import tell_files, verify_files, writing_report
from .models import answering, lm_option
from .traces import trace_options, traced, verify_trace

if TYPE_CHECKING:
    from ..project.programs import Loaded
    from ..runtime.evaluate import Evaluate
    from ..runtime.programs.making import OptimizeResult
    from ..runtime.programs.program import Program


@click.command
@click.argument("target", metavar="FILE[:PROGRAM]", type=click.Path())
@lm_option
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
@click.option(
    "--plan",
    is_flag=True,
    help="Show the calls, tokens and cost of a run, at least and at most; ask nothing.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write an HTML report: the score over the trials, what was learned, the rows before and after.",
)
@click.option("--fresh", is_flag=True, help="Start over instead of resuming an interrupted run.")
@click.option("--max-calls", type=click.IntRange(1), metavar="N", help="Stop after N requests to models.")
@click.option("--max-tokens", type=click.IntRange(1), metavar="N", help="Stop after N tokens.")
@click.option(
    "--max-cost",
    type=click.FloatRange(0, min_open=True),
    metavar="DOLLARS",
    help="Stop after this cost, where prices are known.",
)
@click.option(
    "--max-seconds", type=click.FloatRange(0, min_open=True), metavar="S", help="Stop after S seconds."
)
@trace_options
@engine_option
def command(
    target: str,
    models: tuple[str, ...],
    as_json: bool,
    plan: bool,
    report: Path | None,
    fresh: bool,
    max_calls: int | None,
    max_tokens: int | None,
    max_cost: float | None,
    max_seconds: float | None,
    trace: Path | None,
    content: bool,
    engine: str | None,
) -> int:
    """Run a program's optimizer and save what it learned.

    What was learned is saved in a readable file next to the source, FILE.PROGRAM.state.json; commit it with
    the program, which uses it from then on. An evaluation of the program in the same file measures it before
    and after. PROGRAM can be omitted if the file declares only one.

    If a run is interrupted or killed, the same command resumes it; finished model calls are not repeated. The
    --max options limit a run, which then keeps the best result so far.

    --plan shows beforehand what a run will take, by role and model.

    \b
    Examples:
      dspyc optimize distil.dspy
      dspyc optimize distil.dspy --plan
      dspyc optimize distil.dspy --max-calls 5000
      dspyc optimize compose.dspy:tuned --lm openai/gpt-4o-mini
    """

    from ..project.programs import choose, split_target
    from ..runtime.evaluate.report import save_report
    from ..runtime.optimizers.hearing import hearing_trials
    from ..runtime.optimizers.reporting import trial_records
    from ..runtime.programs.reporting import optimization_report
    from ..runtime.work.budget import Budget
    from .failures import told
    from .opening import open_program
    from .progress import resumable, watching

    verify_files(report=report)
    verify_trace(trace, content)
    path, name = split_target(target)
    loaded = open_program(path)
    programs = choose(loaded, name, "program", "program")
    if len(programs) > 1:
        choices = ", ".join(f"{loaded.shown}:{one}" for one in programs)
        raise Refusal(f"{loaded.shown} has several programs", f"name one: {choices}")
    program: Program = loaded.names[programs[0]]
    measured_by = _evaluation_of(loaded, program)
    evaluation: Evaluate | None = loaded.names[measured_by] if measured_by else None
    if plan:
        from . import plans

        with told(), answering(models, loaded):
            per_run, unseen = plans.per_run(loaded, programs[0])
            planned = program.plan(evaluation, per_run)
        if as_json:
            say_json(plans.record(programs[0], planned, unseen))
        else:
            plans.show(programs[0], type(program.optimizer).__name__, planned, unseen)
        return 0
    if evaluation is not None and (report is not None or content):
        evaluation.keep_calls = True
    with (
        told(),
        engine_of(engine, program.source) as workers,
        answering(models, loaded),
        watching(log=True),
        resumable(program.journal_path),
        hearing_trials() as trials,
        traced(trace, content, "optimize", f"{loaded.shown}:{programs[0]}"),
    ):
        result = program.optimize(
            evaluation=evaluation,
            engine=workers,
            budget=Budget(max_calls, max_tokens, max_cost, max_seconds),
            journal=True,
            fresh=fresh,
        )
    if as_json:
        say_json(_record(programs[0], measured_by, result))
    else:
        _tell(loaded, programs[0], measured_by, result)
    if report is not None:
        # Last, because whatever goes wrong with it, the run has been paid for.
        with told(), writing_report():
            rows = program.arguments.get("valset") or program.arguments.get("trainset")
            save_report(report, optimization_report(result, trial_records(trials), rows))
        if not as_json:
            tell_files(None, report)
    return 0


def _evaluation_of(loaded: Loaded, program: Program) -> str | None:
    """The first evaluation of the file that measures the program."""
    for name in loaded.of_kind("evaluate"):
        evaluation: Evaluate = loaded.names[name]
        if any(one is program for one in evaluation.programs):
            return name
    return None


def _record(program: str, evaluation: str | None, result: OptimizeResult) -> dict[str, Any]:
    return {
        "program": program,
        "evaluation": evaluation,
        "before": result.score_before,
        "after": result.score_after,
        "candidates": list(result.candidates),
        "seconds": round(result.seconds, 3),
        "state": str(result.state),
    }


def _tell(loaded: Loaded, program: str, evaluation: str | None, result: OptimizeResult) -> None:
    before, after = result.score_before, result.score_after
    if not result.learned:
        say_warning(
            f"`{program}` learned nothing: its demos, instructions and models are those that it began with"
        )
    if before is None or after is None:
        say(f"`{program}` was optimized in {result.seconds:.1f} s.")
        if evaluation is None:
            say_warning(
                f"no evaluation in {loaded.shown} measures `{program}`, so it is not known whether it is "
                f"better; write `evaluate NAME = Evaluate({program}, devset=…, metric=…)`"
            )
    else:
        color = "green" if after > before else "red" if after < before else "yellow"
        change = click.style(f"{after - before:+.1f}", fg=color, bold=True)
        reached = click.style(f"{after:.1f} %", bold=True)
        say(f"{evaluation}: {before:.1f} % before, {reached} after ({change})")
        say(f"`{program}` was optimized in {result.seconds:.1f} s.")
        if after < before and loaded.names[program].optimizer.needs_state:
            say_warning(f"the optimized program is worse; delete {shown(result.state)} to go back")
        elif after < before:
            say_warning(f"`{program}` is worse than the program that it is made of")
    files = [shown(file) for file in with_models(result.state)]
    say(render_saved(files) if result.learned else f"Its state is in {list_names(files)}.")


def render_saved(files: list[str]) -> str:
    """Where the state and its models are, and that they belong with the program."""
    them = {1: "it", 2: "both"}.get(len(files), "all of them")
    return f"What it learned is in {list_names(files)}; commit {them} with the program."
