"""A program of several files, and a server that answers it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dspyc
from dspyc.runtime.lm.request import Request
from support.clusters import PROGRAM, WORDS
from support.neighbour import Neighbour
from support.openai_server import OpenAIServer


@pytest.fixture(scope="session")
def running() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def server(running: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> OpenAIServer:
    """A server that answers as the nearest demo in the prompt does, or with `cards`."""
    running.reset()
    running.answer = answer
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-of-the-driver")
    return running


def answer(body: dict[str, Any]) -> str:
    """What the server says."""
    otherwise = {"team": "cards", "note": '{"words": 0, "kind": "short"}'}
    completion = Neighbour(otherwise).complete(Request(body["model"], body["messages"])).completions[0]
    return str(completion.parts[0].text)  # type: ignore[union-attr]


@pytest.fixture
def bank(tmp_path: Path, server: OpenAIServer) -> Any:
    (tmp_path / "words.py").write_text(WORDS, encoding="utf-8")
    (tmp_path / "bank.dspy").write_text(PROGRAM.format(base=server.api_base), encoding="utf-8")
    return dspyc.load(tmp_path / "bank.dspy")
