"""LM over litellm against the loopback server: answers, errors, retries, keys, the cache in front."""

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
from dspyc.runtime.lm.client import is_reasoning_model
from dspyc.runtime.lm.keys import request_key
from dspyc.runtime.lm.redact import redact
from dspyc.runtime.lm.request import Request
from dspyc.runtime.lm.retry import delay
from dspyc.runtime.lm.transports.litellm import retry_after
from support.openai_server import Dropped, Failure, Malformed, OpenAIServer, RateLimit, Reply, Silent
from support.scripted import ScriptedLM

KEY = "sk-canary-0123456789abcdef"


def model(server: OpenAIServer, **options: Any) -> dspy.LM:
    return dspy.LM("openai/any", api_base=server.api_base, api_key=KEY, **{"num_retries": 0, **options})


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
        dspy.LMTransportError, match="refused: no server listens there\nstart the server"
    ) as caught:
        asyncio.run(lm.acall("x")) if asynchronous else lm("x")
    assert caught.value.__notes__ == ["after 3 attempts"]
    told = [record.getMessage() for record in caplog.records if record.name == "dspyc"]
    assert len(told) == 2
    assert all("\n" not in line and line.endswith(f"({number} of 2)") for number, line in enumerate(told, 1))


@pytest.mark.parametrize("model", ["openai/any", "anthropic/any"])
def test_a_missing_key_is_said_at_once(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(dspy.LMAuthError, match="check the key") as caught:
        dspy.LM(model, num_retries=5)("x")
    assert not getattr(caught.value, "__notes__", [])


def test_an_unknown_provider() -> None:
    with pytest.raises(
        dspy.LMUnknownModelError,
        match=r"^`nonsense-model` names no provider: write `openai/…`.*`gguf/PATH`[^\n]*$",
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
    assert retry_after(headers) == seconds


def test_retry_after_as_a_date() -> None:
    found = retry_after({"retry-after": formatdate(time.time() + 30, usegmt=True)})
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
    assert lm("x", rollout_id=1) == ["two"]
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


# --- without a server -----------------------------------------------------------------------------------


def test_reasoning_models_need_their_settings() -> None:
    for name in ("o1", "openai/o3-mini", "openai/o4-mini-2025-04-16", "gpt-5", "openai/gpt-5-mini"):
        assert is_reasoning_model(name)
        with pytest.raises(
            dspy.LMConfigurationError, match=r"temperature=1\.0 and max_tokens of at least 5000"
        ):
            dspy.LM(name)
    for name in ("gpt-4o", "openai/gpt-5-chat-latest", "o1x", "ollama/olmo"):
        assert not is_reasoning_model(name)
    lm = dspy.LM("openai/o3-mini", temperature=1.0, max_tokens=20000)
    assert lm.kwargs == {"temperature": 1.0, "max_completion_tokens": 20000}
    assert lm.copy(max_tokens=9000).kwargs["max_completion_tokens"] == 9000
    assert dspy.LM(**lm.dump_state()).kwargs == lm.kwargs


def test_copies_and_states() -> None:
    lm = dspy.LM("openai/x", temperature=0.2, api_key=KEY, top_p=0.5)
    twin = lm.copy(temperature=0.9, top_p=None, model="openai/y", stop=["."])
    assert (twin.model, twin.temperature) == ("openai/y", 0.9)
    assert twin.kwargs == {"temperature": 0.9, "max_tokens": 1000, "api_key": KEY, "stop": ["."]}
    assert lm.kwargs["top_p"] == 0.5
    state = lm.dump_state()
    assert state == {
        "model": "openai/x", "model_type": "chat", "cache": True, "cache_in_memory": True,
        "temperature": 0.2, "max_tokens": 1000, "top_p": 0.5,
        "num_retries": 8, "finetuning_model": None, "launch_kwargs": {}, "train_kwargs": {},
    }  # fmt: skip
    assert dspy.LM(**state).kwargs == {"temperature": 0.2, "max_tokens": 1000, "top_p": 0.5}


def test_a_custom_model_implements_complete() -> None:
    from dspyc.runtime.lm.request import Response

    class Echo(dspy.BaseLM):
        def complete(self, request: Any) -> Any:
            return Response((f"[[ ## a ## ]]\n{len(request.messages)} messages",))

    predict = dspy.Predict("q -> a", lm=Echo())
    assert predict(q="x").a == "2 messages"
    assert asyncio.run(predict.acall(q="x")) == predict(q="x")
    with pytest.raises(dspy.ConfigurationError, match="a prompt or with messages"):
        Echo()()
    with pytest.raises(NotImplementedError, match="`BaseLM` does not implement"):
        dspy.BaseLM()("x")


def test_keys_are_taken_out_of_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "environment-canary")
    text = f"header Bearer abcdefgh12345 and {KEY} and environment-canary and given-canary, max_tokens 5"
    found = redact(text, {"api_key": "given-canary", "max_tokens": 5})
    assert "canary" not in found
    assert "abcdefgh12345" not in found
    assert found.endswith("max_tokens 5")


def test_a_model_that_nobody_trains_says_so() -> None:
    with pytest.raises(dspy.LMConfigurationError, match="cannot be trained"):
        dspy.LM("openai/x").finetune([])


def test_a_training_is_a_job(tmp_path: Path) -> None:
    class Trainer(dspy.Provider):
        finetunable = True

        @staticmethod
        def finetune(
            job: Any, model: str, train_data: Any, train_data_format: Any, train_kwargs: Any = None
        ) -> str:
            if train_kwargs.get("fail"):
                raise ValueError("no luck")
            return f"{model}:{len(train_data)}:{train_data_format}"

    lm = dspy.LM("openai/x", provider=Trainer(), finetuning_model="openai/base", train_kwargs={"epochs": 1})
    job = lm.finetune([{"messages": []}], "chat")
    tuned = job.result(timeout=10)
    assert tuned.model == "openai/base:1:chat"
    assert job.status() == "done"
    assert job.train_kwargs == {"epochs": 1}
    failed = lm.finetune([], "chat", {"fail": True})
    with pytest.raises(ValueError, match="no luck"):
        failed.result(timeout=10)
    assert failed.status() == "failed"


def test_a_model_has_a_provider_and_a_provider_its_own_jobs() -> None:
    class Job(dspy.TrainingJob):
        pass

    class Theirs(dspy.Provider):
        finetunable = True

        def __init__(self) -> None:
            self.TrainingJob = Job

        @staticmethod
        def finetune(
            job: Any, model: str, train_data: Any, train_data_format: Any, train_kwargs: Any = None
        ) -> str:
            return f"{model}-tuned"

    assert type(dspy.LM("openai/x").provider) is dspy.Provider
    assert type(dspy.LM("gguf/x.gguf").provider).__name__ == "LocalProvider"
    assert dspy.LM("openai/x").copy(model="gguf/x.gguf").provider.finetunable
    given = Theirs()
    lm = dspy.LM("openai/x", provider=given, cache_in_memory=False)
    assert lm.provider is given
    assert lm.copy(temperature=1.0).provider is given
    job = lm.finetune([])
    assert type(job) is Job
    assert job.result(timeout=10).model == "openai/x-tuned"
    assert dspy.LM(**lm.dump_state()).cache_in_memory is False


def test_history_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    lm = dspy.DummyLM([{"a": "1"}, {"a": "2"}])
    dspy.Predict("q -> a", lm=lm, n=2)(q="hello")
    lm.inspect_history()
    printed = capsys.readouterr().out
    assert "User message:" in printed
    assert "hello" in printed
    assert "(and 1 other completions)" in printed
    dspy.inspect_history(n=5)
    assert capsys.readouterr().out == printed
    entry = lm.history[-1]
    assert set(entry) >= {
        "prompt",
        "messages",
        "kwargs",
        "response",
        "outputs",
        "usage",
        "cost",
        "timestamp",
        "uuid",
    }


def test_history_is_bounded() -> None:
    lm = dspy.DummyLM(["x"] * 100)
    with dspy.context(max_history_size=16):
        for _ in range(100):
            lm("x")
    assert 16 <= len(lm.history) <= 18


def test_histories_keep_the_order_in_which_calls_started() -> None:
    slow_first = ScriptedLM(lambda inputs: {"b": inputs["a"]}, delay=lambda inputs: 9 - int(inputs["a"]))

    class Outer(dspy.Module):
        def __init__(self) -> None:
            self.part = dspy.Predict("a -> b")

        async def aforward(self, **inputs: Any) -> Any:
            return await asyncio.gather(*(self.part.acall(a=number) for number in range(6)))

    outer = Outer()
    with dspy.context(lm=slow_first, max_history_size=4):
        outer()
    ended = [event for event in slow_first.events if event.startswith("end")]
    assert ended == [f"end {number}" for number in reversed(range(6))]
    for calls in (slow_first.history, outer.history, outer.part.history):
        prompts = [entry["messages"][-1]["content"] for entry in calls]
        assert [prompt.split("\n")[1] for prompt in prompts] == [str(number) for number in range(2, 6)]


class Heard(dspy.BaseCallback):
    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []

    def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        self.events.append(("start", call_id, instance.model, inputs["prompt"], sorted(inputs["kwargs"])))

    def on_lm_end(
        self, call_id: str, outputs: list[str] | None, exception: BaseException | None = None
    ) -> None:
        self.events.append(("end", call_id, outputs, type(exception).__name__))
        raise ValueError("a callback's own mistake is logged, and nothing else")


@pytest.mark.parametrize("asynchronous", [False, True])
def test_callbacks_hear_of_each_request(server: OpenAIServer, asynchronous: bool) -> None:
    heard = Heard()
    lm = model(server, callbacks=[heard], cache=False)
    server.script("fine", Failure(401, "no"))
    asyncio.run(lm.acall("first")) if asynchronous else lm("first")
    with pytest.raises(dspy.LMAuthError):
        asyncio.run(lm.acall("second")) if asynchronous else lm("second")
    first, second = heard.events[0][1], heard.events[2][1]
    assert first != second
    assert heard.events == [
        ("start", first, "openai/any", "first", ["api_base", "max_tokens", "temperature"]),
        ("end", first, ["fine"], "NoneType"),
        ("start", second, "openai/any", "second", ["api_base", "max_tokens", "temperature"]),
        ("end", second, None, "LMAuthError"),
    ]


def test_answers_may_be_kept_out_of_memory(server: OpenAIServer, tmp_path: Path) -> None:
    dspy.configure_cache(disk_cache_dir=tmp_path)
    lm = model(server, cache_in_memory=False)
    server.script("kept")
    assert lm("x") == lm("x") == ["kept"]
    assert len(server.requests) == 1
    dspy.configure_cache(enable_disk_cache=False)
    server.script("one", "two")
    assert (lm("y"), lm("y")) == (["one"], ["two"])
