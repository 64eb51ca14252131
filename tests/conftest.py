"""Options that the suites share."""

from __future__ import annotations

import signal

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update` rewrites the expectations that stand in files."""
    parser.addoption("--update", action="store_true", help="write what is found into the test data")


def pytest_configure() -> None:
    """A shell that runs the tests in the background has them ignore Ctrl-C, and what they start would too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
