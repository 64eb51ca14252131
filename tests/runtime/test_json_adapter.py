"""`JSONAdapter`: DSPy's messages, structured outputs where a model has them, and tolerant reading."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pydantic
import pytest
from hypothesis import given, settings

import dspyc.runtime as dspy
from dspyc.runtime.lm.capabilities import Capabilities, capabilities_of
from dspyc.runtime.lm.messages import JsonObject, Schema
from support.chat_cases import messages
from support.openai_server import OpenAIServer, Reply
from support.random_signatures import signatures_with_values

GOLDEN = json.loads((Path(__file__).parent / "goldens" / "json_messages.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return messages(dspy, dspy.JSONAdapter())


@pytest.mark.parametrize("name", [name for name in GOLDEN if name != "training data"])
def test_messages_are_dspys(made: dict[str, Any], name: str) -> None:
    assert made[name] == GOLDEN[name]


def test_training_data_ends_with_the_object(made: dict[str, Any]) -> None:
    assert GOLDEN["training data"] is None
    answer = made["training data"]["messages"][-1]
    assert json.loads(answer["content"]) == {"answer": 3.0, "words": ["z"]}


@given(signatures_with_values())
@settings(max_examples=100)
def test_what_is_written_is_read_again(case: Any) -> None:
    signature, values = case
    adapter = dspy.JSONAdapter()
    assert adapter.parse(signature, adapter.format_assistant_message_content(signature, values)) == values


# --- reading --------------------------------------------------------------------------------------------


class Person(pydantic.BaseModel):
    name: str
    age: int


TWO = dspy.Signature("question -> answer: str, score: float")
GOOD = {"answer": "Lima", "score": 0.5}


@pytest.mark.parametrize(
    "text",
    [
        '{"answer": "Lima", "score": 0.5}',
        '```json\n{"answer": "Lima", "score": 0.5}\n```',
        'Sure! Here it is:\n{"answer": "Lima", "score": 0.5,}\nAnything else?',
        "{'answer': 'Lima', 'score': 0.5}",
        '[{"answer": "Lima", "score": 0.5}]',
        '{"response": {"answer": "Lima", "score": 0.5}}',
        '{"Answer": "Lima", "Score": "0.5"}',
        '{"answer": "Lima", "score": 0.5, "note": "made up"}',
        '{"answer": "Lima"}\n{"score": 0.5}',
        '<think>{"answer": "Cuzco", "score": 1}</think>{"answer": "Lima", "score": 0.5}',
        "[[ ## answer ## ]]\nLima\n\n[[ ## score ## ]]\n0.5\n\n[[ ## completed ## ]]",
        '{"answer": "Lima", "score": 0.5} {"answer": "Lima", "score": 0.5}',
    ],
)
def test_forms_that_mean_one_thing_are_read(text: str) -> None:
    assert dspy.JSONAdapter().parse(TWO, text) == GOOD


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("I do not know.", "no JSON object"),
        ('{"answer": "Lima"}', "score"),
        ('{"answer": "Lima", "score": "high"}', "score"),
        ('{"answer": null, "score": 1}', "answer"),
        ('{"answer": "Lima", "score": 1}\n{"answer": "Cuzco", "score": 1}', "several different"),
    ],
)
def test_what_cannot_be_read_says_why(text: str, reason: str) -> None:
    with pytest.raises(dspy.AdapterParseError, match=reason) as caught:
        dspy.JSONAdapter().parse(TWO, text)
    assert caught.value.adapter_name == "JSONAdapter"


def test_absent_fields_get_their_defaults() -> None:
    signature = dspy.Signature(
        {
            "question": dspy.InputField(),
            "answer": dspy.OutputField(),
            "note": (str | None, dspy.OutputField()),
            "words": (list[str], dspy.OutputField(default=["none"])),
        }
    )
    assert dspy.JSONAdapter().parse(signature, '{"answer": "x"}') == {
        "answer": "x",
        "note": None,
        "words": ["none"],
    }


def test_the_value_of_a_single_output_may_stand_alone() -> None:
    adapter = dspy.JSONAdapter()
    one = dspy.Signature("question -> person").with_updated_fields("person", type_=Person)
    assert adapter.parse(one, '{"name": "Ada", "age": 36}') == {"person": Person(name="Ada", age=36)}
    assert adapter.parse(dspy.Signature("q -> words: list[str]"), '["a", "b"]') == {"words": ["a", "b"]}


def test_markers_in_strings_are_text_and_come_back() -> None:
    adapter = dspy.JSONAdapter()
    text = "a\n[[ ## score ## ]]\n1"
    written = adapter.format_assistant_message_content(TWO, {"answer": text, "score": 0.5})
    assert adapter.parse(TWO, written)["answer"] == text


# --- what the provider is asked for ---------------------------------------------------------------------


def test_the_format_follows_what_the_model_can_do() -> None:
    adapter = dspy.JSONAdapter()
    both = Capabilities(response_schema=True, json_object=True)
    assert isinstance(adapter.output_format(TWO, both), Schema)
    assert isinstance(adapter.output_format(TWO, Capabilities(json_object=True)), JsonObject)
    assert adapter.output_format(TWO, Capabilities()) is None
    table = dspy.Signature("q -> table: dict[str, int]")
    assert isinstance(adapter.output_format(table, both), JsonObject)
    assert isinstance(adapter.output_format(dspy.Signature("q -> rows: list[dict]"), both), JsonObject)
    anything = dspy.Signature({"q": dspy.InputField(), "value": (Any, dspy.OutputField())})
    assert isinstance(adapter.output_format(anything, both), JsonObject)


def test_models_of_the_table_have_what_they_have() -> None:
    assert capabilities_of("openai/gpt-4o-mini").response_schema
    assert capabilities_of("openai/gpt-4o-mini").json_object
    assert capabilities_of("openai/gpt-3.5-turbo").json_object
    assert not capabilities_of("openai/of-our-own").json_object


def test_a_strict_schema_lists_and_requires_everything() -> None:
    class Inner(pydantic.BaseModel):
        when: str = pydantic.Field(min_length=3, description="a day")
        note: str | None = None

    class Outer(pydantic.BaseModel):
        inner: Inner = pydantic.Field(description="what is inside")
        others: list[Inner] = []

    signature = dspy.Signature(
        {
            "q": dspy.InputField(),
            "outer": (Outer, dspy.OutputField(desc="the outer one")),
            "score": (float, dspy.OutputField(ge=0, le=1)),
            "label": (Literal["a", "b"], dspy.OutputField(default="a")),
        }
    )
    found = dspy.JSONAdapter().output_format(signature, Capabilities(response_schema=True))
    assert isinstance(found, Schema)
    assert found.strict
    schema: Any = found.schema
    assert list(schema["properties"]) == schema["required"] == ["outer", "score", "label"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["score"] == {"type": "number", "minimum": 0, "maximum": 1}
    assert schema["properties"]["outer"]["description"] == "the outer one"
    for record in schema["$defs"].values():
        assert record["required"] == list(record["properties"])
        assert record["additionalProperties"] is False
    text = json.dumps(schema)
    assert "minLength" not in text
    assert '"default"' not in text

    def verify(part: Any) -> None:
        if isinstance(part, dict):
            assert "$ref" not in part or len(part) == 1
            for each in part.values():
                verify(each)
        elif isinstance(part, list):
            for each in part:
                verify(each)

    verify(schema)


def test_two_records_of_one_name_stay_apart() -> None:
    def make(of: type) -> type[pydantic.BaseModel]:
        return pydantic.create_model("Same", value=(of, ...))

    signature = dspy.Signature(
        {
            "q": dspy.InputField(),
            "a": (make(int), dspy.OutputField()),
            "b": (make(str), dspy.OutputField()),
        }
    )
    found: Any = dspy.JSONAdapter().output_format(signature, Capabilities(response_schema=True))
    kinds = [
        found.schema["$defs"][found.schema["properties"][name]["$ref"].rpartition("/")[2]]["properties"][
            "value"
        ]["type"]
        for name in ("a", "b")
    ]
    assert kinds == ["integer", "string"]


def test_the_request_carries_the_schema_on_both_ways() -> None:
    with OpenAIServer() as server:
        for more in ({}, {"custom_llm_provider": "openai"}):  # the second goes through litellm
            server.script(Reply('{"answer": "Lima", "score": 0.5}'))
            lm = dspy.LM("openai/gpt-4o-mini", api_base=server.api_base, api_key="k", cache=False, **more)
            with dspy.context(lm=lm, adapter=dspy.JSONAdapter()):
                assert dspy.Predict(TWO)(question="Peru?").answer == "Lima"
            sent = server.requests[-1].body["response_format"]
            assert sent["type"] == "json_schema"
            assert sent["json_schema"]["strict"] is True
            assert sent["json_schema"]["schema"]["required"] == ["answer", "score"]
        server.script(Reply('{"answer": "Lima", "score": 0.5}'))
        ours = dspy.LM("openai/our-own", api_base=server.api_base, api_key="k", cache=False)
        with dspy.context(lm=ours, adapter=dspy.JSONAdapter()):
            dspy.Predict(TWO)(question="Peru?")
        assert "response_format" not in server.requests[-1].body


def test_a_format_that_the_program_chooses_is_kept() -> None:
    with OpenAIServer() as server:
        server.script(Reply('{"answer": "Lima", "score": 0.5}'))
        lm = dspy.LM("openai/gpt-4o-mini", api_base=server.api_base, api_key="k", cache=False)
        chosen = {"type": "json_object"}
        with dspy.context(lm=lm, adapter=dspy.JSONAdapter()):
            dspy.Predict(TWO, response_format=chosen)(question="Peru?")
        assert server.requests[-1].body["response_format"] == chosen


def test_an_answer_that_cannot_be_read_goes_back_with_the_reason() -> None:
    lm = dspy.DummyLM(['{"answer": "Lima"}', '{"answer": "Lima", "score": 1}'], adapter=dspy.JSONAdapter())
    with dspy.context(lm=lm, adapter=dspy.JSONAdapter()):
        assert dspy.Predict(TWO)(question="Peru?").score == 1.0
    last = lm.history[-1]["messages"][-1]["content"]
    assert "score" in last
    assert last.endswith(
        "Respond with a JSON object in the following order of fields: `answer`, then `score` "
        "(must be formatted as a valid Python float)."
    )


def test_every_hook_can_be_overridden() -> None:
    class Mine(dspy.JSONAdapter):
        def format_task_description(self, signature: Any) -> str:
            return "Task: " + signature.instructions

        def user_message_output_requirements(self, signature: Any) -> str:
            return "JSON, please."

        def format_field_with_value(self, fields_with_values: Any, role: str = "user") -> str:
            return f"<{role}>" + super().format_field_with_value(fields_with_values, role)

        def parse(self, signature: Any, completion: str) -> dict[str, Any]:
            return super().parse(signature, completion.replace("Lima", "LIMA"))

    lm = dspy.DummyLM([GOOD], adapter=dspy.JSONAdapter())
    with dspy.context(lm=lm, adapter=Mine()):
        predict = dspy.Predict(TWO, demos=[{"question": "q", "answer": "a", "score": 1.0}])
        assert predict(question="Peru?").answer == "LIMA"
    system, _, shown, asked = lm.history[-1]["messages"]
    assert "Task: " in system["content"]
    assert "<user>[[ ## question ## ]]" in system["content"]
    assert shown["content"].startswith("<assistant>{")
    assert asked["content"].endswith("JSON, please.")
