"""What a test loads is not found by other tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _search_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test loads is not found by other tests."""
    known = set(sys.modules)
    monkeypatch.setattr("sys.path", [*sys.path])
    yield
    for name in {"common", "tools"} & (set(sys.modules) - known):
        del sys.modules[name]
