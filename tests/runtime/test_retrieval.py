"""Retrieval of passages, by words and by vectors, out of corpora in files and in memory."""

from __future__ import annotations

import asyncio
import copy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dspyc.runtime as dspy
from dspyc.runtime.errors import (
    ConfigurationError,
    DataError,
    InputError,
    StateError,
)
from dspyc.runtime.retrieval.dummies import DummyVectorizer

DOCS = ["The shop opens at nine.", "Cats sleep a lot.", "Opening hours are from nine to five."]


# --- by words -------------------------------------------------------------------------------------------


def test_passages_by_words() -> None:
    search = dspy.BM25(DOCS, k=2)
    found = search(query="opening hours")
    assert found.passages == [DOCS[2]]
    assert found.indices == [2]
    assert found.scores[0] > 0
    assert search("nine cats").indices == [1, 0]
    assert search("nine cats", k=1).indices == [1]
    assert asyncio.run(search.acall(query="nine cats")).indices == [1, 0]


@pytest.mark.parametrize("query", ["zebra", "", "the", "¿?"])
def test_nothing_fits(query: str) -> None:
    found = dspy.BM25(DOCS)(query=query)
    assert (found.passages, found.indices, found.scores) == ([], [], [])


def test_equals_come_in_the_order_of_the_corpus() -> None:
    assert dspy.BM25(DOCS * 3, k=3)("cats").indices == [1, 4, 7]


def test_an_empty_corpus() -> None:
    assert dspy.BM25([])("x").passages == []


def test_words_that_do_not_count() -> None:
    assert dspy.BM25(["to be", "or not"], stopwords=[])("be").indices == [0]
    assert dspy.BM25(["alpha beta", "gamma"], stopwords=["beta"])("beta").indices == []


def test_the_number_of_passages_is_checked() -> None:
    with pytest.raises(ConfigurationError, match="`k` of `BM25` must be at least 1"):
        dspy.BM25(DOCS, k=0)
    with pytest.raises(InputError, match="a search needs a query"):
        dspy.BM25(DOCS)()
    with pytest.raises(InputError, match="a search needs a query"):
        dspy.BM25(DOCS)(query=["a"])


# --- corpora --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("docs.txt", "\ufeffThe shop opens at nine.\n\n  Cats sleep a lot.  \n", {}),
        ("docs.jsonl", '{"id": 1, "text": "The shop"}\n{"id": 2, "text": "Cats sleep a lot."}\n', {}),
        ("docs.csv", "title,body\nShop,The shop opens\nCats,Cats sleep a lot.\n", {}),
        ("docs.csv", "title,notes\nShop,The shop opens\nCats,Cats sleep a lot.\n", {"text": "notes"}),
        ("docs.json", '[{"words": "The shop"}, {"words": "Cats sleep a lot."}]', {}),
    ],
)
def test_corpora_in_files(tmp_path: Path, name: str, content: str, options: dict[str, str]) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    found = dspy.BM25(tmp_path / name, k=1, **options)("cats")
    assert found.passages == ["Cats sleep a lot."]
    assert found.indices == [1]


def test_a_dataset_is_a_corpus(tmp_path: Path) -> None:
    rows = dspy.Dataset([{"text": each, "id": number} for number, each in enumerate(DOCS)], inputs=["text"])
    assert dspy.BM25(rows)("cats").indices == [1]


def test_corpora_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no data file"):
        dspy.BM25(tmp_path / "absent.jsonl")("x")
    with pytest.raises(DataError, match="cannot be read"):
        dspy.BM25(tmp_path / "absent.txt")("x")
    with pytest.raises(DataError, match=r'no field `txt`; did you mean `text`.*text="…"'):
        dspy.BM25([{"text": "a", "id": 1}], text="txt")("x")
    with pytest.raises(DataError, match="row 1 of the corpus has no field `text`; it has `one`, `two`"):
        dspy.BM25([{"one": "a", "two": "b"}])("x")
    with pytest.raises(DataError, match="passage 2 must be a string or a row, not `int`"):
        dspy.BM25(["a", 2])("x")


def test_nothing_is_read_before_the_first_search(tmp_path: Path) -> None:
    search = dspy.BM25(tmp_path / "later.txt")
    (tmp_path / "later.txt").write_text("Cats sleep.")
    assert search("cats").indices == [0]


def test_copies_share_the_index() -> None:
    made: list[int] = []

    def vectors(texts: list[str]) -> Any:
        made.append(len(texts))
        return DummyVectorizer()(texts)

    search = dspy.Embeddings(DOCS, vectors)
    search("cats")
    search.deepcopy()("cats")
    copy.deepcopy(search)("cats")
    assert made == [3, 1, 1, 1]


def test_the_index_is_made_once() -> None:
    made: list[int] = []

    def vectors(texts: list[str]) -> Any:
        made.append(len(texts))
        return DummyVectorizer()(texts)

    search = dspy.Embeddings(DOCS, vectors)
    found = search.batch([{"query": "cats"}] * 8, num_threads=8)
    assert [each.indices[0] for each in found] == [1] * 8
    assert sorted(made) == [1] * 8 + [3]


# --- by vectors -----------------------------------------------------------------------------------------


