"""`dspyc check`: syntax, names, types and lints; what CI runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..base.text import plural
from .checks.engine import Engine
from .checks.result import Task
from .console import say
from .errors import Refusal
from .files import find, read_program_from_input, shown
from .report import is_for_people, read_outputs, write_report

if TYPE_CHECKING:
    from ..base.diagnostic import Severity

FAIL_ON: dict[str, tuple[Severity, ...]] = {
    "error": ("error",),
    "warning": ("error", "warning"),
    "info": ("error", "warning", "info"),
    "never": (),
}


@click.command
@click.argument("paths", nargs=-1, metavar="[PATHS]…", type=click.Path())
@click.option("--fix", is_flag=True, help="Apply the fixes that cannot change what a program does.")
@click.option("--unsafe-fixes", is_flag=True, help="Apply the other fixes too.")
@click.option("--diff", is_flag=True, help="Show what the fixes would change without writing anything.")
@click.option(
    "--output-format",
    "output_formats",
    multiple=True,
    metavar="FORMAT[=FILE]",
    envvar="DSPYC_OUTPUT_FORMAT",
    help="The output format, `full` by default, and the file to write; can be repeated. For people: full, "
    "concise. For programs: json, json-lines, sarif, github, gitlab, junit, checkstyle, rdjson, azure.",
)
@click.option(
    "--fail-on",
    type=click.Choice(list(FAIL_ON)),
    default="warning",
    show_default=True,
    help="The lowest severity that sets the exit code to 1.",
)
@click.option(
    "--select",
    multiple=True,
    metavar="RULES",
    help="Check only these rules: codes, names, prefixes of codes (`E2`), categories, or ALL.",
)
@click.option("--ignore", multiple=True, metavar="RULES", help="Skip these rules.")
@click.option("--stdin-filename", metavar="PATH", help="The path to report for standard input (`-`).")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="How many processes may check; by default as many as there are cores, where there is enough to do.",
)
@click.option("--no-cache", is_flag=True, help="Check all files anew, and keep nothing for the next time.")
def command(
    paths: tuple[str, ...],
    fix: bool,
    unsafe_fixes: bool,
    diff: bool,
    output_formats: tuple[str, ...],
    fail_on: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    stdin_filename: str | None,
    jobs: int | None,
    no_cache: bool,
) -> int:
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
      cat x.dspy | dspyc check - --stdin-filename triage/x.dspy
    """
    fixing = fix or unsafe_fixes or diff
    outputs = read_outputs(output_formats)
    task = Task(_selectors(select), _selectors(ignore), is_for_people(outputs))
    if paths == ("-",):
        if fixing:
            raise Refusal("standard input cannot be fixed in place", "give the file, or use `dspyc format -`")
        path = Path.cwd() / (stdin_filename or "stdin.dspy")
        files = [path]
        engine = Engine(task, overlays={str(path): read_program_from_input()})
    else:
        files = find(paths)
        engine = Engine(task, uses_cache=not no_cache, jobs=jobs)
    outcome = engine.check(files)
    if fixing and _fix(task, outcome.with_fixes, unsafe=unsafe_fixes, write=not diff):
        if diff:
            return 1
        outcome = engine.check(files)
    write_report(outcome.report, outputs, outcome.fixable)
    return int(any(outcome.report.count(severity) for severity in FAIL_ON[fail_on]))


def _selectors(options: tuple[str, ...]) -> tuple[str, ...]:
    """The rules that an option names; raises `Refusal` for what does not exist."""
    names = tuple(name.strip() for option in options for name in option.split(",") if name.strip())
    if not names:
        return ()
    # Rules are imported for it.
    from ..compiler.selection import wrong_selectors

    for problem in wrong_selectors(names):
        raise Refusal(problem.message, problem.help)
    return names


def _fix(task: Task, files: Sequence[Path], *, unsafe: bool, write: bool) -> int:
    """Fix files, or show how they would be; how many fixes there were."""
    from ..base.files import write_atomically
    from .checking import fixed
    from .checks.examine import workspace_for
    from .format import difference

    workspace = workspace_for(task)
    count = 0
    for path in files:
        full = str(Path.cwd() / path)
        before = workspace.analyse(full).source.text
        result = fixed(workspace, path, unsafe=unsafe)
        count += result.count
        if result.count and write:
            write_atomically(path, result.text)
            workspace.disk.put(full, result.text)
        elif result.count:
            say("".join(difference(shown(path), before, result.text)), newline=False)
    if count:
        say(f"{'Fixed' if write else 'Would fix'} {plural(count, 'finding')}.", error=True)
    return count
