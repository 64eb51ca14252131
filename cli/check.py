"""`dspyc check`: syntax, names, types and lints; what CI runs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..compiler.render import FORMATS, Report
from .errors import Refusal
from .files import Unreadable, decode_program, find

FAIL_ON = {
    "error": ("error",),
    "warning": ("error", "warning"),
    "info": ("error", "warning", "info"),
    "never": (),
}


@click.command
@click.argument("paths", nargs=-1, metavar="[PATHS]…", type=click.Path())
@click.option(
    "--output-format",
    type=click.Choice(list(FORMATS)),
    default="full",
    show_default=True,
    envvar="DSPYC_OUTPUT_FORMAT",
    help="How findings are written; `github` makes annotations in a workflow.",
)
@click.option(
    "--fail-on",
    type=click.Choice(list(FAIL_ON)),
    default="warning",
    show_default=True,
    help="The least severity that makes the exit code 1.",
)
@click.option(
    "--stdin-filename", metavar="PATH", help="What the text of standard input (`-`) is the text of."
)
def command(paths: tuple[str, ...], output_format: str, fail_on: str, stdin_filename: str | None) -> int:
    """Check files for mistakes: syntax, names, types, lints.

    PATHS are files or folders (the working folder by default); `-` reads standard input. Nothing of a program
    is executed, and no model is contacted.

    \b
    Examples:
      dspyc check                          all programs below this folder
      dspyc check triage.dspy --output-format concise
      dspyc check --output-format github   in a GitHub workflow
      cat x.dspy | dspyc check - --stdin-filename triage/x.dspy
    """
    from .checking import print_report

    report = _from_stdin(stdin_filename) if paths == ("-",) else _from_disk(paths)
    print_report(report, output_format)
    return int(any(report.count(severity) for severity in FAIL_ON[fail_on]))  # type: ignore[arg-type]


def _from_disk(paths: tuple[str, ...]) -> Report:
    from .checking import Workspace

    return Workspace().report(find(paths))


def _from_stdin(name: str | None) -> Report:
    from .checking import Workspace

    path = Path.cwd() / (name or "stdin.dspy")
    try:
        text = decode_program(sys.stdin.buffer.read())
    except Unreadable as problem:
        raise Refusal(f"standard input {problem.message}", problem.hint) from None
    return Workspace({path: text}).report([path])
