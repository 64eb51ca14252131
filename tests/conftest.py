"""Options that the suites share."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

# No test fails because the machine is busy, and a change is not refused for an example that it did not bring:
# CI draws the same examples each time, a run by hand draws new ones.
settings.register_profile("dspyc", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "dspyc")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update` rewrites the expectations that stand in files; `--gguf` names the model of `tests/lm`."""
    parser.addoption("--update", action="store_true", help="write what is found into the test data")
    parser.addoption("--gguf", metavar="FILE", help="the base model that the tests marked `lm` ask")


# Many tests start `dspyc`; as on a user's machine, only the first start compiles it.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# What commands print is as wide as without a terminal; a process of several that test has a width of its own.
os.environ.pop("COLUMNS", None)

# What commands keep is kept for this run of the tests.
_kept = TemporaryDirectory(prefix="dspyc-tests-")
os.environ["DSPYC_CACHE_DIR"] = _kept.name
# What an earlier run has trained would be found again.
os.environ["DSPYC_MODELS"] = os.path.join(_kept.name, "models")


def pytest_configure() -> None:
    """A shell that runs the tests in the background has them ignore Ctrl-C, and what they start would too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test has written, in a form that one process can send to another: without lone surrogates."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode("utf-8")) for name, text in report.sections
    ]
    return report
