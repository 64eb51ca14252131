"""Collects the `test` declarations of `.dspy` files in pytest; imports nothing of ours until there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from _pytest._code.code import ExceptionInfo, TerminalRepr


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--dspyc-lm`."""
    parser.getgroup("dspyc").addoption(
        "--dspyc-lm", metavar="MODEL", help="the model for tests of .dspy files"
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A collector for a `.dspy` file that declares a test."""
    if file_path.suffix != ".dspy":
        return None
    from ..project.disk import declares_tests

    if not declares_tests(file_path):
        return None
    return DspycFile.from_parent(parent, path=file_path)


class DspycFile(pytest.File):
    """A `.dspy` file with tests."""

    def collect(self) -> Iterator[pytest.Item]:
        """The tests of the file; a file with mistakes fails here with its findings."""
        from .errors import Refusal
        from .opening import open_program
        from .testing import tests_of

        try:
            loaded = open_program(self.path)
        except Refusal as problem:
            raise self.CollectError(problem.report_text()) from None
        for title, function in tests_of(loaded).items():
            yield DspycTest.from_parent(self, name=title, function=function)


class DspycTest(pytest.Item):
    """A `test` declaration."""

    def __init__(self, *, function: Callable[[], Any], **options: Any) -> None:
        super().__init__(**options)
        self.function = function

    def runtest(self) -> None:
        """Run the test."""
        from .opening import with_lm

        with with_lm(self.config.getoption("--dspyc-lm")):
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
