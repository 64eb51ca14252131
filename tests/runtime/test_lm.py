"""LM over a server: prompts, answers, failures, programs, the cache in front."""

from __future__ import annotations

import asyncio
import time
import traceback
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.lm import cache
from dspyc.runtime.lm.keys import request_key
from dspyc.runtime.lm.request import Request
from dspyc.runtime.lm.retry import delay
from dspyc.runtime.lm.transports.waits import asked_wait
from support.asked import KEY, model
from support.openai_server import Dropped, Failure, Malformed, OpenAIServer, RateLimit, Reply, Silent

pytestmark = pytest.mark.usefixtures("carrier")


def test_prompts_and_messages(server: OpenAIServer) -> None:
    lm = model(server, temperature=0.3, max_tokens=50, top_p=0.5)
    assert lm("Say this is a test!") == ["This is a test!"]
    assert asyncio.run(lm.acall(messages=[{"role": "user", "content": "hi"}], temperature=0.9)) == [
        "This is a test!"
    ]
    first, second = server.requests
    assert first.body == {
        "model": "any", "temperature": 0.3, "max_tokens": 50, "top_p": 0.5,
        "messages": [{"role": "user", "content": "Say this is a test!"}],
    }  # fmt: skip
    assert second.body["temperature"] == 0.9
    assert first.headers["authorization"] == f"Bearer {KEY}"
    assert lm.history[0]["usage"]["completion_tokens"] == 3
    assert lm.history[0]["response_model"] == "any"


def test_settings_of_none_are_not_sent(server: OpenAIServer) -> None:
    model(server, temperature=None)("x", max_tokens=None)
    assert server.requests[0].body.keys() == {"model", "messages"}


def test_a_text_model_gets_a_prompt(server: OpenAIServer) -> None:
    assert model(server, model_type="text")("hello") == ["This is a test!"]
    assert server.requests[0].path == "/v1/completions"
    assert server.requests[0].body["prompt"] == "hello"


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize(
    ("step", "kind", "status"),
    [
        (Failure(401, f"bad key {KEY}"), dspy.LMAuthError, 401),
        (Failure(403, "not yours"), dspy.LMAuthError, 403),
        (Failure(404, "no such model"), dspy.LMUnknownModelError, 404),
        (Failure(400, "bad field"), dspy.LMInvalidRequestError, 400),
        (
            Failure(400, "maximum context length is 8", "context_length_exceeded"),
            dspy.ContextWindowExceededError,
            400,
        ),
        (Failure(422, "no"), dspy.LMInvalidRequestError, 422),
        (RateLimit(2), dspy.LMRateLimitError, 429),
        (Failure(500), dspy.LMServerError, 500),
        (Failure(503), dspy.LMServerError, 503),
        (Malformed(), dspy.LMServerError, 500),
        (Dropped(), dspy.LMTransportError, 500),
        (Silent(3), dspy.LMTimeoutError, 408),
    ],
)
def test_each_failure_has_its_error(
    server: OpenAIServer, step: Any, kind: type[dspy.LMError], status: int, asynchronous: bool
) -> None:
    server.script(step)
    lm = model(server, timeout=0.5)
    with pytest.raises(kind) as caught:
        asyncio.run(lm.acall("x")) if asynchronous else lm("x")
    error = caught.value
    assert type(error) is kind
    assert (error.status, error.model) == (status, "openai/any")
    assert error.retry_after == (2.0 if isinstance(step, Failure) and step.headers else None)
    assert "canary" not in "".join(traceback.format_exception(error))
    assert len(server.requests) == 1
    assert not lm.history


