"""`dspyc test`: the `test` declarations of files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import click

from ..base.secrets import redact
from ..compiler.render import ansi
from .console import columns, say
from .errors import Failure, Refusal
from .files import find
from .models import Models, lm_option, read_models
from .tapes import open_tape, recording_to

if TYPE_CHECKING:
    from ..project.programs import Loaded
    from ..runtime.lm.cassettes.tape import Tape
    from .tapes import Mode


@click.command
@click.argument("paths", nargs=-1, metavar="[PATHS]…", type=click.Path())
@click.option("-k", "wanted", metavar="TEXT", default="", help="Run only tests with this text in the title.")
@click.option("-x", "--exitfirst", is_flag=True, help="Stop at the first failure.")
@lm_option
@click.option(
    "--record", is_flag=True, help="Record model answers in FILE.cassette.jsonl, next to each file."
)
@click.option("--replay", is_flag=True, help="Answer from the cassettes; no model is called.")
def command(
    paths: tuple[str, ...], wanted: str, exitfirst: bool, models: tuple[str, ...], record: bool, replay: bool
) -> int:
    """Run the `test` declarations of files.

    PATHS are files or folders (the working folder by default). pytest also collects these tests if dspyc
    is installed.

    With --record, model answers are recorded in a cassette, a text file next to the program; commit it. With
    --replay, the tests use these answers, so they need no key, cost nothing and give the same result each
    time. A request that is not in the cassette fails its test.

    \b
    Examples:
      dspyc test
      dspyc test banking.dspy -k card
      dspyc test --lm openai/gpt-4o-mini
      dspyc test banking.dspy --record
      dspyc test --replay
    """
    if record and replay:
        raise Refusal("--record and --replay cannot be combined")
    started = perf_counter()
    chosen = read_models(models)
    files: Iterable[Loaded | Failure] = _open(find(paths))
    if chosen.by_name:
        # Before the first request is paid for.
        files = list(files)
        loaded = [each for each in files if not isinstance(each, Failure)]
        if len(loaded) == len(files):
            chosen.verify(loaded)
    mode: Mode | None = "record" if record else "replay" if replay else None
    passed, failed, broken = 0, 0, 0
    for opened in files:
        try:
            if isinstance(opened, Failure):
                raise opened
            tape = open_tape(opened, mode) if mode is not None else None
            with recording_to(tape, opened):
                for succeeded in _results(opened, wanted, chosen, tape):
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


def _open(paths: Sequence[Path]) -> Iterator[Loaded | Failure]:
    """The files that declare tests, or why one cannot be loaded."""
    from ..project.disk import declares_tests
    from .opening import open_program

    for path in paths:
        if not declares_tests(path):
            continue
        try:
            yield open_program(path)
        except Failure as problem:
            yield problem


def _results(loaded: Loaded, wanted: str, models: Models, tape: Tape | None) -> Iterator[bool]:
    """Run the tests of one file, telling of each; yields whether it passed."""
    from .testing import explain, tests_of

    for title, function in tests_of(loaded).items():
        if wanted.lower() not in title.lower():
            continue
        started = perf_counter()
        otherwise = tape.model_of(title) if tape is not None else None
        try:
            with models.answering(loaded, otherwise), nullcontext() if tape is None else tape.test(title):
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
