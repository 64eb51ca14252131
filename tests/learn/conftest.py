"""What the tests of learning share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dspyc.runtime import context
from dspyc.runtime.execution.settings import reset
from support.neighbour import Neighbour


@pytest.fixture
def lm() -> Any:
    """A model that is configured for the test."""
    model = Neighbour({"label": "change_pin", "reasoning": "so it seems"})
    with context(lm=model):
        yield model


@pytest.fixture
def _clean_settings() -> Iterator[None]:
    """No settings of other tests, and none left for them."""
    reset()
    yield
    reset()
