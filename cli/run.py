"""`dspyc run`: a program on one input, or on the rows of a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from ..base.text import plural
from .console import say, say_json
from .errors import Refusal
from .files import read_input
from .models import answering, lm_option
from .outputs import as_json_values, render_outputs
from .traces import trace_options, traced, verify_trace


@click.command
@click.argument("target", metavar="FILE[:NAME]", type=click.Path())
@click.argument("inputs", nargs=-1, metavar="[KEY=VALUE]…")
@lm_option
@click.option("--json", "as_json", is_flag=True, help="Print the outputs as one JSON object.")
@click.option(
    "--stream", "streams", is_flag=True, help="Show what models write on standard error while they write it."
)
@click.option(
    "--inputs",
    "rows",
    type=click.Path(path_type=Path),
    metavar="ROWS",
    help="Run every row of a JSON Lines, JSON, CSV or TSV file.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file for the results of --inputs: JSON Lines, CSV or TSV.",
)
@click.option(
    "--num-threads", type=click.IntRange(1), help="How many rows run at the same time. [default: 8]"
)
@click.option("--usage", "shows_usage", is_flag=True, help="Show tokens and cost by model on standard error.")
@trace_options
def command(
    target: str,
    inputs: tuple[str, ...],
    models: tuple[str, ...],
    as_json: bool,
    streams: bool,
    rows: Path | None,
    output: Path | None,
    num_threads: int | None,
    shows_usage: bool,
    trace: Path | None,
    content: bool,
) -> int:
    """Run a program on one input, or on every row of a file.

    NAME is a program or module of the file; it can be omitted if there is only one candidate. An input is
    written KEY=VALUE: text as it is, everything else as JSON. KEY=@PATH takes the text of a file, and a
    single - takes a JSON object from standard input.

    With --inputs and --output, each result is written as soon as it is ready. Run the same command again to
    resume: finished rows are skipped, failed rows are retried.

    \b
    Examples:
      dspyc run banking.dspy text="My card still has not arrived"
      dspyc run article.dspy:draft_article topic=Glaciers --json
      dspyc run article.dspy topic=Glaciers --stream
      dspyc run rag.dspy question=@question.txt --lm openai/gpt-4o-mini
      dspyc run article.dspy topic=Glaciers --lm strong=ollama_chat/llama3.2
      dspyc run rag.dspy question="…" --trace rag.trace.jsonl --trace-content
      dspyc run banking.dspy --inputs messages.jsonl --output intents.jsonl --num-threads 16
    """
    if (rows is None) != (output is None):
        raise Refusal(
            "--inputs and --output must be used together",
            "pass both the file with the rows and the file for the results",
        )
    if rows is not None and inputs:
        raise Refusal("--inputs and KEY=VALUE cannot be combined")
    if rows is not None and streams:
        raise Refusal("--stream shows one run; it cannot be combined with --inputs")
    verify_trace(trace, content)
    from ..project.programs import choose_program, split_target
    from .opening import open_program

    path, name = split_target(target)
    loaded = open_program(path)
    chosen = choose_program(loaded, name)
    tracing = traced(trace, content, "run", f"{loaded.shown}:{chosen}")
    if rows is not None and output is not None:
        from .batch import run_rows

        with _showing_usage(shows_usage), tracing:
            return run_rows(loaded, chosen, rows, output, models=models, num_threads=num_threads or 8)
    from ..project.inputs import read_arguments
    from ..project.interface import inputs_of
    from .failures import told

    standard_input = read_input() if "-" in inputs else None
    values = read_arguments(inputs, inputs_of(loaded, chosen), standard_input)
    with told(), answering(models, loaded), _showing_usage(shows_usage), tracing:
        program = loaded.names[chosen]
        if streams:
            from .streaming import run_streaming

            outputs = as_json_values(run_streaming(program, values))
        else:
            outputs = as_json_values(program(**values))
    if as_json:
        say_json(outputs)
    else:
        say(render_outputs(outputs))
    return 0


@contextmanager
def _showing_usage(shows: bool) -> Iterator[None]:
    """Say on standard error which tokens the block has used, and what they cost; when it fails, too."""
    if not shows:
        yield
        return
    from ..runtime.lm.usage import track_usage

    with track_usage() as tracker:
        try:
            yield
        finally:
            totals = tracker.get_total_tokens()
            for model, counts in totals.items():
                read, written = counts.get("prompt_tokens", 0), counts.get("completion_tokens", 0)
                calls = plural(len(tracker.usage_data[model]), "call")
                say(f"{model}: {calls}, {read:,} tokens read, {written:,} written", error=True)
            cost = "unknown" if totals.cost is None else f"${totals.cost:.6f}"
            say(f"cost: {cost}" if totals else "no model was called that counts tokens", error=True)
