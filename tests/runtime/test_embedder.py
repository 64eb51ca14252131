"""Vectors of a provider or of a function, and passages of a server, over real HTTP."""

from __future__ import annotations

import asyncio
import json
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
from dspyc.runtime.errors import (
    ConfigurationError,
    LMAuthError,
    LMError,
)
from dspyc.runtime.lm import cache

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