@pytest.mark.parametrize("asynchronous", [False, True])
def test_nobody_there(
    asynchronous: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("dspyc.runtime.lm.retry.FIRST_DELAY", 0.01)
    lm = dspy.LM("openai/any", api_base="http://127.0.0.1:9/v1", api_key=KEY)
    with pytest.raises(
        dspy.LMTransportError, match="refused: no server is listening there\nstart the server"
    ) as caught:
        asyncio.run(lm.acall("x")) if asynchronous else lm("x")
    assert caught.value.__notes__ == ["after 3 attempts"]
    told = [record.getMessage() for record in caplog.records if record.name == "dspyc"]
    assert len(told) == 2
    assert all("\n" not in line and line.endswith(f"({number} of 2)") for number, line in enumerate(told, 1))


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize(
    ("model", "variable"),
    [
        ("openai/any", "OPENAI_API_KEY"),
        ("anthropic/any", "ANTHROPIC_API_KEY"),
        ("gemini/any", "GEMINI_API_KEY"),
    ],
)
def test_a_missing_key_is_said_at_once(
    model: str, variable: str, asynchronous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (variable, "OPENAI_ADMIN_KEY", "ANTHROPIC_AUTH_TOKEN", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    lm = dspy.LM(model, num_retries=5)
    with pytest.raises(dspy.LMAuthError) as caught:
        asyncio.run(lm.acall("x")) if asynchronous else lm("x")
    assert str(caught.value) == f"no key for `{model}`\n`export {variable}=…`, or write `LM(…, api_key=…)`"
    assert not getattr(caught.value, "__notes__", [])


def test_a_server_that_sees_no_key_is_quoted_if_one_was_sent(server: OpenAIServer) -> None:
    server.script(Failure(401, "No API key passed in"))
    with pytest.raises(dspy.LMAuthError, match="No API key passed in\ncheck the key"):
        model(server, num_retries=0)("x")


def test_an_unknown_provider() -> None:
    with pytest.raises(
        dspy.LMUnknownModelError,
        match=r"^`nonsense-model` does not name a provider: write `openai/…`.*`gguf/PATH`[^\n]*$",
    ):
        dspy.LM("nonsense-model", num_retries=5)("x")


@pytest.mark.parametrize("asynchronous", [False, True])
def test_what_may_pass_is_tried_again(
    server: OpenAIServer, asynchronous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dspyc.runtime.lm.retry.FIRST_DELAY", 0.01)
    server.script(RateLimit(0.2), Failure(500), Dropped(), Reply("at last"))
    lm = model(server, num_retries=3)
    assert (asyncio.run(lm.acall("x")) if asynchronous else lm("x")) == ["at last"]
    assert len(server.requests) == 4
    assert server.requests[1].at - server.requests[0].at >= 0.2
    server.reset()
    server.script(*[Failure(500)] * 3)
    with pytest.raises(dspy.LMServerError) as caught:
        model(server, num_retries=2)("y")
    assert caught.value.__notes__ == ["after 3 attempts"]
    server.reset()
    server.script(Failure(400, "bad"), Reply("never"))
    with pytest.raises(dspy.LMInvalidRequestError):
        model(server, num_retries=5)("z")
    assert len(server.requests) == 1


def test_delays_grow_have_jitter_and_respect_the_server() -> None:
    longest = [delay(attempt, None, lambda low, high: high) for attempt in range(9)]
    assert longest == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    assert delay(3, None, lambda low, high: low) == 2
    assert delay(0, 7.0) >= 7
    assert delay(0, 99999.0) <= 610


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3), ({"retry-after": "0.5"}, 0.5), ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": "soon"}, None), ({}, None), ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
    ],
)  # fmt: skip
def test_retry_after_in_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(headers) == seconds


def test_retry_after_as_a_date() -> None:
    found = asked_wait({"retry-after": formatdate(time.time() + 30, usegmt=True)})
    assert found is not None
    assert 25 < found <= 31


# --- programs over the server ---------------------------------------------------------------------------


def test_modules_reach_typed_results(server: OpenAIServer) -> None:
    with dspy.context(lm=model(server)):
        math = dspy.ChainOfThought("question -> answer: float")
        assert isinstance(math(question="x").answer, float)
        extracted = dspy.Predict("text -> title, headings: list[str], entities: list[dict[str, str]]")(
            text="x"
        )
        assert isinstance(extracted.entities[0], dict)
        both = dspy.Predict("q -> ok: bool, sure: float, label: Literal['a', 'b']")(q="choose b")
        assert (both.ok, both.label) == (True, "b")

        def evaluate(expression: str) -> float:
            return 2.0

        agent = dspy.ReAct("question -> answer: float", tools=[evaluate])
        found = agent(question="1 + 1?")
        assert found.trajectory["observation_0"] == 2.0
        assert found.trajectory["tool_name_1"] == "finish"


@pytest.mark.filterwarnings("ignore:Item .summary.:UserWarning")
def test_the_server_streams(server: OpenAIServer) -> None:
    import litellm

    server.script("[[ ## answer ## ]]\nBlue as the sky")
    messages = [{"role": "user", "content": "x"}]
    chunks = litellm.completion("openai/any", messages, api_base=server.api_base, api_key=KEY, stream=True)
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks]
    assert "".join(pieces) == "[[ ## answer ## ]]\nBlue as the sky"
    assert len(pieces) > 3


