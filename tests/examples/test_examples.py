"""The sample programs: each checks, keeps its layout and loads, and answers with values of its types."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dspyc
from dspyc.grammar.formatting.format import format_source
from dspyc.loader.compiling import analyse
from dspyc.runtime import LM, configure_cache
from support.openai_server import OpenAIServer

FOLDER = Path(__file__).parents[2] / "examples"
PROGRAMS = sorted(FOLDER.rglob("*.dspy"))


@pytest.fixture(scope="module")
def _running() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture(autouse=True)
def _imports(monkeypatch: pytest.MonkeyPatch) -> None:
    """The samples import `tools`, which is a likely name for another test's file."""
    monkeypatch.setattr("sys.path", [*sys.path])
    monkeypatch.delitem(sys.modules, "tools", raising=False)


@pytest.fixture
def server(_running: OpenAIServer) -> OpenAIServer:
    """The loopback server, which makes up an answer of the right form to each prompt."""
    _running.reset()
    configure_cache(enable_disk_cache=False, enable_memory_cache=False)
    return _running


def load(name: str, server: OpenAIServer) -> Any:
    """A sample whose model is the server's."""
    return dspyc.load(FOLDER / name, lm=LM("openai/x", api_base=server.api_base, api_key="none"))


def test_there_are_samples() -> None:
    assert {"math", "rag", "classify", "extract", "article", "refine", "agent", "banking"} <= {
        each.stem for each in PROGRAMS
    }


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_sample_checks_keeps_its_layout_and_loads(path: Path) -> None:
    assert not analyse(str(path)).diagnostics
    text = path.read_text(encoding="utf-8")
    assert format_source(text) == text
    module = dspyc.load(path)
    assert set(module.__dspyc__.kinds) <= set(vars(module))


def test_math(server: OpenAIServer) -> None:
    pred = load("math.dspy", server).math(question="Two dice are tossed: what is the chance of two?")
    assert type(pred.answer) is float
    assert type(pred.reasoning) is str


def test_rag_reads_what_the_search_brings(server: OpenAIServer) -> None:
    pred = load("rag.dspy", server).rag(question="What is the capital of Belgium?")
    assert type(pred.response) is str
    (seen,) = server.requests
    assert "Brussels is the capital of Belgium" in seen.body["messages"][-1]["content"]


def test_classify(server: OpenAIServer) -> None:
    pred = load("classify.dspy", server).classify(sentence="A lovely book.")
    assert pred.sentiment in ("positive", "negative", "neutral")
    assert type(pred.confidence) is float
    assert 0 <= pred.confidence <= 1


def test_extract_makes_records(server: OpenAIServer) -> None:
    sample = load("extract.dspy", server)
    pred = sample.extract(text="Apple presented the iPhone 14.")
    assert type(pred.title) is str
    assert [type(each) for each in pred.headings] == [str, str]
    assert [type(each) for each in pred.entities] == [sample.Entity, sample.Entity]
    assert all(type(each.kind) is sample.Kind for each in pred.entities)


def test_the_sections_of_an_article_are_drafted_together(server: OpenAIServer) -> None:
    server.latency = 0.05
    pred = load("article.dspy", server).draft_article(topic="Castles")
    assert type(pred.title) is str
    assert [type(each) for each in pred.sections] == [str, str]
    assert len(server.requests) == 3, "the outline, then a draft for each section"
    assert server.most_in_flight == 2


@pytest.mark.parametrize("name", ["refined", "best_of_3"])
def test_refine_takes_the_answer_of_one_word(name: str, server: OpenAIServer) -> None:
    sample = load("refine.dspy", server)
    server.script(
        "[[ ## reasoning ## ]]\nAsk.\n\n[[ ## answer ## ]]\nThe city of Brussels\n\n[[ ## completed ## ]]",
        *["[[ ## discussion ## ]]\nLong.\n\n[[ ## advice ## ]]\n{}\n\n[[ ## completed ## ]]"]
        * (name == "refined"),
        "[[ ## reasoning ## ]]\nAsk.\n\n[[ ## answer ## ]]\nBrussels\n\n[[ ## completed ## ]]",
    )
    pred = getattr(sample, name)(question="What is the capital of Belgium?")
    assert (type(pred.reasoning), pred.answer) == (str, "Brussels")
    assert len(server.requests) == (3 if name == "refined" else 2)


def test_the_agent_calls_its_tools(server: OpenAIServer) -> None:
    pred = load("agent.dspy", server).agent(question="What is 1 + 1?")
    assert type(pred.answer) is float
    called = {name: step for name, step in pred.trajectory.items() if name.startswith("tool_name")}
    assert list(called.values()) == ["evaluate_math", "search_wikipedia", "finish"]
    assert pred.trajectory["observation_0"] == 2.0
    assert len(pred.trajectory["observation_1"]) == 3
