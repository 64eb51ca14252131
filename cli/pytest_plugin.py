"""Collects the `test` declarations of `.dspy` files in pytest, and with `--dspyc-check` a check of each file.

It imports nothing of ours until there is a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from _pytest._code.code import ExceptionInfo, TerminalRepr

    from ..project.programs import Loaded
    from ..runtime.lm.cassettes.tape import Tape
    from .checks.engine import Engine

_ENGINE: pytest.StashKey[Engine] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--dspyc-lm`, `--dspyc-record`, `--dspyc-replay` and `--dspyc-check`."""
    group = parser.getgroup("dspyc")
    group.addoption(
        "--dspyc-check",
        action="store_true",
        help="check .dspy files too; each is a test that fails on findings",
    )
    group.addoption(
        "--dspyc-lm",
        metavar="[NAME=]MODEL",
        action="append",
        default=[],
        help="the model for tests in .dspy files; NAME=MODEL replaces only `lm NAME`; can be repeated",
    )
    group.addoption(
        "--dspyc-record",
        action="store_true",
        help="record model answers in a cassette next to each .dspy file",
    )
    group.addoption(
        "--dspyc-replay", action="store_true", help="answer from the cassettes; no model is called"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse options that cannot go together."""
    if config.getoption("--dspyc-record") and config.getoption("--dspyc-replay"):
        raise pytest.UsageError("--dspyc-record and --dspyc-replay cannot be combined")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A collector for a `.dspy` file that declares a test, or that is to be checked."""
    if file_path.suffix != ".dspy":
        return None
    from ..project.disk import declares_tests

    if not declares_tests(file_path) and not _is_checked(file_path, parent.config):
        return None
    return DspycFile.from_parent(parent, path=file_path)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse a model for an `lm` that none of the collected files has."""
    files = {id(item.loaded): item.loaded for item in session.items if isinstance(item, DspycTest)}
    given = session.config.getoption("--dspyc-lm")
    if not files or not given:
        return
    from .errors import Refusal
    from .models import read_models

    try:
        read_models(given).verify(list(files.values()))
    except Refusal as problem:
        raise pytest.UsageError(f"--dspyc-lm: {problem.report_text()}") from None


def _is_checked(path: Path, config: pytest.Config) -> bool:
    if not config.getoption("--dspyc-check"):
        return False
    from ..project.walking import is_left_out

    return not is_left_out(str(path))


class DspycFile(pytest.File):
    """A `.dspy` file with tests, or with a check of it."""

    def collect(self) -> Iterator[pytest.Item]:
        """The check and the tests of the file. A file with mistakes fails with its findings."""
        from ..project.disk import declares_tests
        from .errors import Refusal
        from .opening import open_program
        from .tapes import open_tape
        from .testing import tests_of

        records, replays = (self.config.getoption(f"--dspyc-{each}") for each in ("record", "replay"))
        is_checked = _is_checked(self.path, self.config)
        if is_checked:
            yield DspycCheck.from_parent(self, name="dspyc-check")
        if not declares_tests(self.path):
            return
        try:
            loaded = open_program(self.path)
            tape = open_tape(loaded, "record" if records else "replay") if records or replays else None
        except Refusal as problem:
            if is_checked:
                return
            raise self.CollectError(problem.report_text()) from None
        for title, function in tests_of(loaded).items():
            yield DspycTest.from_parent(self, name=title, function=function, loaded=loaded, tape=tape)


class DspycCheck(pytest.Item):
    """A check of a file, as `dspyc check` does it."""

    def runtest(self) -> None:
        """Check the file; errors and warnings fail the test."""
        outcome = _engine(self.config).check([self.path])
        if outcome.report.count("error") or outcome.report.count("warning"):
            from ..compiler.render import full, plain, summary

            raise FindingsError(full(outcome.report, plain, 100) + summary(outcome.report))

    def repr_failure(self, excinfo: ExceptionInfo[BaseException], style: Any = None) -> str | TerminalRepr:
        """The findings, as on the command line."""
        if isinstance(excinfo.value, FindingsError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the file is, for pytest's report."""
        return self.path, None, self.name


class FindingsError(Exception):
    """A file was checked, and there are findings."""


def _engine(config: pytest.Config) -> Engine:
    """What checks files in this run of pytest; it knows what was read for the others."""
    if _ENGINE not in config.stash:
        from .checks.engine import Engine
        from .checks.result import Task

        config.stash[_ENGINE] = Engine(Task())
    return config.stash[_ENGINE]


class DspycTest(pytest.Item):
    """A `test` declaration."""

    def __init__(
        self, *, function: Callable[[], Any], loaded: Loaded, tape: Tape | None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.function = function
        self.loaded = loaded
        self.tape = tape

    def runtest(self) -> None:
        """Run the test; what it recorded is written at once, so that an interrupted run keeps it."""
        from contextlib import nullcontext

        from .models import read_models
        from .tapes import recording_to

        models, tape = read_models(self.config.getoption("--dspyc-lm")), self.tape
        otherwise = None if tape is None else tape.model_of(self.name)
        with (
            models.answering(self.loaded, otherwise),
            recording_to(tape, self.loaded),
            nullcontext() if tape is None else tape.test(self.name),
        ):
            self.function()

    def repr_failure(self, excinfo: ExceptionInfo[BaseException], style: Any = None) -> str | TerminalRepr:
        """What happened in one line, for pytest's summary; the line of the program, and the values that its
        `assert` read."""
        from ..base.secrets import redact
        from ..compiler.render import plain
        from .failures import one_line
        from .testing import explain

        what, why = one_line(excinfo.value), explain(excinfo.value, plain, 100)
        return redact(why if what == why else f"{what}\n{why}")

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the test stands, for pytest's report."""
        from inspect import unwrap

        return self.path, unwrap(self.function).__code__.co_firstlineno - 1, self.name
