"""Retrievers that are configured, that choose demos, and that are parts of programs."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc import load
from dspyc.compiler.analysis import Project
from dspyc.runtime.errors import (
    ConfigurationError,
    NotConfiguredError,
)
from dspyc.runtime.retrieval.dummies import dummy_rm

DOCS = ["The shop opens at nine.", "Cats sleep a lot.", "Opening hours are from nine to five."]


# --- configured retrievers ------------------------------------------------------------------------------


class Found:
    """A passage as an object."""

    def __init__(self, text: str) -> None:
        self.long_text = text


async def _later(query: str, k: int) -> list[str]:
    await asyncio.sleep(0)
    return DOCS[:k]


@pytest.mark.parametrize(
    "retriever",
    [
        lambda query, k: DOCS[:k],
        lambda query, k: [Found(each) for each in DOCS[:k]],
        lambda query, k: [{"long_text": each} for each in DOCS[:k]],
        lambda query, k: [{"text": each} for each in DOCS[:k]],
        lambda query, k: dspy.Prediction(passages=DOCS[:k]),
        _later,
    ],
)
def test_what_a_retriever_gives(retriever: Any) -> None:
    dspy.configure(rm=retriever)
    search = dspy.Retrieve(k=2)
    assert search("x").passages == DOCS[:2]
    assert search(query="x", k=1).passages == DOCS[:1]
    assert asyncio.run(search.acall("x")).passages == DOCS[:2]
    assert dspy.Retrieve(k=2, rm=retriever)("x").passages == DOCS[:2]


def test_a_retriever_that_is_a_module(embedder: dspy.Embedder) -> None:
    dspy.configure(rm=dspy.BM25(DOCS))
    assert dspy.Retrieve(k=1)("cats").passages == [DOCS[1]]
    with dspy.context(rm=dummy_rm(DOCS)):
        assert dspy.Retrieve(k=1)(DOCS[0]).passages == [DOCS[0]]
    with dspy.context(rm=lambda query, k: DOCS[2]):
        assert dspy.Retrieve()("x").passages == [DOCS[2]]


def test_no_retriever() -> None:
    with pytest.raises(NotConfiguredError, match=r"no retriever is set: call configure\(rm=…\)"):
        dspy.Retrieve()("x")
    with pytest.raises(ConfigurationError, match="made without passages"):
        dummy_rm()("x", k=1)


def test_the_state_of_a_retriever() -> None:
    class RAG(dspy.Module):
        def __init__(self) -> None:
            self.search = dspy.Retrieve(k=7)
            self.answer = dspy.Predict("context, question -> answer")

    program = RAG()
    state = program.dump_state()
    assert state["search"] == {"k": 7}
    other = RAG()
    other.search.k = 1
    other.load_state(state)
    assert other.search.k == 7
    assert [name for name, _ in program.named_predictors()] == ["answer"]


# --- KNN ------------------------------------------------------------------------------------------------


def test_the_nearest_examples(embedder: dspy.Embedder) -> None:
    train = [
        dspy.Example(question=text, answer=str(number)).with_inputs("question")
        for number, text in enumerate(DOCS)
    ]
    knn = dspy.KNN(k=2, trainset=train, vectorizer=embedder)
    assert knn(question="cats sleep a lot")[0] is train[1]
    assert len(knn(question="x")) == 2
    assert asyncio.run(knn.acall(question=DOCS[2]))[0] is train[2]
    assert knn.trainset_vectors.shape == (3, 100)
    assert dspy.KNN(2, [], embedder)(question="x") == []
    with pytest.raises(ConfigurationError, match="example 0 of `trainset` does not say which"):
        dspy.KNN(1, [dspy.Example(a=1)], embedder)


# --- in programs ----------------------------------------------------------------------------------------


PROGRAM = '''"""Search."""

module find = BM25("docs.jsonl", k=1)

module ask:
    """Answer from the documents."""
    input question: str
    output answer: str
    output sources: list[int]

    search = BM25("docs.jsonl", k=2)
    respond = Predict("context: list[str], question -> answer")

    forward:
        found = search(query=question)
        return answer=respond(context=found.passages, question=question).answer, sources=found.indices
'''


def test_a_retriever_is_a_part_of_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file is beside the program, wherever that is run."""
    (tmp_path / "docs.jsonl").write_text("".join(json.dumps({"text": each}) + "\n" for each in DOCS))
    (tmp_path / "search.dspy").write_text(PROGRAM)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    program = load(tmp_path / "search.dspy")
    assert program.find(query="cats").passages == [DOCS[1]]
    with dspy.context(lm=dspy.DummyLM([{"answer": "at nine"}])):
        found = program.ask()(question="opening hours")
    assert found.toDict() == {"answer": "at nine", "sources": [2]}


@pytest.mark.parametrize(
    ("call", "finding"),
    [
        ('find(query="a").passages[0]', None),
        ('find(query="a", k=3).indices', None),
        ('near(query="a").scores', None),
        ('plain(query="a").passages', None),
        ('find(question="a").passages', "`find` has no input `question`; it has `query` and `k`"),
        ("find().passages", "`find` needs the input `query`"),
        ('find(query="a").answer', '`find(query="a")` has no field `answer`'),
        ('plain(query="a").scores', '`plain(query="a")` has no field `scores`'),
        ('find(query="a", k="3").indices', '`k` of `find` takes `int`, not `"3"`'),
    ],
)
def test_what_the_checker_knows(call: str, finding: str | None) -> None:
    program = (
        'module find = BM25(["a"], k=1)\n'
        'module near = EmbeddingsWithScores(["a"], Embedder("openai/x"))\n'
        "module plain = Retrieve(k=1)\n\n"
        f"def use() -> object:\n    return {call}\n"
    )
    found = Project({"page.dspy": program}.get).check("page.dspy").diagnostics
    messages = [each.message for each in found if each.code.startswith("E")]
    assert messages == [] if finding is None else finding in messages[0], messages


def test_a_test_without_a_model_is_no_finding() -> None:
    program = 'module find = BM25(["a"], k=1)\n\ntest "finds":\n    assert find(query="a").indices == [0]\n'
    assert [each.message for each in Project({"p.dspy": program}.get).check("p.dspy").diagnostics] == []


def test_nothing_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys, dspyc.runtime as d\n"
        "d.BM25, d.Embedder, d.Embeddings, d.Retrieve, d.ColBERTv2, d.KNN\n"
        "d.BM25(['a'], k=1); d.Embeddings(['a'], d.Embedder('openai/x')); d.ColBERTv2('http://x')\n"
        "print([name for name in ('litellm', 'aiohttp', 'numpy', 'bm25s') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