def test_passages_by_vectors(embedder: dspy.Embedder) -> None:
    search = dspy.Embeddings(DOCS, embedder, k=1)
    assert search("cats sleep a lot").toDict() == {"passages": [DOCS[1]], "indices": [1]}
    assert asyncio.run(search.acall(query="cats sleep a lot")).indices == [1]
    assert len(search("x", k=3).passages) == 3
    assert dspy.Embeddings([], embedder)("x").passages == []
    assert search.corpus_embeddings.shape == (3, 100)


def test_scores(embedder: dspy.Embedder) -> None:
    found = dspy.EmbeddingsWithScores(DOCS, embedder, k=2)(DOCS[0])
    assert found.indices[0] == 0
    assert found.scores[0] == pytest.approx(1.0, abs=1e-5)
    assert found.scores[0] >= found.scores[1]


def test_an_async_embedding_function() -> None:
    async def vectors(texts: list[str]) -> Any:
        await asyncio.sleep(0)
        return DummyVectorizer()(texts)

    for given in (vectors, dspy.Embedder(vectors)):
        search = dspy.Embeddings(DOCS, given, k=1)
        assert search("cats sleep").indices == [1]
        assert asyncio.run(dspy.Embeddings(DOCS, given, k=1).acall("cats sleep")).indices == [1]


def test_vectors_that_are_not_normalized() -> None:
    def vectors(texts: list[str]) -> list[list[float]]:
        return [[float(len(text)), 0.0] for text in texts]

    assert dspy.Embeddings(["aa", "aaaa", "a"], vectors, normalize=False)("b").indices == [1, 0, 2]
    assert dspy.Embeddings(["aa", "aaaa", "a"], vectors)("b").indices == [0, 1, 2]


def test_on_the_disk(tmp_path: Path, embedder: dspy.Embedder) -> None:
    search = dspy.Embeddings(DOCS, embedder, k=2, normalize=False)
    before = search("cats sleep")
    search.save(str(tmp_path / "index"))
    assert sorted(each.name for each in (tmp_path / "index").iterdir()) == [
        "config.json", "corpus_embeddings.npy",
    ]  # fmt: skip

    def only_queries(texts: list[str]) -> Any:
        assert len(texts) == 1
        return DummyVectorizer()(texts)

    again = dspy.EmbeddingsWithScores.from_saved(str(tmp_path / "index"), only_queries)
    assert again("cats sleep").indices == before.indices
    assert (again.k, again.normalize) == (2, False)
    other = dspy.Embeddings(["x"], embedder)
    assert other.load(tmp_path / "index", embedder) is other
    assert other("cats sleep").indices == before.indices


def test_an_index_that_cannot_be_saved_leaves_the_earlier_one(
    tmp_path: Path, embedder: dspy.Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    dspy.Embeddings(DOCS, embedder).save(tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    later = dspy.Embeddings(DOCS[:2], embedder)
    later("cats sleep")

    def refuse(*arguments: object, **named: object) -> None:
        raise OSError("no room")

    with monkeypatch.context() as patched:
        patched.setattr("numpy.save", refuse)
        with pytest.raises(OSError, match="no room"):
            later.save(tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    later.save(tmp_path)
    assert len(dspy.Embeddings.from_saved(tmp_path, embedder).corpus) == 2


def test_a_saved_index_that_is_none(tmp_path: Path, embedder: dspy.Embedder) -> None:
    with pytest.raises(FileNotFoundError, match="there is no saved retriever"):
        dspy.Embeddings.from_saved(tmp_path / "absent", embedder)
    dspy.Embeddings(DOCS, embedder).save(tmp_path)
    (tmp_path / "config.json").write_text('{"k": 1}')
    with pytest.raises(StateError, match="has no `normalize`"):
        dspy.Embeddings.from_saved(tmp_path, embedder)
    (tmp_path / "config.json").write_text(
        '{"k": 1, "normalize": true, "corpus": ["a"], "has_faiss_index": false}'
    )
    with pytest.raises(StateError, match="holds 1 passages and 3 vectors"):
        dspy.Embeddings.from_saved(tmp_path, embedder)
    np.save(tmp_path / "corpus_embeddings.npy", np.array([object()]), allow_pickle=True)
    with pytest.raises(StateError, match="does not contain a saved retriever"):
        dspy.Embeddings.from_saved(tmp_path, embedder)


def test_an_absent_package_is_named(embedder: dspy.Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(
        ConfigurationError, match=r"needs the package `faiss`.*pip install faiss-cpu, or raise"
    ):
        dspy.Embeddings(DOCS, embedder, brute_force_threshold=3)("x")
    monkeypatch.setitem(sys.modules, "bm25s", None)
    with pytest.raises(ConfigurationError, match=r"needs the package `bm25s`.*dspyc\[retrieval\]"):
        dspy.BM25(DOCS)("x")


def test_a_large_corpus_by_faiss(embedder: dspy.Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The approximate index gives candidates, which are compared exactly; -1 stands for none."""

    class Approximate:
        def search(self, vectors: Any, count: int) -> tuple[Any, Any]:
            assert (vectors.shape, count) == ((1, 100), 20)
            return None, np.array([[2, 0, -1]])

    monkeypatch.setattr("dspyc.runtime.retrieval.embeddings._approximate", lambda vectors: Approximate())
    search = dspy.EmbeddingsWithScores(DOCS, embedder, k=2, brute_force_threshold=3)
    found = search(DOCS[0])
    assert found.indices == [0, 2]
    assert found.scores[0] == pytest.approx(1.0, abs=1e-5)
