"""Tools as fields: `ToolCalls` in the prompt and by the provider's own function calling."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import dspyc
import dspyc.runtime as dspy
from dspyc.runtime.lm.capabilities import Capabilities
from dspyc.runtime.lm.messages import Reasoning as Thought
from dspyc.runtime.lm.messages import Text, ToolCall
from dspyc.runtime.lm.request import Completion, Request, Response
from dspyc.runtime.types.type import Type
from support.chat_cases import tool_messages
from support.openai_server import OpenAIServer, Reply

GOLDEN = json.loads((Path(__file__).parent / "goldens" / "tool_messages.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", GOLDEN)
def test_messages_with_tools_are_dspys(name: str) -> None:
    assert tool_messages(dspy)[name] == GOLDEN[name]


def search(query: str, k: int = 3) -> list[str]:
    """Search the archive."""
    return [query] * k


SIGNATURE = dspy.Signature("question, tools: list[Tool] -> calls: ToolCalls, answer: str | None", "Search.")
ASKED = {"question": "q", "tools": [search]}


def call(name: str = "search", arguments: str = '{"query": "x"}', id_: str = "c1") -> dict[str, Any]:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


class Calling(dspy.BaseLM):
    """A model with native tools that answers what it is told to."""

    capabilities = Capabilities(native_tools=True)

    def __init__(self, *answers: Completion) -> None:
        super().__init__(model="calling")
        self.answers = list(answers)
        self.seen: list[Request] = []

    def complete(self, request: Request) -> Response:
        self.seen.append(request)
        return Response([self.answers.pop(0)])


# --- in the prompt --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{"tool_calls": [{"name": "search", "args": {"query": "x"}}]}',
        '[{"name": "search", "args": {"query": "x"}}]',
        '{"name": "search", "arguments": {"query": "x"}}',
        '```json\n{"tool_calls": [{"name": "search", "args": {"query": "x"},}]}\n```',
        '[{"type": "function", "function": {"name": "search", "arguments": "{\\"query\\": \\"x\\"}"}}]',
    ],
)
@pytest.mark.parametrize("kind", [dspy.ChatAdapter, dspy.JSONAdapter])
def test_calls_are_read_in_every_form(kind: Any, text: str) -> None:
    whole = (
        f"[[ ## calls ## ]]\n{text}\n\n[[ ## completed ## ]]"
        if kind is dspy.ChatAdapter or text.startswith("`")
        else f'{{"calls": {text}}}'
    )
    read = kind().parse(SIGNATURE, whole)
    assert read["answer"] is None
    assert [(each.name, each.args) for each in read["calls"].tool_calls] == [("search", {"query": "x"})]


def test_without_native_tools_the_prompt_describes_them() -> None:
    with OpenAIServer() as server:
        server.script('[[ ## calls ## ]]\n[{"name": "search", "args": {"query": "x"}}]')
        lm = dspy.LM("openai/of-our-own", api_base=server.api_base, api_key="k", cache=False)
        with dspy.context(lm=lm, adapter=dspy.ChatAdapter(use_native_function_calling=True)):
            calls = dspy.Predict(SIGNATURE)(**ASKED).calls
        assert calls.tool_calls[0].args == {"query": "x"}
        assert "tools" not in server.requests[0].body
        assert "whose description is <desc>Search the archive.</desc>" in str(server.requests[0].body)


# --- by the provider ------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [{}, {"custom_llm_provider": "openai"}], ids=["ours", "litellm"])
@pytest.mark.parametrize("kind", [dspy.ChatAdapter, dspy.JSONAdapter])
def test_the_provider_is_given_the_tools(kind: Any, more: dict[str, Any]) -> None:
    with OpenAIServer() as server:
        both = [call(), call(arguments='{"query": "y", "k": 1}', id_="c2")]
        server.script(Reply(None, "tool_calls", extra={"tool_calls": both}))
        lm = dspy.LM("openai/gpt-4o-mini", api_base=server.api_base, api_key="k", cache=False, **more)
        with dspy.context(lm=lm, adapter=kind(use_native_function_calling=True, parallel_tool_calls=True)):
            found = dspy.Predict(SIGNATURE)(**ASKED)
        body = server.requests[0].body
    assert [(each.id, each.args) for each in found.calls.tool_calls] == [
        ("c1", {"query": "x"}),
        ("c2", {"query": "y", "k": 1}),
    ]
    assert found.answer is None
    (tool,) = body["tools"]
    assert tool["function"]["name"] == "search"
    assert tool["function"]["parameters"]["required"] == ["query"]
    assert body["parallel_tool_calls"] is True
    assert body["tool_choice"] == "auto"
    assert "response_format" not in body
    assert "ToolCalls" not in json.dumps(body["messages"])
    assert "[[ ## tools ## ]]" not in json.dumps(body["messages"])


def test_a_text_beside_a_call_is_read_if_it_can_be() -> None:
    asked = ToolCall("c1", "search", '{"query": "x"}')
    lm = Calling(
        Completion((Text("[[ ## count ## ]]\n1"), asked)),
        Completion((Text("I will look it up."), asked)),
        Completion((Text("[[ ## count ## ]]\n2"),)),
    )
    counting = dspy.Signature("question, tools: list[Tool] -> calls: ToolCalls, count: int | None")
    with dspy.context(lm=lm, adapter=dspy.ChatAdapter(use_native_function_calling=True)):
        predict = dspy.Predict(counting)
        first, second, third = (predict(**ASKED) for _ in range(3))
    assert (first.count, first.calls.tool_calls[0].name) == (1, "search")
    assert (second.count, second.calls.tool_calls[0].name) == (None, "search")
    assert (third.count, third.calls) == (2, None)


def test_calls_alone_need_no_reminder_of_a_format() -> None:
    lm = Calling(Completion((ToolCall("c1", "search", "{}"),)), Completion((Text("no idea"),)))
    alone = dspy.Signature("question, tools: list[Tool] -> calls: ToolCalls")
    with dspy.context(lm=lm, adapter=dspy.ChatAdapter(use_native_function_calling=True)):
        predict = dspy.Predict(alone)
        assert predict(**ASKED).calls.tool_calls[0].args == {}
        assert predict(**ASKED).calls is None
    assert lm.seen[0].openai_messages[-1]["content"] == "[[ ## question ## ]]\nq"


def test_arguments_that_are_no_object_are_asked_for_again() -> None:
    lm = Calling(
        Completion((ToolCall("c1", "search", '"just text"'),)),
        Completion((ToolCall("c2", "search", '{"query": "x",}'),)),
    )
    with dspy.context(lm=lm, adapter=dspy.ChatAdapter(use_native_function_calling=True)):
        found = dspy.Predict(SIGNATURE)(**ASKED)
    assert found.calls.tool_calls[0].args == {"query": "x"}
    assert "arguments of the call to `search`" in lm.seen[1].openai_messages[-1]["content"]
    assert lm.seen[1].tools == lm.seen[0].tools


def test_calls_without_an_input_for_the_tools_are_a_mistake_of_the_program() -> None:
    lm = Calling()
    with (
        dspy.context(lm=lm, adapter=dspy.ChatAdapter(use_native_function_calling=True)),
        pytest.raises(dspy.ConfigurationError, match="no input for the tools"),
    ):
        dspy.Predict("question -> calls: ToolCalls")(question="q")


def test_conditions_hold_for_what_the_provider_fills() -> None:
    def has_calls(values: dict[str, Any]) -> bool:
        return values["calls"] is not None

    signature = dspy.Signature(
        {
            "question": dspy.InputField(),
            "tools": (list[dspy.Tool], dspy.InputField()),
            "calls": (dspy.ToolCalls, dspy.OutputField(where=(("calls is not None", has_calls),))),
        }
    )
    lm = Calling(Completion((Text("hm"),)), Completion((ToolCall("c1", "search", "{}"),)))
    with dspy.context(lm=lm, adapter=dspy.ChatAdapter(use_native_function_calling=True)):
        assert dspy.Predict(signature)(**ASKED).calls.tool_calls[0].id == "c1"
    assert "calls is not None" in lm.seen[1].openai_messages[-1]["content"]


# --- types that the provider fills ----------------------------------------------------------------------


class Thoughts(Type):
    text: str

    @classmethod
    def adapt_to_native_lm_feature(cls, signature: Any, field_name: str, lm: Any, lm_kwargs: Any) -> Any:
        if not lm.capabilities.reasoning:
            return signature
        lm_kwargs["reasoning_effort"] = "low"
        return signature.delete(field_name)

    @classmethod
    def parse_lm_response(cls, response: Any) -> Any:
        return cls(text=response["reasoning_content"]) if "reasoning_content" in response else None


THINKING = dspy.Signature(
    {
        "q": dspy.InputField(),
        "thoughts": (Thoughts, dspy.OutputField()),
        "answer": (str, dspy.OutputField()),
    }
)


@pytest.mark.parametrize("chosen", [[Thoughts], None])
@pytest.mark.parametrize("able", [True, False])
def test_a_type_says_what_the_provider_does_for_it(chosen: Any, able: bool) -> None:
    is_native = able and chosen is not None
    text = (
        "[[ ## answer ## ]]\n4"
        if is_native
        else '[[ ## thoughts ## ]]\n{"text": "hm"}\n\n[[ ## answer ## ]]\n4'
    )
    lm = Calling(Completion((Thought("hm"), Text(text))))
    lm.capabilities = Capabilities(reasoning=able)
    with dspy.context(lm=lm, adapter=dspy.ChatAdapter(native_response_types=chosen)):
        found = dspy.Predict(THINKING)(q="2+2?")
    assert (found.thoughts, found.answer) == (Thoughts(text="hm"), "4")
    assert list(found.keys()) == ["thoughts", "answer"]
    assert ("reasoning_effort" in lm.seen[0].settings) is is_native
    assert ("[[ ## thoughts ## ]]" in lm.seen[0].openai_messages[0]["content"]) is not is_native


# --- calling them ---------------------------------------------------------------------------------------


def test_calls_are_executed_with_the_given_tools_only() -> None:
    calls = dspy.ToolCalls.from_dict_list([{"name": "search", "args": {"query": "a", "k": 2}}])
    (one,) = calls.tool_calls
    assert one.execute([dspy.Tool(search)]) == ["a", "a"]
    assert one.execute({"search": search}) == ["a", "a"]
    assert one.execute([search]) == ["a", "a"]
    with pytest.raises(dspy.ToolError, match=r"`search` was not found.*pass the tools"):
        one.execute()
    with pytest.raises(dspy.ToolError, match=r"the tool `search` was not found \(known tools: other\)"):
        one.execute([dspy.Tool(search, name="other")])


def test_a_tool_that_fails_is_an_error_with_its_cause() -> None:
    def broken(query: str) -> None:
        raise KeyError(query)

    (one,) = dspy.ToolCalls.from_dict_list([{"name": "broken", "args": {"query": "a"}}]).tool_calls
    with pytest.raises(dspy.ToolRunError, match="`broken` failed") as caught:
        one.execute([broken])
    assert isinstance(caught.value.__cause__, KeyError)
    assert isinstance(caught.value, RuntimeError)


def test_async_tools_are_awaited() -> None:
    async def later(query: str) -> str:
        return query.upper()

    (one,) = dspy.ToolCalls.from_dict_list([{"name": "later", "args": {"query": "a"}}]).tool_calls
    assert one.execute([dspy.Tool(later)]) == "A"


def test_results_belong_to_their_calls() -> None:
    calls = dspy.ToolCalls.from_dict_list([{"id": "1", "name": "a", "args": {}}, {"name": "b", "args": {}}])
    results = dspy.ToolCallResults.from_tool_calls_and_values(calls, [1, "no"], [False, True])
    assert [(each.call_id, each.name, each.value, each.is_error) for each in results.tool_call_results] == [
        ("1", "a", 1, False),
        (None, "b", "no", True),
    ]
    with pytest.raises(ValueError, match="same length"):
        dspy.ToolCallResults.from_tool_calls_and_values(calls, [1])


def test_a_field_of_tools_takes_functions_and_nothing_else() -> None:
    predict = dspy.Predict(SIGNATURE)
    with dspy.context(lm=dspy.DummyLM([])), pytest.raises(dspy.InputError, match="tools"):
        predict(question="q", tools=["search"])


def test_calls_survive_saving_and_loading() -> None:
    calls = dspy.ToolCalls.from_dict_list([{"id": "c1", "name": "search", "args": {"query": "x"}}])
    assert dspy.ToolCalls.model_validate(calls.model_dump()) == calls
    assert dspy.ToolCalls.model_validate_json(calls.model_dump_json()) == calls


def test_a_docstring_with_arguments_is_told_as_in_dspy() -> None:
    """With its margin, and once: not in the arguments' schemas as well."""

    def search(query: str, limit: int = 3) -> list[str]:
        """Search the archive.

        Args:
            query: what to look for.
            limit: how many results.
        """
        return [query] * limit

    tool = dspy.Tool(search)
    assert tool.desc == search.__doc__
    assert tool.args == {"query": {"type": "string"}, "limit": {"type": "integer", "default": 3}}
    described = dspy.Tool(search, arg_desc={"query": "what to look for"})
    assert described.args["query"] == {"type": "string", "description": "what to look for"}


def test_a_function_that_calls_modules_keeps_its_arguments_as_a_tool(tmp_path: Path) -> None:
    (tmp_path / "p.dspy").write_text(
        'module qa = Predict("question -> answer")\n'
        "def ask(question: str, k: int = 3) -> str:\n"
        '    """Ask."""\n'
        "    return qa(question=question).answer\n"
    )
    tool = dspy.Tool(dspyc.load(tmp_path / "p.dspy").ask)
    assert tool.args == {"question": {"type": "string"}, "k": {"type": "integer", "default": 3}}
    assert tool.required == ["question"]
    with dspy.context(lm=dspy.DummyLM([{"answer": "yes"}])):
        assert tool(question="?") == "yes"


def test_dicts_in_a_list_of_no_type_stand_as_dspy_writes_them() -> None:
    adapter = dspy.ChatAdapter()
    signature = dspy.Signature("steps -> answer")
    for steps, text in [([{"a": "b"}], "«{'a': 'b'}»"), ([{"a": 1}, "x"], "[1] «{'a': 1}»\n[2] «x»")]:
        assert text in adapter.format(signature, [], {"steps": steps})[-1]["content"]
