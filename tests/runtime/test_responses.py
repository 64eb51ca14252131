"""`model_type="responses"`: OpenAI's API for responses, with the same results as chat completions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.lm.messages import Schema, ToolSpec
from dspyc.runtime.lm.stream import Delta, acollect
from support.asked import KEY, model
from support.openai_server import Dropped, Failure, Malformed, OpenAIServer, RateLimit, Raw, Reply, Silent

pytestmark = pytest.mark.usefixtures("carrier")

CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": "Rome"}'}}
TOOL = ToolSpec("look", "Looks.", {"type": "object", "properties": {"at": {"type": "string"}}})
RICH = Reply("hello", extra={"reasoning_content": "I think.", "tool_calls": [CALL]})
BOTH = pytest.mark.parametrize("api", ["chat", "responses"])


def ask(lm: dspy.LM, asynchronous: bool, *args: Any, **kwargs: Any) -> Any:
    return asyncio.run(lm.acall(*args, **kwargs)) if asynchronous else lm(*args, **kwargs)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_what_is_sent(server: OpenAIServer, asynchronous: bool) -> None:
    lm = model(server, model_type="responses", temperature=0.3, max_tokens=50, cache=False)
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]
    assert ask(lm, asynchronous, messages=messages) == ["This is a test!"]
    seen = server.requests[0]
    assert seen.path == "/v1/responses"
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.body == {
        "model": "any",
        "temperature": 0.3,
        "max_output_tokens": 50,
        "input": [
            {"role": "system", "content": [{"type": "input_text", "text": "Be brief."}]},
            {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        ],
    }


def test_system_messages_can_be_a_developers(server: OpenAIServer) -> None:
    lm = model(server, model_type="responses", cache=False, use_developer_role=True)
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]
    ask(lm, False, messages=messages)
    body = server.requests[0].body
    assert [item["role"] for item in body["input"]] == ["developer", "user"]
    assert "use_developer_role" not in body
    assert dspy.LM(**lm.dump_state()).use_developer_role
    model(server, use_developer_role=True, cache=False)(messages=messages)
    assert server.requests[1].body["messages"][0]["role"] == "system"


def test_settings_have_their_names_there(server: OpenAIServer) -> None:
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    model(server, model_type="responses", temperature=None, max_tokens=None).copy(model="openai/gpt-5.4")(
        "x",
        reasoning_effort="low",
        max_completion_tokens=6000,
        tools=[TOOL.as_openai()],
        tool_choice={"type": "function", "function": {"name": "look"}},
        response_format={"type": "json_schema", "json_schema": {"name": "s", "schema": schema}},
        instructions="Be kind.",
        n=1,
    )
    body = server.requests[0].body
    assert body["reasoning"] == {"effort": "low", "summary": "auto"}
    assert body["max_output_tokens"] == 6000
    assert body["instructions"] == "Be kind."
    assert body["text"] == {"format": {"type": "json_schema", "name": "s", "schema": schema}}
    (tool,) = body["tools"]
    assert (tool["type"], tool["name"], tool["parameters"]) == ("function", "look", TOOL.parameters)
    assert body["tool_choice"] == {"type": "function", "name": "look"}
    assert not {"n", "messages", "max_tokens", "response_format", "reasoning_effort"} & body.keys()


def test_all_parts_of_a_conversation_are_sent(server: OpenAIServer) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA", "detail": "low"}}
    data = "data:application/pdf;base64,AA"
    document = {"type": "file", "file": {"file_data": data, "filename": "a.pdf"}}
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "see"}, picture, document]},
        {"role": "assistant", "content": "looking", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
        {"role": "user", "content": "well?"},
    ]
    model(server, model_type="responses")(messages=messages)
    assert server.requests[0].body["input"] == [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "see"},
                {"type": "input_image", "image_url": "data:image/png;base64,AA", "detail": "low"},
                {"type": "input_file", "file_data": data, "filename": "a.pdf"},
            ],
        },
        {"role": "assistant", "content": [{"type": "output_text", "text": "looking"}]},
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"at": "Rome"}'},
        {"type": "function_call_output", "call_id": "c1", "output": "sunny"},
        {"role": "user", "content": [{"type": "input_text", "text": "well?"}]},
    ]


@BOTH
@pytest.mark.parametrize("asynchronous", [False, True])
def test_results_are_those_of_chat_completions(server: OpenAIServer, api: Any, asynchronous: bool) -> None:
    server.script(RICH, "plain", Reply("cut", finish_reason="length"))
    lm = model(server, model_type=api, cache=False)
    (rich,) = ask(lm, asynchronous, "x")
    assert rich == {"text": "hello", "reasoning_content": "I think.", "tool_calls": [CALL]}
    assert ask(lm, asynchronous, "x") == ["plain"]
    plain = lm.history[-1]
    assert plain["usage"]["completion_tokens"] == 1
    assert plain["usage"]["total_tokens"] == plain["usage"]["prompt_tokens"] + 1
    assert (plain["response_model"], plain["response"].finish_reason) == ("any", "stop")
    ask(lm, asynchronous, "x")
    assert lm.history[-1]["response"].is_truncated


@BOTH
def test_what_a_call_costs(server: OpenAIServer, api: Any) -> None:
    server.script("12345678")
    lm = model(server, model_type=api, input_cost_per_token=0.001, output_cost_per_token=0.01)
    lm("x")
    entry = lm.history[-1]
    usage = entry["usage"]
    assert entry["cost"] == pytest.approx(usage["prompt_tokens"] * 0.001 + 0.02)
    if api == "responses":
        assert usage["prompt_tokens_details"]["cached_tokens"] == 1
        assert usage["completion_tokens_details"]["reasoning_tokens"] == 2


@BOTH
@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (Failure(401, "bad key"), dspy.LMAuthError),
        (Failure(404, "no such model"), dspy.LMUnknownModelError),
        (Failure(400, "bad field"), dspy.LMInvalidRequestError),
        (Failure(400, "too long", "context_length_exceeded"), dspy.ContextWindowExceededError),
        (RateLimit(), dspy.LMRateLimitError),
        (Failure(500), dspy.LMServerError),
        (Malformed(), dspy.LMServerError),
        (Dropped(), dspy.LMTransportError),
        (Silent(2), dspy.LMTimeoutError),
        (Reply(None), dspy.EmptyAnswerError),
        (Reply("", finish_reason="content_filter"), dspy.FilteredAnswerError),
    ],
)
def test_errors_are_those_of_chat_completions(
    server: OpenAIServer, api: Any, step: Any, kind: type[dspy.LMError], asynchronous: bool
) -> None:
    server.script(step)
    with pytest.raises(kind) as caught:
        ask(model(server, model_type=api, timeout=0.5), asynchronous, "x")
    assert type(caught.value) is kind
    assert (caught.value.model, caught.value.provider) == ("openai/any", "openai")
    assert len(server.requests) == 1


def test_a_failed_response_is_an_error(server: OpenAIServer) -> None:
    error = {"code": "server_error", "message": "it broke"}
    server.script(Raw({"status": "failed", "error": error, "output": []}))
    with pytest.raises(dspy.LMError):
        model(server, model_type="responses")("x")


@BOTH
def test_streams_make_the_same_response(server: OpenAIServer, api: Any) -> None:
    server.script(Reply("a longer answer in pieces", extra=RICH.extra))
    lm = model(server, model_type=api, cache=False)
    pieces: list[Delta] = []

    async def noted() -> AsyncIterator[Delta]:
        async for delta in lm.astream("x"):
            pieces.append(delta)
            yield delta

    response = asyncio.run(acollect(noted()))
    completion = response.completions[0]
    assert len(pieces) > 4
    assert completion.text == "a longer answer in pieces"
    assert completion.reasoning.replace(" ", "") == "Ithink."
    assert [(call.name, call.arguments) for call in completion.tool_calls] == [("look", '{"at": "Rome"}')]
    assert response.usage["completion_tokens"] > 0


def test_modules_ask_by_it(server: OpenAIServer) -> None:
    with dspy.context(lm=model(server, model_type="responses")):
        assert isinstance(dspy.ChainOfThought("question -> answer: float")(question="x").answer, float)
    assert server.requests[0].path == "/v1/responses"


def test_several_answers_are_refused_before_they_are_asked_for(server: OpenAIServer) -> None:
    with pytest.raises(dspy.LMUnsupportedFeatureError, match="gives one answer, and n=3") as caught:
        model(server, model_type="responses")("x", n=3)
    assert caught.value.features == ["n"]
    assert not server.requests


def test_it_is_another_request_for_the_cache(server: OpenAIServer) -> None:
    server.script("one", "two")
    assert model(server, cache=True)("x") == ["one"]
    assert model(server, cache=True, model_type="responses")("x") == ["two"]
    assert model(server, cache=True, model_type="responses")("x") == ["two"]
    assert len(server.requests) == 2


def test_a_schema_and_tools_of_adapters_are_sent(server: OpenAIServer) -> None:
    lm = model(server, model_type="responses")
    output = Schema("answer", {"type": "object"}, strict=False)
    asyncio.run(lm.reply([{"role": "user", "content": "x"}], {}, (TOOL,), output))
    body = server.requests[0].body
    assert body["text"]["format"]["name"] == "answer"
    assert body["tools"][0]["name"] == "look"


def test_a_model_of_ones_own_may_give_such_a_response() -> None:
    class Mine(dspy.BaseLM):
        def forward(self, prompt: Any = None, messages: Any = None, **kwargs: Any) -> Any:
            text = {"type": "output_text", "text": "[[ ## answer ## ]]\nblue"}
            return {"output": [{"type": "message", "content": [text]}], "usage": {"input_tokens": 3}}

    lm = Mine("mine", model_type="responses")
    with dspy.context(lm=lm):
        assert dspy.Predict("question -> answer")(question="x").answer == "blue"
    assert lm.history[-1]["usage"] == {"prompt_tokens": 3}
