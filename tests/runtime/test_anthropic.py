"""Models of Anthropic over connections of our own: requests, answers and errors are those of litellm."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.base.models import names, row_of
from dspyc.runtime.lm import asking
from dspyc.runtime.lm.messages import Message, Reasoning, Text, ToolCall
from dspyc.runtime.lm.request import Request, Response
from dspyc.runtime.lm.stream import as_deltas, collect
from dspyc.runtime.lm.transports import base
from dspyc.runtime.lm.transports.anthropic import AnthropicTransport
from dspyc.runtime.lm.transports.anthropic_shapes import EventReader, as_events
from dspyc.runtime.lm.transports.litellm import LitellmTransport
from support.anthropic_cases import ASKED, EVENTS, RICH, TOOL, USER
from support.anthropic_server import MESSAGE, AnthropicServer

KEY = "sk-canary-0123456789abcdef"


@pytest.fixture
def server() -> Iterator[AnthropicServer]:
    with AnthropicServer() as made:
        yield made


@pytest.fixture(params=["http", "litellm"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What carries the requests."""
    if request.param == "litellm":
        monkeypatch.setitem(base.TRANSPORTS, "anthropic/", base.TRANSPORTS[""])
    chosen: str = request.param
    return chosen


def model(server: AnthropicServer, name: str = "claude-sonnet-4-5", **options: Any) -> dspy.LM:
    options = {"api_key": KEY, "cache": False, "num_retries": 0, **options}
    return dspy.LM(f"anthropic/{name}", api_base=server.api_base, **options)


def asked(lm: dspy.LM, messages: list[Any], settings: dict[str, Any]) -> Request:
    return asking.make_request(lm, None, messages, settings)


# --- what is sent ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ASKED)
def test_a_request_is_what_litellm_sends(server: AnthropicServer, name: str) -> None:
    request = asked(model(server), *ASKED[name])
    assert AnthropicTransport().posted(request, False) is not None
    AnthropicTransport().complete(request)
    LitellmTransport().complete(request)
    (path, ours, body), (other_path, theirs, other_body) = server.requests
    assert (path, body) == (other_path, other_body)
    for header in ("x-api-key", "anthropic-version", "content-type"):
        assert ours[header] == theirs[header]


def test_models_with_rules_of_their_own_are_asked_by_litellm(server: AnthropicServer) -> None:
    known = [each for each in names() if each.startswith("claude-") and row_of(f"anthropic/{each}")]
    assert len(known) > 10
    direct = 0
    for name in known:
        lm = model(server, name, temperature=None)
        for settings in ({}, {"temperature": 0.3}, {"tools": [TOOL], "max_tokens": None}):
            request = asked(lm, [USER], settings)
            posted = AnthropicTransport().posted(request, False)
            if posted is None:
                continue
            LitellmTransport().complete(request)
            assert json.loads(posted.body) == server.body, (name, settings)
            direct += 1
    assert direct >= 2 * len(known)


