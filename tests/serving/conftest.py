"""A file of programs to serve, and the model that they ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.openai_server import OpenAIServer
from support.served import HELPERS, PROGRAM


@pytest.fixture(scope="module")
def model() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture(scope="module")
def path(model: OpenAIServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("serving") / "served.dspy"
    found.write_text(PROGRAM % model.api_base)
    (found.parent / "helpers.py").write_text(HELPERS)
    return found
