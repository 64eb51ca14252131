"""What the tests of learning share."""

from __future__ import annotations

from typing import Any

import pytest

from dspyc.runtime import context
from support.neighbour import Neighbour


@pytest.fixture
def lm() -> Any:
    """A model that is configured for the test."""
    model = Neighbour({"label": "change_pin", "reasoning": "so it seems"})
    with context(lm=model):
        yield model