@pytest.mark.parametrize(
    ("messages", "settings"),
    [
        ([USER], {"response_format": {"type": "json_object"}}),
        ([USER], {"reasoning_effort": "low"}),
        ([USER], {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": None}),
        ([USER], {"n": 2}),
        ([USER], {"user": "somebody"}),
        ([USER], {"stop": 3}),
        ([USER], {"tools": [{"type": "function", "function": {}}]}),
        ([USER], {"tools": [{"type": "function", "function": {"name": "f", "parameters": "x"}}]}),
        ([USER], {"tools": [TOOL], "tool_choice": {"type": "function", "function": {}}}),
        ([USER], {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
        ([USER], {"tools": [{**TOOL, "function": {**TOOL["function"], "strict": True}}]}),  # type: ignore[dict-item]
        ([USER], {"tools": [{**TOOL, "function": {**TOOL["function"], "name": "a/b"}}]}),  # type: ignore[dict-item]
        ([{"role": "user", "content": ""}], {}),
        ([{"role": "system", "content": "Be brief."}], {}),
        ([USER, {"role": "system", "content": "late"}], {}),
        ([{**USER, "cache_control": {"type": "ephemeral"}}], {}),
        ([{"role": "user", "content": [{"type": "text", "text": "x", "cache_control": {}}]}], {}),
        (
            [
                {
                    "role": "user",
                    "content": [{"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}],
                }
            ],
            {},
        ),
        ([{"role": "user", "content": [{"type": "file", "file": {"file_id": "file_1"}}]}], {}),
    ],
)
def test_what_this_way_does_not_know_goes_through_litellm(
    server: AnthropicServer, messages: list[Any], settings: dict[str, Any]
) -> None:
    assert AnthropicTransport().posted(asked(model(server), messages, settings), False) is None


def test_an_extra_body_of_another_shape_is_refused(server: AnthropicServer) -> None:
    for lm in (model(server), dspy.LM("openai/any", api_base=server.api_base, api_key=KEY, num_retries=0)):
        with pytest.raises(dspy.LMInvalidRequestError, match="cannot be sent"):
            lm("x", extra_body="x")
    assert not server.requests


def test_an_unknown_model_and_a_token_go_through_litellm(
    server: AnthropicServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert AnthropicTransport().posted(asked(model(server, "claude-of-tomorrow"), [USER], {}), False) is None
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "x")
    lm = dspy.LM("anthropic/claude-sonnet-4-5", api_base=server.api_base)
    assert AnthropicTransport().posted(asked(lm, [USER], {}), False) is None


def test_thoughts_go_back_as_they_came(server: AnthropicServer) -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "sig"}
    said = Message(
        "assistant", (Reasoning("Hm.", (thought,)), Text("No. "), ToolCall("t1", "look", '{"q": 1}'))
    )
    answered = {"role": "tool", "tool_call_id": "t1", "content": "1"}
    AnthropicTransport().complete(asked(model(server), [USER, said, answered], {"tools": [TOOL]}))
    assert server.body["messages"][1]["content"] == [
        thought,
        {"type": "text", "text": "No."},
        {"type": "tool_use", "id": "t1", "name": "look", "input": {"q": 1}},
    ]


@pytest.mark.parametrize("end", ["", "/", "/v1/messages"])
def test_the_address_in_its_forms(server: AnthropicServer, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    monkeypatch.setenv("ANTHROPIC_API_BASE", f"{server.api_base}{end}")
    lm = dspy.LM(
        "anthropic/claude-sonnet-4-5", api_key=KEY, cache=False, extra_headers={"anthropic-beta": "a"}
    )
    assert lm("x") == ["Hello."]
    path, headers, _ = server.requests[0]
    assert (path, headers["anthropic-beta"], headers["x-api-key"]) == ("/v1/messages", "a", KEY)


def test_a_missing_key_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(dspy.LMNotConfiguredError, match="export ANTHROPIC_API_KEY"):
        dspy.LM("anthropic/claude-sonnet-4-5", cache=False)("x")


def test_litellm_is_not_imported_for_it(server: AnthropicServer) -> None:
    code = (
        "import sys, dspyc.runtime as dspy\n"
        "lm = dspy.LM('anthropic/claude-sonnet-4-5', api_base=sys.argv[1], api_key='k', cache=False)\n"
        "assert lm('x') == ['Hello.']\n"
        "print({'litellm', 'anthropic', 'httpx'} & set(sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, server.api_base], capture_output=True, text=True, check=True
    )
    assert found.stdout == "set()\n"


# --- what comes back ------------------------------------------------------------------------------------


@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_answer_with_all_its_parts(server: AnthropicServer, way: str, asynchronous: bool) -> None:
    server.script.append((200, RICH))
    lm = model(server)
    (output,) = asyncio.run(lm.acall("x")) if asynchronous else lm("x")
    assert (output["text"], output["reasoning_content"]) == ("Here it is.", "Hm.")
    assert [call["function"] for call in output["tool_calls"]] == [
        {"name": "look", "arguments": '{"q": 1}'},
        {"name": "look", "arguments": "{}"},
    ]
    entry = lm.history[-1]
    counts = entry["usage"]
    assert (counts["prompt_tokens"], counts["completion_tokens"], counts["total_tokens"]) == (15, 5, 20)
    details = entry["usage"]["prompt_tokens_details"]
    assert (details["cached_tokens"], details["cache_creation_tokens"]) == (2, 3)
    assert entry["cost"] == pytest.approx((10 * 3 + 3 * 3.75 + 2 * 0.3 + 5 * 15) / 1e6)
    completion = entry["response"].completions[0]
    assert completion.finish_reason == "tool_calls"
    assert completion.parts[0].blocks == ({"type": "thinking", "thinking": "Hm.", "signature": "sig"},)
    assert entry["response_model"] == "claude-sonnet-4-5"


@pytest.mark.parametrize(
    ("stop_reason", "reason"),
    [("end_turn", "stop"), ("stop_sequence", "stop"), ("max_tokens", "length"), ("pause_turn", "length")],
)
def test_why_an_answer_ended(server: AnthropicServer, way: str, stop_reason: str, reason: str) -> None:
    server.script.append((200, {**MESSAGE, "stop_reason": stop_reason}))
    lm = model(server)
    lm("x")
    assert lm.history[-1]["response"].finish_reason == reason


@pytest.mark.parametrize(
    ("status", "kind", "words", "error"),
    [
        (400, "invalid_request_error", "temperature: too high", dspy.LMInvalidRequestError),
        (
            400,
            "invalid_request_error",
            "prompt is too long: 9 tokens > 8 maximum",
            dspy.ContextWindowExceededError,
        ),
        (401, "authentication_error", "invalid x-api-key", dspy.LMAuthError),
        (403, "permission_error", "not yours", dspy.LMAuthError),
        (404, "not_found_error", "model: claude-x", dspy.LMUnknownModelError),
        (429, "rate_limit_error", "slow down", dspy.LMRateLimitError),
        (500, "api_error", "it broke", dspy.LMServerError),
        (529, "overloaded_error", "Overloaded", dspy.LMServerError),
    ],
)
def test_each_refusal_has_its_error(
    server: AnthropicServer, way: str, status: int, kind: str, words: str, error: type[dspy.LMError]
) -> None:
    server.script.append((status, {"type": "error", "error": {"type": kind, "message": words}}))
    server.headers = {"request-id": "req_7", "retry-after": "3"}
    with pytest.raises(error, match=words) as caught:
        model(server)("x")
    assert type(caught.value) is error
    # litellm tells of every status above 500 as 500.
    assert caught.value.status == (status if way == "http" else min(status, 500))
    assert caught.value.request_id == "req_7"
    assert KEY not in str(caught.value)
    if status == 429:
        assert caught.value.retry_after == 3


def test_a_refused_answer_is_an_error(server: AnthropicServer, way: str) -> None:
    server.script.append((200, {**MESSAGE, "content": [], "stop_reason": "refusal"}))
    with pytest.raises(dspy.FilteredAnswerError):
        model(server)("x")


def test_a_busy_server_is_asked_again(server: AnthropicServer) -> None:
    busy = (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
    server.script.extend([busy, busy])
    assert model(server, num_retries=2)("x") == ["Hello."]
    assert len(server.requests) == 3


def test_modules_reach_typed_results(server: AnthropicServer, way: str) -> None:
    text = "[[ ## colour ## ]]\nblue\n\n[[ ## years ## ]]\n[1999, 2001]\n\n[[ ## completed ## ]]"
    server.script.append((200, {**MESSAGE, "content": [{"type": "text", "text": text}]}))
    with dspy.context(lm=model(server)):
        found = dspy.Predict("question -> colour: Literal['blue', 'red'], years: list[int]")(
            question="Which?"
        )
    assert (found.colour, found.years) == ("blue", [1999, 2001])


# --- streams --------------------------------------------------------------------------------------------


def streamed(lm: dspy.LM, **settings: Any) -> Response:
    async def pieces() -> list[Any]:
        return [delta async for delta in lm.astream("x", **settings)]

    return collect(asyncio.run(pieces()))


def test_a_stream_makes_the_same_answer(server: AnthropicServer, way: str) -> None:
    server.script.append(EVENTS)
    response = streamed(model(server), tools=[TOOL])
    assert server.body["stream"] is True
    completion = response.completions[0]
    assert (completion.text, completion.reasoning, completion.finish_reason) == (
        "Here it is.",
        "Hm.",
        "tool_calls",
    )
    (call,) = completion.tool_calls
    assert (call.id, call.name, json.loads(call.arguments)) == ("t1", "look", {"q": 1})
    counts = response.usage
    assert (counts["prompt_tokens"], counts["completion_tokens"], counts["total_tokens"]) == (10, 5, 15)


def test_a_stream_keeps_the_thoughts_as_they_go_back(server: AnthropicServer) -> None:
    hidden = {"type": "redacted_thinking", "data": "x7"}
    events = [
        *EVENTS[:6],
        {"type": "content_block_start", "index": 9, "content_block": hidden},
        {"type": "content_block_stop", "index": 9},
        *EVENTS[6:],
    ]
    thoughts = ({"type": "thinking", "thinking": "Hm.", "signature": "sig"}, hidden)
    whole = {**RICH, "content": [thoughts[0], hidden, *RICH["content"][1:]]}
    for answer in (events, (200, whole)):
        server.script.append(answer)
        completion = streamed(model(server), tools=[TOOL]).completions[0]
        assert completion.parts[0] == Reasoning("Hm.", thoughts)
        kept = Response([completion], {"total_tokens": 1})
        assert collect(as_deltas(kept)) == kept


@pytest.mark.parametrize(
    "event",
    [
        None,
        "x",
        [1],
        {},
        {"type": "content_block_delta", "delta": "x"},
        {"type": "content_block_start", "content_block": []},
        {"type": "content_block_stop", "index": 3},
        {"type": "message_start", "message": 1},
        {"type": "message_delta", "delta": "x"},
    ],
)
def test_events_of_another_shape_bring_nothing(event: Any) -> None:
    assert list(EventReader()(event)) == []


def test_a_stream_is_priced_and_named(server: AnthropicServer) -> None:
    server.script.append(EVENTS)
    response = streamed(model(server))
    assert response.cost == pytest.approx((10 * 3 + 5 * 15) / 1e6)
    assert (response.model, response.id) == ("claude-sonnet-4-5", "msg_1")


def test_a_server_that_does_not_stream_is_read_whole(server: AnthropicServer) -> None:
    server.script.append((200, RICH))
    response = streamed(model(server))
    completion = response.completions[0]
    assert (completion.text, completion.reasoning, completion.finish_reason) == (
        "Here it is.",
        "Hm.",
        "tool_calls",
    )
    assert [json.loads(call.arguments) for call in completion.tool_calls] == [{"q": 1}, {}]
    assert response.usage["total_tokens"] == 20
    assert [event["type"] for event in as_events(MESSAGE)] == [
        "message_start", "content_block_start", "message_delta", "message_stop",
    ]  # fmt: skip


def test_a_stream_that_ends_early_is_no_answer(server: AnthropicServer) -> None:
    server.script.append(EVENTS[:9])
    with pytest.raises(dspy.LMStreamAssemblyError, match="ended before the answer did"):
        streamed(model(server))


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("overloaded_error", dspy.LMServerError),
        ("rate_limit_error", dspy.LMRateLimitError),
        ("invalid_request_error", dspy.LMInvalidRequestError),
    ],
)
def test_an_error_amid_a_stream_is_raised(
    server: AnthropicServer, kind: str, error: type[dspy.LMError]
) -> None:
    server.script.append([*EVENTS[:8], {"type": "error", "error": {"type": kind, "message": "no more"}}])
    with pytest.raises(error, match="no more"):
        streamed(model(server))


def test_a_refused_stream_has_its_error(server: AnthropicServer, way: str) -> None:
    server.script.append(
        (401, {"type": "error", "error": {"type": "authentication_error", "message": "no key"}})
    )
    with pytest.raises(dspy.LMAuthError, match="no key"):
        streamed(model(server))
