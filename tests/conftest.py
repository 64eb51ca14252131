"""Options that the suites share."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update` rewrites the expectations that stand in files."""
    parser.addoption("--update", action="store_true", help="write what is found into the test data")
