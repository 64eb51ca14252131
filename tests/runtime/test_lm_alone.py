"""LM without a server: its settings, its copies, and what is written down of its calls."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, ClassVar

import pytest

import dspyc.runtime as dspy
from dspyc.base.models import is_reasoning_model
from dspyc.runtime.lm.redact import redact
from support.asked import KEY, model
from support.openai_server import Failure, OpenAIServer
from support.scripted import ScriptedLM


def test_reasoning_models_need_their_settings() -> None:
    for name in ("o1", "openai/o3-mini", "openai/o4-mini-2025-04-16", "gpt-5", "openai/gpt-5-mini"):
        assert is_reasoning_model(name)
        with pytest.raises(
            dspy.LMConfigurationError, match=r"temperature=1\.0 and max_tokens of at least 5000"
        ):
            dspy.LM(name, temperature=0.0)
        assert dspy.LM(name).kwargs == {"temperature": None, "max_completion_tokens": None}
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


def test_a_copy_of_a_custom_model_sends_no_attributes_of_it() -> None:
    sent: list[tuple[Any, dict[str, Any]]] = []

    class Theirs(dspy.BaseLM):
        model = "theirs"
        kwargs: ClassVar[Any] = {"top_p": 0.5}

        def forward(self, prompt: Any = None, messages: Any = None, **kwargs: Any) -> Any:
            sent.append((self.model, kwargs))
            return {"choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}]}

    facts = {**Theirs().dump_state(), "model": "other", "cache_in_memory": False, "callbacks": []}
    twin = Theirs().copy(**facts, temperature=0.25)
    assert twin("x") == ["ok"]
    assert sent == [("other", {"top_p": 0.5, "temperature": 0.25})]
    assert (twin.model_type, twin.cache, twin.num_retries, twin.cache_in_memory) == ("chat", False, 3, False)


@pytest.mark.parametrize("name", ["probabilities", "use_developer_role"])
def test_a_copy_changes_what_is_only_sent_where_it_is_set(name: str) -> None:
    lm = dspy.LM("openai/x")
    assert lm.copy(**{name: True}).kwargs == dspy.LM("openai/x", **{name: True}).kwargs
    assert lm.copy(**{name: False}).kwargs == lm.kwargs
    assert not lm.copy(**{name: True}).copy(**{name: False}).kwargs[name]


@pytest.mark.parametrize("way", ["complete", "forward", "acomplete", "aforward", "send"])
def test_classes_that_answer_in_their_own_way_share_no_answers(way: str) -> None:
    from dspyc.runtime.lm.request import Response

    def answering(text: str) -> type[dspy.LM]:
        def now(self: Any, *args: Any, **kwargs: Any) -> Any:
            body = {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}
            return Response((text,)) if way == "complete" else body

        async def later(self: Any, *args: Any, **kwargs: Any) -> Any:
            return now(self) if way == "aforward" else Response((text,))

        return type(text, (dspy.LM,), {way: now if way in ("complete", "forward") else later})

    asked = [answering(text)("openai/x", cache=True)(f"{way}?") for text in ("one", "two", "one")]
    assert asked == [["one"], ["two"], ["one"]]


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
        dspy.LM("anthropic/x").finetune([])


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

    assert type(dspy.LM("anthropic/x").provider) is dspy.Provider
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
