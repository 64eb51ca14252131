"""`dspyc test`: the `test` declarations of files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import click

from ..base.secrets import redact
from ..compiler.render import ansi
from .console import columns, say
from .errors import Failure, Refusal
from .files import find
from .run import LM_HELP


@click.command
@click.argument("paths", nargs=-1, metavar="[PATHS]…", type=click.Path())
@click.option("-k", "wanted", metavar="TEXT", default="", help="Run only tests with this text in the title.")
@click.option("-x", "--exitfirst", is_flag=True, help="Stop at the first failure.")
@click.option("--lm", metavar="MODEL", help=LM_HELP)
def command(paths: tuple[str, ...], wanted: str, exitfirst: bool, lm: str | None) -> int:
    """Run the `test` declarations of files.

    PATHS are files or folders (the working folder by default). pytest also collects these tests if dspyc
    is installed.

    \b
    Examples:
      dspyc test
      dspyc test banking.dspy -k card
      dspyc test --lm openai/gpt-4o-mini
    """
    started = perf_counter()
    passed, failed, broken = 0, 0, 0
    for path in find(paths):
        try:
            for succeeded in _results(path, wanted, lm):
                passed, failed = passed + succeeded, failed + (not succeeded)
                if exitfirst and not succeeded:
                    break
        except Failure as problem:
            problem.show()
            broken += 1
        if exitfirst and (failed or broken):
            break
    if not passed + failed + broken:
        which = f" with `{wanted}` in its title" if wanted else ""
        raise Refusal(f"no tests found{which}", 'write a test as `test "title":` with `assert` in its body')
    say(_summary(passed, failed, broken, perf_counter() - started))
    return int(bool(failed or broken))


def _results(path: Path, wanted: str, lm: str | None) -> Iterator[bool]:
    """Run the tests of one file, telling of each; yields whether it passed."""
    from ..project.disk import declares_tests
    from .opening import open_program, with_lm
    from .testing import explain, tests_of

    if not declares_tests(path):
        return
    loaded = open_program(path)
    for title, function in tests_of(loaded).items():
        if wanted.lower() not in title.lower():
            continue
        started = perf_counter()
        try:
            with with_lm(lm):
                function()
        except Exception as problem:  # noqa: BLE001 - whatever a test raises is its result
            took = perf_counter() - started
            say(f"{click.style('FAILED', fg='red', bold=True)} {loaded.shown}: {title} ({took:.2f} s)")
            say(redact(explain(problem, ansi, columns())))
            yield False
        else:
            took = perf_counter() - started
            say(f"{click.style('passed', fg='green')} {loaded.shown}: {title} ({took:.2f} s)")
            yield True


def _summary(passed: int, failed: int, broken: int, seconds: float) -> str:
    parts = [
        click.style(f"{failed} failed", fg="red", bold=True) if failed else "",
        click.style(f"{passed} passed", fg="green", bold=True) if passed else "",
        click.style(f"{broken} {'file' if broken == 1 else 'files'} with errors", fg="red") if broken else "",
    ]
    return f"{', '.join(filter(None, parts))} in {seconds:.2f} s"
