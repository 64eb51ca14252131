"""Collects the `test` declarations of `.dspy` files in pytest; imports nothing of ours until there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from _pytest._code.code import ExceptionInfo, TerminalRepr

    from ..project.programs import Loaded
    from ..runtime.lm.cassettes.tape import Tape


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--dspyc-lm`, `--dspyc-record` and `--dspyc-replay`."""
    group = parser.getgroup("dspyc")
    group.addoption(
        "--dspyc-lm",
        metavar="[NAME=]MODEL",
        action="append",
        default=[],
        help="the model for tests of .dspy files, instead of all or of one `lm NAME`; can be repeated",
    )
    group.addoption(
        "--dspyc-record",
        action="store_true",
        help="keep the answers of models in a cassette next to each .dspy file",
    )
    group.addoption(
        "--dspyc-replay", action="store_true", help="answer from the cassettes; no model is asked"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse options that cannot go together."""
    if config.getoption("--dspyc-record") and config.getoption("--dspyc-replay"):
        raise pytest.UsageError("--dspyc-record and --dspyc-replay cannot be combined")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A collector for a `.dspy` file that declares a test."""
    if file_path.suffix != ".dspy":
        return None
    from ..project.disk import declares_tests

    if not declares_tests(file_path):
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


class DspycFile(pytest.File):
    """A `.dspy` file with tests."""

    def collect(self) -> Iterator[pytest.Item]:
        """The tests of the file; a file with mistakes fails here with its findings."""
        from .errors import Refusal
        from .opening import open_program
        from .tapes import open_tape
        from .testing import tests_of

        records, replays = (self.config.getoption(f"--dspyc-{each}") for each in ("record", "replay"))
        try:
            loaded = open_program(self.path)
            tape = open_tape(loaded, "record" if records else "replay") if records or replays else None
        except Refusal as problem:
            raise self.CollectError(problem.report_text()) from None
        for title, function in tests_of(loaded).items():
            yield DspycTest.from_parent(self, name=title, function=function, loaded=loaded, tape=tape)


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
