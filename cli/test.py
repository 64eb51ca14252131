"""`dspyc test`: the `test` declarations of files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from time import perf_counter, time
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from ..base.secrets import redact
from .errors import Failure, Refusal
from .files import find
from .lines import lines_option
from .models import Models, lm_option, read_models
from .tapes import open_tape, recording_to
from .testreports import Outcome, Reports, reporting
from .traces import trace_options, traced, verify_trace

if TYPE_CHECKING:
    from ..project.programs import Loaded
    from ..runtime.lm.cassettes.tape import Tape
    from .tapes import Mode


class Wanted(Struct, frozen=True):
    """Which tests are run."""

    text: str = ""
    """In the title, in whatever case."""
    titles: Sequence[str] = ()
    """The whole titles; all where there is none."""

    def has(self, title: str) -> bool:
        """Whether a test is run."""
        return self.text.lower() in title.lower() and (not self.titles or title in self.titles)

    def __str__(self) -> str:
        """What was asked for, to say that nothing is like it."""
        named = " or ".join(f"`{each}`" for each in self.titles)
        parts = [
            f" with `{self.text}` in its title" if self.text else "",
            f" called {named}" if named else "",
        ]
        return "".join(parts)


@click.command
@click.argument("paths", nargs=-1, metavar="[PATHS]…", type=click.Path())
@click.option("-k", "text", metavar="TEXT", default="", help="Run only tests with this text in the title.")
@click.option(
    "--title", "titles", metavar="TITLE", multiple=True, help="Run only this test; can be repeated."
)
@click.option("-x", "--exitfirst", is_flag=True, help="Stop at the first failure.")
@lm_option
@click.option(
    "--record", is_flag=True, help="Record model answers in FILE.cassette.jsonl, next to each file."
)
@click.option("--replay", is_flag=True, help="Answer from the cassettes; no model is called.")
@trace_options
@lines_option
def command(
    paths: tuple[str, ...],
    text: str,
    titles: tuple[str, ...],
    exitfirst: bool,
    models: tuple[str, ...],
    record: bool,
    replay: bool,
    trace: Path | None,
    content: bool,
    as_lines: bool,
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
    verify_trace(trace, content)
    started = perf_counter()
    wanted = Wanted(text, titles)
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
    with reporting(as_lines) as reports, traced(trace, content, "test", " ".join(paths)):
        for opened in files:
            try:
                if isinstance(opened, Failure):
                    raise opened
                tape = open_tape(opened, mode) if mode is not None else None
                with recording_to(tape, opened), _keeping(opened, models) as results:
                    for title, succeeded in _results(opened, wanted, chosen, tape, reports):
                        results[title] = succeeded
                        passed, failed = passed + succeeded, failed + (not succeeded)
                        if exitfirst and not succeeded:
                            break
            except Failure as problem:
                reports.broken(problem)
                broken += 1
            if exitfirst and (failed or broken):
                break
        if not passed + failed + broken:
            raise Refusal(
                f"no tests found{wanted}", 'write a test as `test "title":` with `assert` in its body'
            )
        reports.finished(passed, failed, broken, perf_counter() - started)
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


@contextmanager
def _keeping(loaded: Loaded, models: Sequence[str]) -> Iterator[dict[str, bool]]:
    """Which tests of a file have passed, by their titles; kept at the end, whatever ends the run."""
    from ..project.results import LastTest, keep_results, text_digest

    results: dict[str, bool] = {}
    try:
        yield results
    finally:
        text, now, named = text_digest(loaded.analysis.source.text), time(), redact(", ".join(models))
        kept = {title: LastTest(passed, now, text, named) for title, passed in results.items()}
        titles, names = loaded.compiled.tests, loaded.names
        keep_results(loaded.analysis.path, tests=kept, titles=titles, names=names)


def _results(
    loaded: Loaded, wanted: Wanted, models: Models, tape: Tape | None, reports: Reports
) -> Iterator[tuple[str, bool]]:
    """Run the tests of one file, telling of each; yields its title, and whether it passed."""
    from ..runtime.lm.usage import observing
    from .testing import tests_of

    for title, function in tests_of(loaded).items():
        if not wanted.has(title):
            continue
        reports.started(loaded, title)
        responses: list[Any] = []
        problem: Exception | None = None
        started = perf_counter()
        otherwise = tape.model_of(title) if tape is not None else None
        try:
            with (
                models.answering(loaded, otherwise),
                nullcontext() if tape is None else tape.test(title),
                observing(partial(_keep, responses)),
            ):
                function()
        except Exception as error:  # noqa: BLE001 - whatever a test raises is its result
            problem = error
        reports.ended(loaded, title, Outcome(perf_counter() - started, problem, responses))
        yield title, problem is None


def _keep(responses: list[Any], response: Any, _request: Any) -> None:
    responses.append(response)
