"""Retrieval: by words, by vectors, by whatever is configured, by a server; and in programs."""

from __future__ import annotations

import asyncio
import copy
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

import dspyc.runtime as dspy
from dspyc import load
from dspyc.compiler.analysis import Project
from dspyc.runtime.errors import (
    ConfigurationError,
    DataError,
    InputError,
    LMAuthError,
    LMError,
    NotConfiguredError,
    StateError,
)
from dspyc.runtime.lm import cache
from dspyc.runtime.retrieval.dummies import DummyVectorizer, dummy_rm

DOCS = ["The shop opens at nine.", "Cats sleep a lot.", "Opening hours are from nine to five."]


@pytest.fixture
def embedder() -> dspy.Embedder:
    """Vectors by letter groups."""
    return dspy.Embedder(DummyVectorizer())


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


# --- the embedder ---------------------------------------------------------------------------------------


class Endpoint(BaseHTTPRequestHandler):
    """An endpoint for embeddings, and a ColBERT server, over real HTTP."""

    seen: list[dict[str, Any]]
    failures: list[int]

    def do_POST(self) -> None:
        """Embeddings, or passages for a query in JSON."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        type(self).seen.append(body)
        if "query" in body:
            self._passages(body["query"], body["k"])
            return
        if type(self).failures:
            self._send(type(self).failures.pop(0), {"error": {"message": "not now"}})
            return
        rows = [
            {"object": "embedding", "index": number, "embedding": [float(len(text)), 1.0]}
            for number, text in enumerate(body["input"])
        ]
        usage = {"prompt_tokens": len(rows), "total_tokens": len(rows)}
        # The rows may come in any order; they are numbered.
        self._send(200, {"object": "list", "data": rows[::-1], "model": body["model"], "usage": usage})

    def do_GET(self) -> None:
        """Passages for a query in the address."""
        asked = parse_qs(urlsplit(self.path).query)
        type(self).seen.append(asked)
        self._passages(asked["query"][0], int(asked["k"][0]))

    def _passages(self, query: str, k: int) -> None:
        if type(self).failures:
            self._send(type(self).failures.pop(0), {"message": "not now"})
        elif query == "broken":
            self._send(200, {"error": True, "message": "the index is gone"})
        else:
            rows = [
                {"text": f"{query} {number}", "pid": number, "score": 9 - number} for number in range(k + 2)
            ]
            self._send(200, {"topk": rows})

    def _send(self, status: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[tuple[str, type[Endpoint]]]:
    """Its address, and the class that keeps what it has seen."""
    kind = type("Fresh", (Endpoint,), {"seen": [], "failures": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", kind
    server.shutdown()
    server.server_close()


def hosted(address: str, **options: Any) -> dspy.Embedder:
    """An embedder at the endpoint."""
    return dspy.Embedder("openai/small", api_base=address, api_key="sk-canary", **options)


def test_vectors_of_a_provider(endpoint: tuple[str, type[Endpoint]]) -> None:
    address, seen = endpoint
    embed = hosted(address, batch_size=2)
    with dspy.track_usage() as tracker:
        vectors = embed(["a", "bb", "ccc", "a"])
    assert vectors.tolist() == [[1, 1], [2, 1], [3, 1], [1, 1]]
    assert vectors.dtype == np.float32
    assert [each["input"] for each in seen.seen] == [["a", "bb"], ["ccc"]]
    assert tracker.get_total_tokens()["openai/small"]["prompt_tokens"] == 3
    assert embed("dddd").tolist() == [4, 1]
    assert embed(["a", "bb"]).tolist() == [[1, 1], [2, 1]]
    assert len(seen.seen) == 3
    assert asyncio.run(embed.acall(["a", "eeeee"])).tolist() == [[1, 1], [5, 1]]
    assert seen.seen[-1]["input"] == ["eeeee"]


def test_vectors_without_the_cache(endpoint: tuple[str, type[Endpoint]]) -> None:
    address, seen = endpoint
    embed = hosted(address, caching=False)
    embed("a")
    embed("a")
    embed("a", caching=True)
    embed("a", caching=True)
    assert len(seen.seen) == 3


def test_settings_are_part_of_a_vectors_name(endpoint: tuple[str, type[Endpoint]]) -> None:
    address, seen = endpoint
    embed = hosted(address)
    embed("a")
    embed("a", user="someone", encoding_format="float")
    assert len(seen.seen) == 2


def test_vectors_are_kept_on_the_disk_without_the_key(
    endpoint: tuple[str, type[Endpoint]], tmp_path: Path
) -> None:
    address, seen = endpoint
    cache.configure_cache(disk_cache_dir=tmp_path)
    hosted(address)("a")
    cache.configure_cache(disk_cache_dir=tmp_path)
    assert hosted(address)("a").tolist() == [1, 1]
    assert len(seen.seen) == 1
    cache.configure_cache(enable_disk_cache=False)
    assert b"canary" not in b"".join(each.read_bytes() for each in tmp_path.rglob("*") if each.is_file())


def test_a_failure_that_passes_is_tried_again(endpoint: tuple[str, type[Endpoint]]) -> None:
    address, seen = endpoint
    seen.failures = [500, 429]
    assert hosted(address)("a").tolist() == [1, 1]
    assert len(seen.seen) == 3


def test_a_failure_that_stays(endpoint: tuple[str, type[Endpoint]]) -> None:
    address, seen = endpoint
    seen.failures = [401] * 3
    with pytest.raises(LMAuthError, match="openai/small") as caught:
        hosted(address)("a")
    assert "canary" not in str(caught.value)
    assert len(seen.seen) == 1


def test_batches_of_a_function() -> None:
    sizes: list[int] = []

    def vectors(texts: list[str], scale: float = 1.0) -> list[list[float]]:
        sizes.append(len(texts))
        return [[len(text) * scale] for text in texts]

    embed = dspy.Embedder(vectors, batch_size=2, scale=2.0)
    assert embed(["a", "bb", "ccc"]).tolist() == [[2], [4], [6]]
    assert embed("a", scale=3).tolist() == [3]
    assert embed(["a"] * 3, batch_size=3).shape == (3, 1)
    assert sizes == [2, 1, 1, 3]


def test_embedders_that_cannot_work(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="must be a model's name or a function, not int"):
        dspy.Embedder(3)
    with pytest.raises(ConfigurationError, match="returned 1 vectors for 2 texts"):
        dspy.Embedder(lambda texts: [[1.0]])(["a", "b"])
    monkeypatch.setitem(sys.modules, "model2vec", None)
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ConfigurationError, match=r"`local/tiny` needs the package.*pip install model2vec"):
        dspy.Embedder("local/tiny")("a")


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


# --- a server -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("post", [False, True])
def test_passages_of_a_server(endpoint: tuple[str, type[Endpoint]], post: bool) -> None:
    address, seen = endpoint
    search = dspy.ColBERTv2(url=address, post_requests=post)
    found = search("a b&c", k=2)
    assert [each.text for each in found] == ["a b&c 0", "a b&c 1"]
    assert found[0]["long_text"] == found[0].long_text == "a b&c 0"
    assert found[0].score == 9
    assert search("a b&c", k=2, simplify=True) == ["a b&c 0", "a b&c 1"]
    assert len(seen.seen) == 1
    assert asyncio.run(search.acall("other", k=1))[0].pid == 0
    dspy.configure(rm=search)
    assert dspy.Retrieve(k=1)("a b&c").passages == ["a b&c 0"]


def test_the_port_of_a_server(endpoint: tuple[str, type[Endpoint]]) -> None:
    address, _ = endpoint
    host, _, port = address.rpartition(":")
    assert dspy.ColBERTv2(host, port, caching=False)("q", k=1, simplify=True) == ["q 0"]


def test_a_server_that_fails(endpoint: tuple[str, type[Endpoint]]) -> None:
    address, seen = endpoint
    search = dspy.ColBERTv2(url=address)
    seen.failures = [503]
    assert len(search("q", k=3)) == 3
    with pytest.raises(LMError, match="returned no passages: the index is gone"):
        search("broken")
    with pytest.raises(LMError, match="at most 100"):
        search("q", k=101)
    with pytest.raises(LMError, match=r"http://127.0.0.1:9"):
        dspy.ColBERTv2("http://127.0.0.1:9", num_retries=0)("q")


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