def test_n_answers_are_one_request(server: OpenAIServer) -> None:
    prediction = dspy.Predict("q -> a", n=4, lm=model(server))(q="x")
    assert len(prediction.completions) == 4
    assert len(server.requests) == 1
    assert server.requests[0].body["temperature"] == 0.7


def test_a_truncated_answer_says_so_and_is_not_kept(server: OpenAIServer) -> None:
    server.script(*[Reply("[[ ## a ## ]]\n", finish_reason="length")] * 3)
    predict = dspy.Predict("q -> a: int", lm=model(server), max_retries=1)
    with pytest.raises(dspy.AdapterParseError, match="raise max_tokens"):
        predict(q="x")
    predict(q="x")
    assert len(server.requests) == 4


def test_concurrent_calls_are_in_flight_together(server: OpenAIServer) -> None:
    server.latency = 0.1
    predict = dspy.Predict("q -> a", lm=model(server, cache=False))

    async def many() -> list[Any]:
        return await asyncio.gather(*(predict.acall(q=str(number)) for number in range(8)))

    assert len(asyncio.run(many())) == 8
    assert server.most_in_flight >= 4
    server.most_in_flight = 0
    predict.batch([{"q": str(number)} for number in range(8)], num_threads=8)
    assert server.most_in_flight >= 4


def test_usage_is_counted_by_model_and_not_for_the_cache(server: OpenAIServer) -> None:
    predict = dspy.Predict("q -> a", lm=model(server))
    with dspy.context(track_usage=True):
        first, second = predict(q="x"), predict(q="x")
    assert first.get_lm_usage()["openai/any"]["total_tokens"] > 0
    assert second.get_lm_usage() == {}
    with dspy.track_usage() as tracker:
        predict(q="y")
        predict(q="z")
    total = tracker.get_total_tokens()["openai/any"]
    assert total["prompt_tokens"] + total["completion_tokens"] == total["total_tokens"]


# --- the cache in front ---------------------------------------------------------------------------------


def test_sync_and_async_share_answers_and_servers_do_not(server: OpenAIServer) -> None:
    lm = model(server)
    server.script("one", "two", "three", "four")
    assert (
        lm("x")
        == asyncio.run(lm.acall("x"))
        == lm.copy(timeout=5, api_key="sk-other-key-123")("x")
        == ["one"]
    )
    assert lm("x", rollout_id=1, temperature=1.0) == ["two"]
    assert "rollout_id" not in server.requests[-1].body
    assert lm("x", temperature=0.5) == ["three"]
    assert lm("x", cache=False) == ["four"]
    assert lm.history[1]["cache_hit"] is True
    with OpenAIServer() as other:
        other.script("elsewhere")
        assert lm.copy(api_base=other.api_base)("x") == ["elsewhere"]


def test_errors_are_not_kept(server: OpenAIServer) -> None:
    server.script(Failure(400, "bad"), "good")
    lm = model(server)
    with pytest.raises(dspy.LMInvalidRequestError):
        lm("x")
    assert lm("x") == ["good"]


def test_answers_outlive_the_process_without_keys(server: OpenAIServer, tmp_path: Path) -> None:
    cache.configure_cache(disk_cache_dir=tmp_path)
    lm = model(server)
    server.script("kept")
    assert lm("x", extra_headers={"x-token": "tok-canary"}) == ["kept"]
    cache.configure_cache(disk_cache_dir=tmp_path)
    assert lm("x") == ["kept"]
    assert len(server.requests) == 1
    cache.current().close()
    assert b"canary" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_the_name_of_a_request() -> None:
    def name(identity: str = "e", **kwargs: Any) -> str | None:
        return request_key(Request("m", [{"role": "user", "content": "x"}], kwargs), identity)

    assert name(api_key="a", timeout=1, headers={"authorization": "b"}) == name(api_key="b") == name()
    assert name(headers={"x-tenant": "a"}) != name(headers={"x-tenant": "b"}) != name()
    assert name(extra_body={"token": "a", "k": 1}) == name(extra_body={"token": "b", "k": 1})
    assert name(temperature=0.0) != name(temperature=0.1) != name()
    assert name(rollout_id=1) != name(rollout_id=2)
    assert name("other") != name()
    assert name(stop=object()) is None
    assert name(a=1, b=2) == name(b=2, a=1)
