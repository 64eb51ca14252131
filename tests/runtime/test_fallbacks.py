"""Another model answers where one cannot."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

import dspyc.runtime as dspy
from support.asked import KEY, model
from support.openai_server import Failure, OpenAIServer, RateLimit, Reply, Silent


@pytest.mark.usefixtures("carrier")
@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize(
    "step",
    [
        Failure(500), RateLimit(), Failure(401, "no"), Failure(404, "no"), Reply(None), Silent(2),
        Failure(400, "too long", "context_length_exceeded"), Reply("", finish_reason="content_filter"),
        Failure(402, "pay"),
    ],
)  # fmt: skip
def test_another_model_answers(server: OpenAIServer, step: Any, asynchronous: bool) -> None:
    server.script(step, "from the other")
    lm = model(server, fallbacks=["openai/other"], timeout=0.5, temperature=0.7)
    call: Callable[[], Any] = (lambda: asyncio.run(lm.acall("x"))) if asynchronous else (lambda: lm("x"))
    with dspy.track_usage() as used:
        assert call() == ["from the other"]
    first, second = server.requests
    assert (first.body["model"], second.body["model"]) == ("any", "other")
    assert second.body["temperature"] == 0.7
    assert second.headers["authorization"] == f"Bearer {KEY}"
    assert lm.history[-1]["response"].answered_by == "openai/other"
    assert list(used.get_total_tokens()) == ["openai/other"]


def test_a_wrong_request_is_wrong_for_all(server: OpenAIServer) -> None:
    server.script(Failure(400, "bad field"))
    with pytest.raises(dspy.LMInvalidRequestError):
        model(server, fallbacks=["openai/other"])("x")
    assert len(server.requests) == 1


def test_all_that_failed_are_named(server: OpenAIServer) -> None:
    server.script(Failure(500, "one"), Failure(503, "two"), Failure(429, "three"))
    lm = model(server, fallbacks=["openai/b", "openai/c"])
    with pytest.raises(dspy.LMRateLimitError, match="`openai/c`: three") as caught:
        lm("x")
    assert caught.value.__notes__ == ["before that: `openai/any`: one", "before that: `openai/b`: two"]


def test_a_key_goes_to_no_other_provider(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTED_VLLM_API_BASE", server.api_base)
    server.script(Failure(500), "here")
    lm = model(server, fallbacks=["hosted_vllm/local"], extra_headers={"x-secret": KEY})
    assert lm("x") == ["here"]
    assert KEY not in str(server.requests[1].headers)


def test_a_model_with_settings_of_its_own(server: OpenAIServer) -> None:
    server.script(Failure(500), "other")
    other = model(server, temperature=0.9, top_p=0.3, max_tokens=77).copy(model="openai/second")
    lm = model(server, temperature=0.1, fallbacks=[other])
    assert lm("x", max_tokens=5) == ["other"]
    body = server.requests[1].body
    assert (body["model"], body["temperature"], body["top_p"], body["max_tokens"]) == ("second", 0.9, 0.3, 5)


def test_a_reasoning_model_as_another_gets_its_settings(server: OpenAIServer) -> None:
    server.script(Failure(500), "thought")
    assert model(server, fallbacks="openai/o3")("x") == ["thought"]
    assert server.requests[1].body.keys() == {"model", "messages"}


def test_an_answer_of_another_is_kept_under_its_name(server: OpenAIServer) -> None:
    server.script(Failure(500), "other", Failure(500), "mine")
    lm = model(server, fallbacks=["openai/other"], cache=True)
    assert lm("x") == ["other"]
    assert lm("x") == ["other"], "asked for, and not paid for, again"
    assert len(server.requests) == 3
    assert lm("x") == ["mine"]
    assert lm("x") == ["mine"]
    assert len(server.requests) == 4


def test_a_server_that_asks_to_wait_for_long_is_not_waited_for(server: OpenAIServer) -> None:
    server.script(RateLimit(60), "other")
    began = time.monotonic()
    lm = model(server, num_retries=5, fallbacks=["openai/other"])
    assert lm("x") == ["other"]
    assert time.monotonic() - began < 5
    assert len(server.requests) == 2


def test_modules_reach_another_model(server: OpenAIServer) -> None:
    server.script(Failure(500))
    with dspy.context(lm=model(server, fallbacks=["openai/other"])):
        assert dspy.Predict("question -> answer")(question="x").answer
    assert server.requests[1].body["model"] == "other"


def test_streams_reach_another_model(server: OpenAIServer) -> None:
    server.script(Failure(500), "piece by piece")
    lm = model(server, fallbacks=["openai/other"])

    async def text() -> str:
        return "".join([delta.text async for delta in lm.astream("x")])

    assert asyncio.run(text()) == "piece by piece"


def test_a_stream_of_another_model_is_that_ones(server: OpenAIServer) -> None:
    server.script(Failure(500), "other", "mine")
    lm = model(server, fallbacks=["openai/other"], cache=True)

    async def deltas() -> list[Any]:
        return [delta async for delta in lm.astream("x")]

    with dspy.track_usage() as used:
        assert {delta.answered_by for delta in asyncio.run(deltas())} == {"openai/other"}
    assert list(used.get_total_tokens()) == ["openai/other"]
    assert lm.history[-1]["response"].answered_by == "openai/other"
    assert {delta.answered_by for delta in asyncio.run(deltas())} == {None}, (
        "not kept under the first one's name"
    )
    assert lm("x") == ["mine"]
    assert len(server.requests) == 3
