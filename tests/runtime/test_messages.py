"""Parts, streams and capabilities: what a model is asked and answers, and OpenAI's shapes at the doors."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dspyc.runtime as dspy
from dspyc.runtime.lm import openai_shapes
from dspyc.runtime.lm.capabilities import Capabilities, capabilities_of
from dspyc.runtime.lm.doors import Outputs, read_outputs, read_response, render_outputs, render_response
from dspyc.runtime.lm.messages import (
    Audio,
    File,
    Image,
    Message,
    Native,
    Part,
    Reasoning,
    Schema,
    Text,
    ToolCall,
    ToolResult,
    ToolSpec,
)
from dspyc.runtime.lm.request import Completion, Request, Response
from dspyc.runtime.lm.stream import Delta, ToolCallPiece, as_deltas, collect
from support.openai_server import Dropped, OpenAIServer, Reply

CALL = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": '{"q": "x"}'}}
SHAPES: list[dict[str, Any]] = [
    {"role": "user", "content": "hello"},
    {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "see"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA", "detail": "low"}},
            {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA", "filename": "x.pdf"}},
        ],
    },
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "assistant", "content": "I look", "tool_calls": [CALL]},
    {"role": "assistant", "content": "so", "reasoning_content": "first"},
    {"role": "tool", "tool_call_id": "c1", "name": "search", "content": "found"},
    {"role": "system", "content": "be brief", "name": "boss"},
    {"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]},
    {"role": "user", "content": [{"type": "video_url", "video_url": {"url": "x"}}]},
    {"role": "assistant", "content": ""},
]


@pytest.mark.parametrize("shape", SHAPES)
def test_openais_dicts_keep_everything(shape: dict[str, Any]) -> None:
    message = openai_shapes.read_message(shape)
    assert message.as_openai() == shape
    assert dict(message) == shape
    assert openai_shapes.read_message(message) is message


def test_parts_of_a_message() -> None:
    kinds = [[type(part) for part in openai_shapes.read_message(shape).parts] for shape in SHAPES]
    assert kinds == [
        [Text], [Text, Text], [Text, Image, Audio, File], [ToolCall], [Text, ToolCall], [Reasoning, Text],
        [ToolResult], [Text], [Native], [Native], [Text],
    ]  # fmt: skip
    assert openai_shapes.read_message(SHAPES[1]).text == "ab"


def test_a_request_reads_either_form() -> None:
    request = Request(
        "m", [SHAPES[0], Message("assistant", (Text("yes"),))], {"n": 2, "cache": True, "x": None}
    )
    assert [message.text for message in request.messages] == ["hello", "yes"]
    assert request.openai_messages == [SHAPES[0], {"role": "assistant", "content": "yes"}]
    assert request.messages[-1]["content"] == "yes"
    assert request.sent_settings == {"n": 2}
    tool, schema = ToolSpec("t", "does", {"type": "object"}), Schema("answer", {"type": "object"})
    sent = Request("m", [], {}, tools=(tool,), output=schema).sent_settings
    assert sent["tools"][0]["function"]["name"] == "t"
    assert sent["response_format"]["json_schema"]["strict"] is True


# --- answers --------------------------------------------------------------------------------------------

PARTS = st.lists(
    st.one_of(
        st.builds(Text, st.text(min_size=1)),
        st.builds(ToolCall, st.text(min_size=1), st.text(min_size=1), st.text(min_size=1)),
        st.builds(Reasoning, st.text(min_size=1)),
    ),
    max_size=4,
)


def in_order(parts: list[Part]) -> tuple[Part, ...]:
    """One reasoning, one text, then the calls: the form that a stream gives back."""
    reasoning = "".join(part.text for part in parts if isinstance(part, Reasoning))
    text = "".join(part.text for part in parts if isinstance(part, Text))
    calls = [part for part in parts if isinstance(part, ToolCall)]
    return (*([Reasoning(reasoning)] if reasoning else []), *([Text(text)] if text else []), *calls)


@given(st.lists(PARTS, max_size=3), st.sampled_from(["stop", "length", "tool_calls"]))
def test_a_response_taken_apart_and_put_together_is_the_same(answers: list[list[Part]], reason: str) -> None:
    completions = [Completion(in_order(parts), reason) for parts in answers]
    response = Response(completions, {"total_tokens": 3}, 0.5, model="m", id="i")
    assert collect(as_deltas(response)) == response


def test_pieces_of_a_stream() -> None:
    deltas = [
        Delta(reasoning="let "), Delta(reasoning="me"), Delta(text="I "), Delta(text="look"),
        Delta(tool_calls=(ToolCallPiece(0, "c1", "search", '{"q"'),)),
        Delta(tool_calls=(ToolCallPiece(0, arguments=': "x"}'), ToolCallPiece(1, "c2", "stop", "{}"))),
        Delta(index=1, text="other"), Delta(finish_reason="tool_calls"),
        Delta(usage={"total_tokens": 9}, model="m"),
    ]  # fmt: skip
    response = collect(deltas)
    first, second = response.completions
    assert first.parts == (
        Reasoning("let me"), Text("I look"),
        ToolCall("c1", "search", '{"q": "x"}'), ToolCall("c2", "stop", "{}"),
    )  # fmt: skip
    assert (first.finish_reason, second.text) == ("tool_calls", "other")
    assert (response.usage, response.model) == ({"total_tokens": 9}, "m")


def test_dspys_lists_and_back() -> None:
    plain = Response(["a", "b"])
    assert render_outputs(plain) == ["a", "b"]
    rich = Response([Completion((Reasoning("so"), ToolCall("1", "f", "{}")), "tool_calls", {"content": []})])
    outputs = render_outputs(rich)
    assert outputs == [
        {
            "text": None, "reasoning_content": "so", "logprobs": {"content": []},
            "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        }
    ]  # fmt: skip
    assert read_outputs(outputs) is rich
    assert read_outputs([*outputs]).completions[0].tool_calls == (ToolCall("1", "f", "{}"),)
    changed = Outputs(outputs)
    changed.response = rich
    changed[0] = "other"
    assert read_outputs(changed).texts == ("other",)
    assert read_outputs("one").texts == ("one",)


def test_openais_objects_and_back() -> None:
    response = Response([Completion((Text("a"), ToolCall("1", "f", "{}")), "stop")], {"total_tokens": 2}, 0.1)
    raw = render_response(response)
    assert raw.choices[0].message.content == "a"
    assert raw.usage.total_tokens == raw["usage"]["total_tokens"] == 2
    assert read_response(raw).completions == response.completions
    assert read_response(raw).cost == 0.1


# --- over a server --------------------------------------------------------------------------------------


def model(server: OpenAIServer, **options: Any) -> dspy.LM:
    options = {"num_retries": 0, **options}
    return dspy.LM("openai/any", api_base=server.api_base, api_key="k-123456", **options)


def test_a_call_gives_what_is_more_than_text(server: OpenAIServer) -> None:
    lm = model(server)
    server.script(Reply(None, "tool_calls", extra={"tool_calls": [CALL]}))
    assert lm("x", tools=[{"type": "function", "function": {"name": "search"}}]) == [
        {"text": None, "tool_calls": [CALL]}
    ]
    content = [{"token": "4", "logprob": -0.1, "bytes": [52], "top_logprobs": []}]
    server.script(Reply("4", logprobs={"content": content, "refusal": None}))
    (found,) = lm("y", logprobs=True)
    assert (found["text"], found["logprobs"]["content"][0]["logprob"]) == ("4", -0.1)
    server.script(Reply("so", extra={"reasoning_content": "because"}))
    assert lm("z") == [{"text": "so", "reasoning_content": "because"}]
    assert lm("z") == [{"text": "so", "reasoning_content": "because"}], "from the cache, too"
    assert len(server.requests) == 3


async def pieces(lm: Any, prompt: str) -> list[Delta]:
    return [delta async for delta in lm.astream(prompt)]


def test_a_server_streams(server: OpenAIServer) -> None:
    server.script(
        Reply("Blue as the sky above", extra={"tool_calls": [CALL], "reasoning_content": "I think"})
    )
    lm = model(server)
    found = asyncio.run(pieces(lm, "x"))
    assert len([delta for delta in found if delta.text]) == 3
    response = collect(found)
    completion = response.completions[0]
    assert completion.text == "Blue as the sky above"
    assert completion.reasoning == "Ithink"
    assert completion.tool_calls == (ToolCall("c1", "search", '{"q": "x"}'),)
    assert response.usage["completion_tokens"] == 3
    assert lm.history[-1]["outputs"][0]["text"] == "Blue as the sky above"
    again = asyncio.run(pieces(lm, "x"))
    assert collect(again).completions == response.completions
    assert len(server.requests) == 1, "the second one came from the cache"


def test_a_stream_is_tried_again_before_its_first_piece_only(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dspyc.runtime.lm.retry.FIRST_DELAY", 0.01)
    server.script(Dropped(), "fine")
    assert collect(asyncio.run(pieces(model(server, num_retries=2), "x"))).text == "fine"
    assert len(server.requests) == 2


def test_a_model_that_cannot_stream_gives_one_piece() -> None:
    lm = dspy.DummyLM(["all of it"])
    found = asyncio.run(pieces(lm, "x"))
    assert [delta.text for delta in found if delta.text] == ["all of it"]
    assert len(lm.history) == 1


# --- capabilities ---------------------------------------------------------------------------------------


def test_what_models_can_do() -> None:
    mini = capabilities_of("openai/gpt-4o-mini")
    assert (mini.native_tools, mini.response_schema, mini.images, mini.logprobs) == (True,) * 4
    assert (mini.reasoning, mini.max_output_tokens) == (False, 16384)
    assert capabilities_of("openai/o3-mini").reasoning
    assert capabilities_of("anthropic/claude-sonnet-4-5").native_tools
    assert capabilities_of("gguf/any.gguf") == capabilities_of("embedded/banking")
    assert capabilities_of("gguf/any.gguf").grammar
    assert capabilities_of("openai/no-such-model") == Capabilities(streaming=True)
    assert capabilities_of("anthropic/gpt-4o-mini") == Capabilities(streaming=True)
    assert dspy.LM("openai/gpt-4o-mini").capabilities is mini
    assert dspy.BaseLM().capabilities == Capabilities()


def test_reading_the_table_imports_no_litellm() -> None:
    code = (
        "import sys; from dspyc.runtime.lm.capabilities import capabilities_of;"
        "assert capabilities_of('openai/gpt-4o-mini').native_tools; assert 'litellm' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("made", [Response(["x"]).usage, Delta().usage, Message("user", ()).extra])
def test_what_stands_for_no_entries_is_shared_and_gets_none(made: Any) -> None:
    with pytest.raises(TypeError, match="do not change"):
        made["prompt_tokens"] = 1
    assert made == {}
