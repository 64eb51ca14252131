"""The model of these tests: a base model of some hundred million weights, which `make test-lm` downloads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import LM, context


@pytest.fixture(scope="session")
def model(request: pytest.FixtureRequest) -> str:
    """The model's name; its file is not part of this repository."""
    path = request.config.getoption("--gguf")
    assert path is not None, "say which model: `--gguf=FILE`, or run `make test-lm`"
    return f"gguf/{Path(path).resolve()}"


@pytest.fixture
def lm(model: str) -> Any:
    """The model, configured for the test; it answers anew each time."""
    lm = LM(model, cache=False, max_tokens=16, n_parallel=1, cache_prompt=True)
    with context(lm=lm):
        yield lm
