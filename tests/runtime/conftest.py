"""Fixtures for the runtime's tests: one server and one import of litellm for all, clean settings for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dspyc.runtime import Embedder
from dspyc.runtime.lm import cache, history
from dspyc.runtime.lm.control import passing
from dspyc.runtime.lm.transports import base
from dspyc.runtime.retrieval.dummies import DummyVectorizer
from support.openai_server import OpenAIServer


@pytest.fixture(autouse=True)
def _clean_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    from dspyc.runtime.execution.settings import reset

    cache.configure_cache(enable_disk_cache=False)
    reset()
    passing._endpoints.clear()
    history.ALL.clear()
    yield
    reset()
    cache.configure_cache(enable_disk_cache=False)


@pytest.fixture(scope="session")
def _running_server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def server(_running_server: OpenAIServer) -> OpenAIServer:
    """The loopback server, with no script and nothing seen."""
    _running_server.reset()
    return _running_server


@pytest.fixture(params=["http", "litellm"])
def carrier(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What carries the requests to servers that speak OpenAI's language: both ways give the same."""
    if request.param == "litellm":
        monkeypatch.setitem(base.TRANSPORTS, "openai/", base.TRANSPORTS[""])
        # For processes that a test starts.
        monkeypatch.setenv("TEST_LM_OPTIONS", '{"custom_llm_provider": "openai"}')
    chosen: str = request.param
    return chosen


@pytest.fixture
def embedder() -> Embedder:
    """Vectors by letter groups."""
    return Embedder(DummyVectorizer())
