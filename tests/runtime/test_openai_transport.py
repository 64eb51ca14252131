"""What the transport to OpenAI-compatible servers sends, and what it makes of all that servers send back.

That it behaves as litellm does is the subject of `test_lm.py`, whose tests run on both.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.lm import keys
from dspyc.runtime.lm.prices import cost_of
from dspyc.runtime.lm.transports import network
from dspyc.runtime.lm.transports.events import END, events
from support.asked import KEY, model
from support.openai_server import Failure, OpenAIServer, Raw, Reply

ANSWER: dict[str, Any] = {
    "id": "x",
    "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}


class RawServer(socketserver.ThreadingTCPServer):
    """A server of our own bytes: counts connections, and keeps each request's head."""

    daemon_threads = True

    def __init__(self, *pieces: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.pieces = pieces
        self.connections = 0
        self.heads: list[str] = []

    @property
    def api_base(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no error here."""


class _Connection(socketserver.StreamRequestHandler):
    server: RawServer

    def handle(self) -> None:
        self.server.connections += 1
        while line := self.rfile.readline():
            head = [line.decode()]
            while head[-1].strip():
                head.append(self.rfile.readline().decode())
            lengths = [each for each in head if each.lower().startswith("content-length:")]
            self.rfile.read(int(lengths[0].split(":")[1]))
            self.server.heads.append("".join(head))
            for piece in self.server.pieces:
                self.wfile.write(piece)
            if b"connection: close" in self.server.pieces[0].lower():
                return


@contextmanager
def raw_server(*pieces: bytes) -> Iterator[RawServer]:
    with RawServer(*pieces) as server:
        running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        running.start()
        try:
            yield server
        finally:
            server.shutdown()
            running.join(10)


def answered(body: Any, status: str = "200 OK", *headers: str) -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", "content-type: application/json", f"content-length: {len(data)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def at(server: RawServer, **options: Any) -> dspy.LM:
    options = {"api_key": KEY, "num_retries": 0, "cache": False, "timeout": 10, **options}
    return dspy.LM(options.pop("model", "openai/any"), api_base=server.api_base, **options)


# --- what is sent ---------------------------------------------------------------------------------------


def test_no_key_is_needed_where_an_address_is_given(server: OpenAIServer, monkeypatch: Any) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    lm = dspy.LM("openai/any", api_base=server.api_base)
    assert lm("x")
    assert "authorization" not in server.requests[0].headers


def test_headers_organization_body_and_query(server: OpenAIServer) -> None:
    lm = model(
        server,
        organization="org-1",
        extra_headers={"X-Tenant": "a"},
        extra_body={"top_k": 4},
        extra_query={"v": "2"},
        guided_choice=["a", "b"],
    )
    lm("x")
    seen = server.requests[0]
    assert (seen.headers["openai-organization"], seen.headers["x-tenant"]) == ("org-1", "a")
    assert (seen.body["top_k"], seen.body["guided_choice"]) == (4, ["a", "b"])
    assert not {"extra_body", "organization", "extra_headers", "timeout"} & seen.body.keys()
    assert seen.headers["user-agent"].startswith("dspyc/")


def test_a_name_and_password_in_the_address_are_a_header() -> None:
    with raw_server(answered(ANSWER)) as server:
        base = server.api_base.replace("http://", "http://us%40er:pass@")
        dspy.LM("openai/any", api_base=base + "?api-version=1", api_key=KEY, cache=False)("x")
    (head,) = server.heads
    expected = base64.b64encode(b"us@er:pass").decode()
    assert f"authorization: Basic {expected}" in head
    assert head.startswith("POST /v1/chat/completions?api-version=1 HTTP/1.1")


@pytest.mark.parametrize(
    ("name", "variable"), [("openai/m", "OPENAI_BASE_URL"), ("hosted_vllm/m", "HOSTED_VLLM_API_BASE")]
)
def test_the_environment_may_hold_the_address(
    server: OpenAIServer, name: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, server.api_base)
    monkeypatch.setenv("OPENAI_API_KEY", "k-1")
    assert dspy.LM(name, cache=False)("x")
    assert server.requests[0].body["model"] == "m"


def test_where_the_environment_says_the_endpoint_is_no_key_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
    monkeypatch.setenv("A_TOKEN_OF_ANOTHER", "sk-of-another")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    said = [keys.endpoint_identity("openai/m", {})]
    for address in ("http://a", "http://b", "http://us:secret@c/v1"):
        monkeypatch.setenv("OPENAI_BASE_URL", address)
        said.append(keys.endpoint_identity("openai/m", {}))
        assert keys.endpoint_identity("openai/m", {}) == said[-1]
        assert keys.endpoint_identity("hosted_vllm/m", {}).find(address) == -1
    monkeypatch.delenv("OPENAI_BASE_URL")
    assert keys.endpoint_identity("openai/m", {}) == said[0]
    assert len(set(said)) == 4
    assert "secret" not in str(said)
    kept = repr(keys._environment)
    assert "OPENAI_API_KEY" in kept
    assert "sk-of" not in kept


def test_a_server_without_an_address_says_how_to_give_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOSTED_VLLM_API_BASE", raising=False)
    with pytest.raises(dspy.LMConfigurationError, match="HOSTED_VLLM_API_BASE"):
        dspy.LM("hosted_vllm/m", cache=False)("x")


@pytest.mark.parametrize(
    "wrong",
    [{"extra_headers": {"x": "a\r\nb: c"}}, {"api_base": "localhost:8000"}, {"extra_body": {"x": object()}}],
)
def test_what_cannot_be_sent_is_not_sent(server: OpenAIServer, wrong: dict[str, Any]) -> None:
    lm = dspy.LM("openai/any", **{"api_base": server.api_base, "api_key": KEY, "cache": False, **wrong})
    with pytest.raises(dspy.LMInvalidRequestError, match="cannot be sent"):
        lm("x")
    assert not server.requests


def test_litellm_is_not_imported_for_it(server: OpenAIServer) -> None:
    code = (
        "import sys, dspyc.runtime as dspy\n"
        f"assert dspy.LM('openai/any', api_base='{server.api_base}', api_key='k', cache=False)('x')\n"
        "assert not {'litellm', 'httpx', 'openai'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_settings_and_callbacks_of_litellm_are_honoured(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert model(server, mock_response="made up", cache=False)("x") == ["made up"]
    import litellm

    told: list[Any] = []
    monkeypatch.setattr(litellm, "success_callback", [lambda *facts: told.append(facts)])
    assert model(server, cache=False)("x") == ["This is a test!"]
    assert server.requests[0].headers["user-agent"].startswith("OpenAI")


def test_a_model_that_has_only_the_other_api_is_asked_by_it(server: OpenAIServer) -> None:
    for name, path in (("gpt-5-codex", "/v1/responses"), ("gpt-4o", "/v1/chat/completions")):
        server.script("fine")
        assert model(server, temperature=None, max_tokens=None).copy(model=f"openai/{name}")("x") == ["fine"]
        assert server.requests[-1].path == path


# --- what comes back ------------------------------------------------------------------------------------


def test_a_redirect_is_not_followed() -> None:
    with (
        raw_server(answered(ANSWER)) as other,
        raw_server(answered(b"", "307 Temporary Redirect", f"location: {other.api_base}")) as server,
        pytest.raises(dspy.LMInvalidRequestError, match="redirects to") as caught,
    ):
        at(server)("x")
    assert caught.value.status == 307
    assert not other.heads


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ({"error": {"message": "slow down", "code": 429}}, dspy.LMRateLimitError, 429),
        ({"error": "it broke"}, dspy.LMServerError, 500),
        ([1, 2], dspy.LMServerError, 500),
        (b'{"choices": [', dspy.LMServerError, 500),
        (b"", dspy.LMServerError, 500),
        (b"\xff\xfe{}", dspy.LMServerError, 500),
        (b"[" * 100_000, dspy.LMServerError, 500),
    ],
)
def test_a_status_of_200_is_no_proof(body: Any, kind: type[dspy.LMError], status: int) -> None:
    with raw_server(answered(body)) as server, pytest.raises(kind) as caught:
        at(server)("x")
    assert (type(caught.value), caught.value.status) == (kind, status)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "no such field", "type": "invalid"}}, "no such field"),
        ({"object": "error", "message": "from vLLM", "code": 400}, "from vLLM"),
        ({"detail": "from FastAPI"}, "from FastAPI"),
        ({"detail": [{"loc": ["body"], "msg": "field required"}]}, "field required"),
        (b"plain words", "plain words"),
        (b"<html>a page</html>", "the server answered 400"),
        (b"", "the server answered 400"),
    ],
)
def test_the_words_of_a_refusal_are_found(body: Any, words: str) -> None:
    with raw_server(answered(body, "400 Bad Request", "x-request-id: req-7")) as server:
        with pytest.raises(dspy.LMInvalidRequestError, match=words) as caught:
            at(server)("x")
        assert "<html>" not in str(caught.value)
    assert caught.value.request_id == "req-7"


def test_numbers_that_json_has_not_are_read_in_log_probabilities() -> None:
    choice = {**ANSWER["choices"][0], "logprobs": {"content": [{"token": "a", "logprob": float("-inf")}]}}
    with raw_server(answered(json.dumps({**ANSWER, "choices": [choice]}).encode())) as server:
        (output,) = at(server)("x")
    assert output["logprobs"]["content"][0]["logprob"] == float("-inf")


def test_an_endless_answer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "LARGEST", 1000)
    long = answered({**ANSWER, "more": "x" * 5000})
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    for pieces in ((long,), (head, *[b"400\r\n" + b"x" * 1024 + b"\r\n"] * 4)):
        with raw_server(*pieces) as server, pytest.raises(dspy.LMCollectionLimitError, match="larger than"):
            at(server)("x")
        with raw_server(*pieces) as server, pytest.raises(dspy.LMCollectionLimitError, match="larger than"):
            asyncio.run(at(server).acall("x"))


def test_one_connection_serves_many_calls() -> None:
    with raw_server(answered(ANSWER)) as server:
        lm = at(server)
        for number in range(5):
            assert lm(str(number)) == ["hi"]
        assert server.connections == 1
        for number in range(5):
            assert asyncio.run(lm.acall(str(number))) == ["hi"]
        assert server.connections == 2  # one of threads, one of event loops


FORKED = """
import os, sys
import dspyc.runtime as dspy
lm = dspy.LM("openai/any", api_base=sys.argv[1], api_key="k", cache=False, num_retries=0)
assert lm("a") == ["hi"]
for _ in range(3):
    child = os.fork()
    if child == 0:
        assert lm("b") == ["hi"]
        sys.exit(0)  # not os._exit: what the child inherited is put away as well
    assert os.waitpid(child, 0)[1] == 0
    assert lm("c") == ["hi"]
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_leaves_its_parents_connection_alone() -> None:
    with raw_server(answered(ANSWER)) as server:
        ended = subprocess.run(
            [sys.executable, "-c", FORKED, server.api_base], capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
        assert (ended.returncode, ended.stderr) == (0, "")
        assert server.connections == 4


def test_a_call_that_is_cancelled_gives_up_its_connection(server: OpenAIServer) -> None:
    server.latency = 5
    lm = model(server, cache=False)

    async def main() -> None:
        task = asyncio.create_task(lm.acall("x"))
        while not server.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        server.latency = 0
        assert await lm.acall("y") == ["This is a test!"]

    asyncio.run(main())


# --- streams --------------------------------------------------------------------------------------------

CHUNKS: list[dict[str, Any]] = [
    {"id": "x", "model": "m", "choices": [{"index": 0, "delta": {"content": "Blue "}}]},
    {
        "id": "x",
        "model": "m",
        "choices": [{"index": 0, "delta": {"content": "sky"}, "finish_reason": "stop"}],
    },
    {"id": "x", "model": "m", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
]


async def deltas(lm: dspy.LM) -> list[Any]:
    return [delta async for delta in lm.astream("x")]


def streamed(text: bytes, *headers: str) -> bytes:
    head = ["HTTP/1.1 200 OK", "content-type: text/event-stream", "connection: close", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + text


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [b"data: [DONE]\n\n", b""])
def test_a_stream_in_its_forms(end: bytes, last: bytes) -> None:
    lines = [b": a comment", b"event: message", b""]
    for chunk in CHUNKS:
        lines += [b"data:" + json.dumps(chunk).encode(), b""]
    with raw_server(streamed(end.join(lines) + end + last)) as server:
        found = asyncio.run(deltas(at(server)))
    assert "".join(each.text for each in found) == "Blue sky"
    assert [each.finish_reason for each in found if each.finish_reason] == ["stop"]
    assert found[-1].usage["completion_tokens"] == 2


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_in_pieces_of_any_size(size: int) -> None:
    text = b'data: {"a":\ndata: 1}\n\n: keep alive\n\ndata: two\r\n\r\ndata: [DONE]\n\ndata: never\n\n'

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(text), size):
            yield text[start : start + size]

    async def collected() -> list[bytes]:
        return [each async for each in events(pieces())]

    assert asyncio.run(collected()) == [b'{"a":\n1}', b"two", END]


def test_a_stream_that_ends_early_is_no_answer() -> None:
    text = b"data: %s\n\n" % json.dumps(CHUNKS[0]).encode()
    with raw_server(streamed(text)) as server:
        lm = at(server, cache=True)
        for _ in range(2):
            with pytest.raises(dspy.LMStreamAssemblyError, match="ended before the answer did") as caught:
                asyncio.run(deltas(lm))
    assert caught.value.partial.text == "Blue "


def test_a_stream_that_ends_before_its_first_piece_may_be_asked_for_again() -> None:
    with raw_server(streamed(b": soon\n\n")) as server, pytest.raises(dspy.LMTransportError, match="ended"):
        asyncio.run(deltas(at(server)))


def test_one_of_two_answers_that_ends_early() -> None:
    other = {"choices": [{"index": 1, "delta": {"content": "No"}}]}
    text = b"".join(b"data: %s\n\n" % json.dumps(chunk).encode() for chunk in [other, *CHUNKS])
    with raw_server(streamed(text)) as server, pytest.raises(dspy.LMStreamAssemblyError):
        asyncio.run(deltas(at(server)))


def test_a_stream_that_says_its_end_and_no_reason_is_not_kept() -> None:
    text = b"data: %s\n\ndata: [DONE]" % json.dumps(CHUNKS[0]).encode()
    with raw_server(streamed(text)) as server:
        lm = at(server, cache=True)
        found = [each for _ in range(2) for each in asyncio.run(deltas(lm))]
    assert [(each.text, each.cache_hit) for each in found if each.text] == [("Blue ", False)] * 2


def test_an_error_amid_a_stream_is_raised() -> None:
    text = b"data: %s\n\ndata: %s\n\n" % (
        json.dumps(CHUNKS[0]).encode(),
        json.dumps({"error": {"message": "overloaded", "code": 503}}).encode(),
    )
    with raw_server(streamed(text)) as raw, pytest.raises(dspy.LMServerError, match="overloaded") as caught:
        asyncio.run(deltas(at(raw)))
    assert caught.value.status == 503


def test_a_server_that_does_not_stream_is_read_whole() -> None:
    with raw_server(answered(ANSWER)) as server:
        found = asyncio.run(deltas(at(server)))
    assert "".join(each.text for each in found) == "hi"
    assert found[-1].usage["total_tokens"] == 4


def test_a_refused_stream_has_its_error(server: OpenAIServer) -> None:
    server.script(Failure(404, "no such model"))
    with pytest.raises(dspy.LMUnknownModelError, match="no such model"):
        asyncio.run(deltas(model(server, cache=False)))


# --- prices ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "usage"),
    [
        ("openai/gpt-4o-mini", {"prompt_tokens": 1000, "completion_tokens": 200}),
        (
            "openai/gpt-4o",
            {
                "prompt_tokens": 1000,
                "completion_tokens": 200,
                "prompt_tokens_details": {"cached_tokens": 600},
                "completion_tokens_details": {"reasoning_tokens": 50},
            },
        ),
        ("openai/gpt-4.1", {"prompt_tokens": 900_000, "completion_tokens": 10}),
        ("openai/o3", {"prompt_tokens": 10, "completion_tokens": 4000}),
        ("openai/gpt-5.4", {"prompt_tokens": 300_000, "completion_tokens": 10}),
    ],
)
def test_a_price_is_that_of_litellm(name: str, usage: dict[str, Any]) -> None:
    from dspyc.runtime.lm.transports import litellm_module

    litellm = litellm_module.load()
    usage = {**usage, "total_tokens": usage["prompt_tokens"] + usage["completion_tokens"]}
    answer = litellm.ModelResponse(model=name.partition("/")[2], usage=usage)
    expected = litellm.completion_cost(answer, model=name)
    assert expected > 0
    assert cost_of(name, usage) == pytest.approx(expected)


def test_an_unknown_price_is_none(server: OpenAIServer) -> None:
    lm = model(server, cache=False)
    lm("x")
    assert lm.history[0]["cost"] is None
    server.script(Raw({"model": "gpt-4o-mini"}), Reply("x"))
    lm("y")
    assert lm.history[1]["cost"] == pytest.approx(
        cost_of("openai/gpt-4o-mini", lm.history[1]["usage"]) or 0, rel=1e-9
    )
