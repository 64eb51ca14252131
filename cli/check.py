"""`dspyc check`: syntax, names, types and lints; what CI runs."""

from __future__ import annotations

from typing import Any

import click

from .checks.options import FAIL_ON, Options


@click.command
@click.argument("paths", nargs=-1, metavar="[PATHS]…", type=click.Path())
@click.option("--fix", is_flag=True, help="Apply the fixes that cannot change what a program does.")
@click.option("--unsafe-fixes", is_flag=True, help="Apply the other fixes too.")
@click.option("--diff", is_flag=True, help="Show what the fixes would change without writing anything.")
@click.option(
    "--output-format",
    multiple=True,
    metavar="FORMAT[=FILE]",
    envvar="DSPYC_OUTPUT_FORMAT",
    help="The output format, `full` by default, and the file to write; can be repeated. For people: full, "
    "concise. For programs: json, json-lines, sarif, github, gitlab, junit, checkstyle, rdjson, azure.",
)
@click.option("--statistics", is_flag=True, help="Show how often each rule found something, not where.")
@click.option(
    "--fail-on",
    type=click.Choice(list(FAIL_ON)),
    default="warning",
    show_default=True,
    help="The lowest severity that sets the exit code to 1.",
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found; short for `--fail-on never`.")
@click.option(
    "--select",
    multiple=True,
    metavar="RULES",
    help="Check only these rules: codes, names, prefixes of codes (`E2`), categories, or ALL.",
)
@click.option("--extend-select", multiple=True, metavar="RULES", help="Check these rules too.")
@click.option("--ignore", multiple=True, metavar="RULES", help="Skip these rules.")
@click.option("--add-ignore", is_flag=True, help="Suppress all findings with comments in the files.")
@click.option(
    "--changed-since",
    metavar="REV",
    help="Report only on files that changed since a git commit, or that read a file that did.",
)
@click.option(
    "--baseline", metavar="FILE", type=click.Path(), help="Leave out the findings that FILE lists as known."
)
@click.option("--write-baseline", is_flag=True, help="Write all current findings to the baseline.")
@click.option("--update-baseline", is_flag=True, help="Remove fixed findings from the baseline.")
@click.option("--watch", "-w", is_flag=True, help="Check again whenever a file changes, until Ctrl-C.")
@click.option("--stdin-filename", metavar="PATH", help="The path to report for standard input (`-`).")
@click.option(
    "--force-exclude", is_flag=True, help="Skip excluded files even if PATHS names them, as hooks do."
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="The maximum number of processes; by default the number of cores, if there are enough files.",
)
@click.option("--no-cache", is_flag=True, help="Check all files again, and keep nothing for the next time.")
def command(paths: tuple[str, ...], **options: Any) -> int:
    """Check files for mistakes.

    Checks syntax, names, types and lints. PATHS are files or folders (the working folder by default); `-`
    reads standard input. No part of a program is executed, and no model is contacted.

    \b
    Examples:
      dspyc check                          all programs below this folder
      dspyc check triage.dspy --output-format concise
      dspyc check --fix
      dspyc check --output-format github   in a GitHub workflow
      dspyc check --output-format full --output-format sarif=report.sarif
      dspyc check --changed-since origin/main
      cat x.dspy | dspyc check - --stdin-filename triage/x.dspy
    """
    from .checks.run import run

    return run(paths, Options(**options))
