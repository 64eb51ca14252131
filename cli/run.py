"""`dspyc run`: a program on one input, or on the rows of a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from .console import say
from .errors import Refusal

LM_HELP = "The model to use instead of the file's, like openai/gpt-4o-mini or embedded/banking."


@click.command
@click.argument("target", metavar="FILE[:NAME]", type=click.Path())
@click.argument("inputs", nargs=-1, metavar="[KEY=VALUE]…")
@click.option("--lm", metavar="MODEL", help=LM_HELP)
@click.option("--json", "as_json", is_flag=True, help="Print the outputs as one JSON object.")
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
    help="Where the results of --inputs go: JSON Lines, CSV or TSV.",
)
@click.option(
    "--num-threads", type=click.IntRange(1), help="How many rows run at the same time. [default: 8]"
)
def command(
    target: str,
    inputs: tuple[str, ...],
    lm: str | None,
    as_json: bool,
    rows: Path | None,
    output: Path | None,
    num_threads: int | None,
) -> int:
    """Run a program on one input, or on every row of a file.

    NAME is a program or module of the file; it may be left out where only one can be meant. An input is
    written KEY=VALUE: text as it is, everything else as JSON. KEY=@PATH takes a file's text, and a lone - a
    JSON object from standard input.

    With --inputs and --output, each result is written as soon as it is there. The same command again goes on
    where it stopped: rows that are done are skipped, rows that failed are tried again.

    \b
    Examples:
      dspyc run banking.dspy text="My card still has not arrived"
      dspyc run article.dspy:draft_article topic=Glaciers --json
      dspyc run rag.dspy question=@question.txt --lm openai/gpt-4o-mini
      dspyc run banking.dspy --inputs messages.jsonl --output intents.jsonl --num-threads 16
    """
    if (rows is None) != (output is None):
        raise Refusal(
            "--inputs and --output belong together",
            "give the file with the rows and the file for the results",
        )
    if rows is not None and inputs:
        raise Refusal("the inputs come from --inputs; a KEY=VALUE beside it has no meaning")
    from .programs import choose_program, open_program, split_target

    path, name = split_target(target)
    loaded = open_program(path)
    chosen = choose_program(loaded, name)
    if rows is not None and output is not None:
        from .batch import run_rows

        return run_rows(loaded, chosen, rows, output, lm=lm, num_threads=num_threads or 8)
    from .failures import told
    from .interface import inputs_of
    from .programs import with_lm
    from .values import read_arguments

    standard_input = sys.stdin.read() if "-" in inputs else None
    values = read_arguments(inputs, inputs_of(loaded, chosen), standard_input)
    with told(), with_lm(lm):
        outputs = as_json_values(loaded.names[chosen](**values))
    say(json.dumps(outputs, ensure_ascii=False, indent=2) if as_json else for_reading(outputs))
    return 0


def as_json_values(prediction: Any) -> dict[str, Any]:
    """A prediction's outputs as values that JSON can hold."""
    from pydantic_core import to_jsonable_python

    outputs: dict[str, Any] = to_jsonable_python(dict(prediction.items()), fallback=str)
    return outputs


def for_reading(outputs: dict[str, Any]) -> str:
    """Outputs for people: one line each where that does, else a block under the name."""
    lines = []
    for name, value in outputs.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
        label = click.style(f"{name}:", fg="cyan", bold=True)
        if "\n" in text:
            lines += [label, *(f"  {line}" for line in text.splitlines())]
        else:
            lines.append(f"{label} {text}")
    return "\n".join(lines)
