"""What is an answer and what is not: cut-off, filtered and empty ones, by every way that they come."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.errors import (
    EmptyAnswerError,
    FilteredAnswerError,
    LMAnswerError,
    LMError,
    TruncatedAnswerError,
)
from dspyc.runtime.lm.capabilities import Capabilities
from dspyc.runtime.lm.messages import Grammar, Text, ToolCall
from dspyc.runtime.lm.request import Completion, Request, Response
from support.openai_server import OpenAIServer, Raw, Reply

WHOLE = "[[ ## a ## ]]\nwhole\n\n[[ ## completed ## ]]"
HALF = "[[ ## a ## ]]\nhal"


def model(server: OpenAIServer, **options: Any) -> dspy.LM:
    return dspy.LM(
        "openai/any", api_base=server.api_base, api_key="k-123456", **{"num_retries": 0, **options}
    )


def ask(predict: Any, asynchronous: bool, **inputs: Any) -> Any:
    return asyncio.run(predict.acall(**inputs)) if asynchronous else predict(**inputs)


# --- cut off --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("model_type", ["chat", "text"])
@pytest.mark.parametrize(
    "text",
    [
        HALF,
        "[[ ## a ## ]]\n",
        "[[ ## a",
        "[[ ## a ## ]]\nwhole\n\n[[ ## comp",
        "[[ ## a ## ]]\nwhole\n\n[[",
        '{"a": "hal',
        "",
        "just text",
    ],
)
def test_half_an_answer_is_asked_for_again_with_more_room(
    server: OpenAIServer, text: str, model_type: str, asynchronous: bool
) -> None:
    server.script(Reply(text, "length"), WHOLE)
    predict = dspy.Predict("q -> a", lm=model(server, model_type=model_type, max_tokens=50))
    assert ask(predict, asynchronous, q="x").a == "whole"
    assert [seen.body["max_tokens"] for seen in server.requests] == [50, 200]
    server.script(Reply(text, "length"))
    assert ask(predict, asynchronous, q="x").a == "whole", "the whole one was kept, the half one was not"


@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_answer_that_stays_half_is_an_error_and_is_not_kept(
    server: OpenAIServer, asynchronous: bool
) -> None:
    server.script(*[Reply(HALF, "length")] * 2, WHOLE)
    predict = dspy.Predict("q -> a", lm=model(server))
    with pytest.raises(TruncatedAnswerError, match="raise max_tokens") as caught:
        ask(predict, asynchronous, q="x")
    error = caught.value
    assert isinstance(error, dspy.AdapterParseError)
    assert isinstance(error, LMError)
    assert (error.finish_reason, error.status, error.provider, error.model) == (
        "length", 200, "openai", "openai/any",
    )  # fmt: skip
    assert error.lm_response == HALF
    assert len(error.attempts) == 1
    assert ask(predict, asynchronous, q="x").a == "whole"
    assert len(server.requests) == 3


def test_without_retries_or_without_a_limit_it_is_an_error_at_once(server: OpenAIServer) -> None:
    for options, config in (({}, {"max_retries": 0}), ({"max_tokens": None}, {})):
        server.reset()
        server.script(Reply(HALF, "length"), WHOLE)
        with pytest.raises(TruncatedAnswerError):
            dspy.Predict("q -> a", lm=model(server, **options), **config)(q="x")
        assert len(server.requests) == 1


def test_several_answers_of_which_one_is_cut_off(server: OpenAIServer) -> None:
    server.script(Reply((WHOLE, HALF), ("stop", "length")), WHOLE)
    found = dspy.Predict("q -> a", n=2, lm=model(server))(q="x")
    assert found.completions.a == ["whole", "whole"]
    assert "n" not in server.requests[1].body
    server.reset()
    server.script(*[Reply((HALF, WHOLE), ("length", "stop"))] * 2)
    with pytest.raises(TruncatedAnswerError):
        dspy.Predict("q -> a", n=2, lm=model(server))(q="y")


@pytest.mark.parametrize(
    ("kind", "text"),
    [(int, "12"), (Literal["bill", "billing"], "bill"), (list[int], "[1, 2"), (bool, "True")],
)
def test_half_values_of_other_types(server: OpenAIServer, kind: Any, text: str) -> None:
    signature = dspy.Signature({"q": dspy.InputField(), "a": (kind, dspy.OutputField())})
    for answer in (text, f"[[ ## a ## ]]\n{text}", f'{{"a": {text}'):
        server.reset()
        server.script(*[Reply(answer, "length")] * 2)
        with pytest.raises(TruncatedAnswerError):
            dspy.Predict(signature, lm=model(server, cache=False))(q="x")


@pytest.mark.parametrize(
    "text",
    [WHOLE, WHOLE + "\n\n[[ ## q ## ]]\nand on it ram", '{"a": "whole"}', '```json\n{"a": "whole"}\n```'],
)
def test_an_answer_that_is_whole_before_the_limit_counts(server: OpenAIServer, text: str) -> None:
    server.script(Reply(text, "length"))
    assert dspy.Predict("q -> a", lm=model(server))(q="x").a == "whole"
    assert len(server.requests) == 1


@pytest.mark.parametrize("text", [HALF, "[[ ## a ## ]]\nhal\n\n[[ ## comple"])
def test_a_program_can_ask_for_the_half_answer(server: OpenAIServer, text: str) -> None:
    for where in ("settings", "config", "lm"):
        server.reset()
        server.script(Reply(text, "length"))
        lm = model(server, cache=False, **({"accept_truncated": True} if where == "lm" else {}))
        config = {"accept_truncated": True} if where == "config" else {}
        with dspy.context(accept_truncated=where == "settings"):
            assert dspy.Predict("q -> a", lm=lm, **config)(q="x").a == "hal"
        assert len(server.requests) == 1
        assert "accept_truncated" not in server.requests[0].body


def test_the_room_stays_within_what_the_model_writes_at_most(server: OpenAIServer) -> None:
    lm = model(server, max_tokens=50)
    lm.capabilities = Capabilities(max_output_tokens=80)
    server.script(Reply(HALF, "length"), WHOLE)
    assert dspy.Predict("q -> a", lm=lm)(q="x").a == "whole"
    assert server.requests[1].body["max_tokens"] == 80
    lm.capabilities = Capabilities(max_output_tokens=50)
    server.reset()
    server.script(Reply(HALF, "length"), WHOLE)
    with pytest.raises(TruncatedAnswerError):
        dspy.Predict("q -> a", lm=lm)(q="y")
    assert len(server.requests) == 1


def test_a_raw_call_gives_what_there_is(server: OpenAIServer) -> None:
    server.script(Reply("half of i", "length"), Reply("whole"))
    lm = model(server)
    assert lm("x") == ["half of i"]
    assert lm("x") == ["whole"]


# --- filtered and empty ---------------------------------------------------------------------------------


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("raw", [False, True])
def test_a_filtered_answer_is_an_error(server: OpenAIServer, asynchronous: bool, raw: bool) -> None:
    for text in ("", "[[ ## a ## ]]\nI", None):
        server.reset()
        server.script(Reply(text, "content_filter"), Reply((WHOLE, text), ("stop", "content_filter")), WHOLE)
        lm = model(server, num_retries=3)
        with pytest.raises(FilteredAnswerError, match="filtered") as caught:
            ask(
                lm if raw else dspy.Predict("q -> a", lm=lm),
                asynchronous,
                **({"prompt": "x"} if raw else {"q": "x"}),
            )
        assert (caught.value.finish_reason, caught.value.status) == ("content_filter", 200)
        with pytest.raises(FilteredAnswerError):
            dspy.Predict("q -> a", n=2, lm=lm)(q="y")
        assert dspy.Predict("q -> a", lm=lm)(q="y").a == "whole", "nothing of it was kept"


EMPTY = [Raw({"choices": []}), Reply(None), Raw({"choices": None})]


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("step", EMPTY[:2])
def test_an_empty_answer_is_an_error_after_a_few_tries(
    server: OpenAIServer, step: Any, asynchronous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dspyc.runtime.lm.retry.FIRST_DELAY", 0.01)
    server.script(*[step] * 3, WHOLE)
    predict = dspy.Predict("q -> a", lm=model(server, num_retries=8))
    with pytest.raises(LMError) as caught:
        ask(predict, asynchronous, q="x")
    assert not isinstance(caught.value, IndexError)
    assert caught.value.provider == "openai"
    assert ask(predict, asynchronous, q="x").a == "whole"


@pytest.mark.parametrize("step", EMPTY)
def test_an_empty_answer_is_tried_again(
    server: OpenAIServer, step: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dspyc.runtime.lm.retry.FIRST_DELAY", 0.01)
    server.script(step, WHOLE)
    assert dspy.Predict("q -> a", lm=model(server, num_retries=1))(q="x").a == "whole"


def test_an_empty_text_is_read_again_and_not_kept(server: OpenAIServer) -> None:
    server.script("", WHOLE)
    predict = dspy.Predict("q -> a", lm=model(server))
    assert predict(q="x").a == "whole"
    assert len(server.requests) == 2
    server.script(WHOLE)
    assert predict(q="x").a == "whole"
    assert len(server.requests) == 3, "the empty answer to the first request was not kept"


@pytest.mark.parametrize("given", [[], [Completion(())], [Completion([])], [Completion(None)]])  # type: ignore[arg-type]
def test_a_custom_model_that_gives_nothing(given: list[Completion]) -> None:
    class Nothing(dspy.BaseLM):
        def complete(self, request: Request) -> Response:
            return Response(given)

    with pytest.raises(EmptyAnswerError, match="`custom` returned an empty answer"):
        dspy.Predict("q -> a", lm=Nothing())(q="x")
    with pytest.raises(LMAnswerError):
        Nothing()("x")


def test_the_parts_of_an_answer_may_come_in_a_list() -> None:
    assert Completion([Text("a")]) == Completion((Text("a"),)) == Completion("a")
    parts = [Text("a"), ToolCall("1", "f", "{}")]
    assert Completion(parts) == Completion(tuple(parts))
    assert Completion(iter(parts)).parts == tuple(parts)


# --- models and adapters written DSPy's way -------------------------------------------------------------


def openai_like(text: str) -> dict[str, Any]:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"choices": [choice], "usage": {"total_tokens": 2}, "model": "theirs"}


class Theirs(dspy.BaseLM):
    def forward(self, prompt: Any = None, messages: Any = None, **kwargs: Any) -> Any:
        self.seen = prompt, messages, kwargs
        return openai_like(WHOLE)


class TheirsAsync(dspy.BaseLM):
    async def aforward(self, prompt: Any = None, messages: Any = None, **kwargs: Any) -> Any:
        await asyncio.sleep(0)
        return openai_like(WHOLE)


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("kind", [Theirs, TheirsAsync])
def test_a_model_that_defines_forward(kind: Any, asynchronous: bool) -> None:
    lm = kind(model="mine", temperature=0.3)
    assert ask(dspy.Predict("q -> a", lm=lm), asynchronous, q="x").a == "whole"
    assert (lm.model, lm.kwargs["temperature"]) == ("mine", 0.3)
    entry = lm.history[-1]
    assert isinstance(entry, dict)
    assert entry["outputs"] == [WHOLE]
    assert entry["response_model"] == "theirs"
    assert lm("plain") == [WHOLE]
    if kind is Theirs:
        assert lm.seen == ("plain", None, {"temperature": 0.3})


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_subclass_of_lm_that_overrides_forward(server: OpenAIServer, asynchronous: bool) -> None:
    class Mine(dspy.LM):
        asked = 0

        def forward(self, prompt: Any = None, messages: Any = None, **kwargs: Any) -> Any:
            type(self).asked += 1
            return super().forward(prompt=prompt, messages=messages, **kwargs)

    server.script(WHOLE)
    lm = Mine("openai/any", api_base=server.api_base, api_key="k-123456", cache=False)
    assert ask(dspy.Predict("q -> a", lm=lm), asynchronous, q="x").a == "whole"
    assert (Mine.asked, len(server.requests), len(lm.history)) == (1, 1, 1)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_overridden_call_is_gone_through(asynchronous: bool) -> None:
    class Counted(dspy.DummyLM):
        calls = 0

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            type(self).calls += 1
            return super().__call__(*args, **kwargs)

    lm = Counted([{"a": "1"}, {"a": "2"}])
    assert ask(dspy.Predict("q -> a", lm=lm), asynchronous, q="x").a == "1"
    assert (Counted.calls, len(lm.history)) == (1, 1)

    class Canned(dspy.BaseLM):
        def __call__(self, prompt: Any = None, messages: Any = None, **kwargs: Any) -> Any:
            return [WHOLE.replace("whole", messages[-1]["role"])]

        async def acall(self, prompt: Any = None, messages: Any = None, **kwargs: Any) -> Any:
            return [{"text": WHOLE.replace("whole", "awaited")}]

    found = ask(dspy.Predict("q -> a", lm=Canned()), asynchronous, q="x").a
    assert found == ("awaited" if asynchronous else "user")


@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_overridden_call_of_an_adapter_is_gone_through(asynchronous: bool) -> None:
    retries: list[Any] = []

    class Counting(dspy.ChatAdapter):
        def __call__(self, lm: Any, lm_kwargs: Any, signature: Any, demos: Any, inputs: Any) -> Any:
            retries.append(dspy.settings.max_retries)
            return super().__call__(lm, lm_kwargs, signature, demos, inputs)

    lm = dspy.DummyLM(["nonsense", {"a": "1"}])
    with dspy.context(lm=lm, adapter=Counting()):
        assert ask(dspy.Predict("q -> a", max_retries=1), asynchronous, q="x").a == "1"
        lm.answers = iter(["nonsense", {"a": "1"}])
        with pytest.raises(dspy.AdapterParseError):
            ask(dspy.Predict("q -> a", max_retries=0), asynchronous, q="x")
    assert retries == [1, 0]


def test_an_adapter_of_single_hooks() -> None:
    class Plain(dspy.Adapter):
        def format_field_description(self, signature: Any) -> str:
            return "Fields: " + ", ".join(signature.fields)

        def format_field_structure(self, signature: Any) -> str:
            return "Answer with the value alone."

        def format_task_description(self, signature: Any) -> str:
            return signature.instructions

        def format_user_message_content(self, signature: Any, inputs: Any, *rest: Any, **options: Any) -> str:
            return "; ".join(f"{name}={inputs[name]}" for name in signature.input_fields)

        def format_assistant_message_content(self, signature: Any, outputs: Any, *rest: Any, **o: Any) -> str:
            return str(outputs["a"])

        def parse(self, signature: Any, completion: str) -> dict[str, Any]:
            return {"a": completion}

    lm = dspy.DummyLM(["Lima"])
    with dspy.context(lm=lm, adapter=Plain()):
        predict = dspy.Predict(dspy.Signature("q -> a", "Reply."), demos=[dspy.Example(q="1", a="2")])
        assert predict(q="Peru?").a == "Lima"
    contents = [message["content"] for message in lm.history[-1]["messages"]]
    assert contents == ["Fields: q, a\nAnswer with the value alone.\nReply.", "q=1", "2", "q=Peru?"]


def test_an_overridden_value_format_shapes_structure_and_demos() -> None:
    class Tagged(dspy.ChatAdapter):
        def format_field_with_value(self, fields_with_values: Any) -> str:
            return "\n".join(
                f"<{field.name}>{value}</{field.name}>" for field, value in fields_with_values.items()
            )

    signature = dspy.Signature("question -> score: int")
    system, _, answer, _ = Tagged().format(signature, [{"question": "q", "score": 1}], {"question": "r"})
    assert "<question>{question}</question>" in system["content"]
    assert "<score>{score}        # note:" in system["content"]
    assert answer["content"].startswith("<score>1</score>")

    class Doubled(dspy.ChatAdapter):
        def format_field_with_value(self, fields_with_values: Any) -> str:
            return super().format_field_with_value(fields_with_values) + "!"

    assert "{score}        # note:" in Doubled().format_field_structure(signature)


# --- plans ----------------------------------------------------------------------------------------------


def test_a_plan_hands_the_provider_what_it_can_do() -> None:
    def able(**what: Any) -> Any:
        lm = dspy.BaseLM()
        lm.capabilities = Capabilities(**what)
        return lm

    signature = dspy.Signature("text -> sure: bool")
    plain = dspy.ChatAdapter().plan(signature, able(), {}, {})
    assert (plain.signature, plain.tools, plain.output) == (signature, (), None)
    held = dspy.ChatAdapter().plan(signature, able(grammar=True), {}, {})
    assert isinstance(held.output, Grammar)
    assert held.output.text.startswith("root ::=")


def test_an_adapter_may_read_other_parts_than_text() -> None:
    class Native(dspy.ChatAdapter):
        def read_completion(self, plan: Any, completion: Completion, inputs: Any) -> dict[str, Any]:
            return {"a": [call.name for call in completion.tool_calls]}

    class Calling(dspy.BaseLM):
        def complete(self, request: Request) -> Response:
            return Response([Completion((Text("I will"), ToolCall("1", "search", "{}")), "tool_calls")])

    with dspy.context(lm=Calling(), adapter=Native()):
        assert dspy.Predict("q -> a: list[str]")(q="x").a == ["search"]
