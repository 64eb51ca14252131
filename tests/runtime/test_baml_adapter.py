"""`BAMLAdapter`: types in a short form, and answers as with `JSONAdapter`."""

from __future__ import annotations

import datetime
import enum
from typing import Annotated, Any, Literal

import pydantic
import pytest
from hypothesis import given, settings

import dspyc.runtime as dspy
from dspyc.runtime.adapters.simplified import simplified_type
from dspyc.runtime.lm.capabilities import Capabilities
from dspyc.runtime.lm.messages import Schema
from support.random_signatures import Person, signatures_with_values


class Kind(enum.Enum):
    A = "first"
    B = 2


class Item(pydantic.BaseModel):
    sku: str = pydantic.Field(description="as on the label", pattern="^[A-Z]+$")
    price: float = pydantic.Field(ge=0, alias="unitPrice")
    kinds: list[Kind] = []


class Node(pydantic.BaseModel):
    label: str
    children: list[Node] = []


class Pair(pydantic.BaseModel):
    left: Item
    right: Item | None


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (str, "string"),
        (int | None, "int or null"),
        (None | float, "float or null"),
        (bool, "boolean"),
        (Literal["a", 'b"', 3, None, True], '"a" or "b\\"" or 3 or null or true'),
        (Kind, '"first" or 2'),
        (list[str], "string[]"),
        (list[int | None], "(int or null)[]"),
        (set[int], "int[]"),
        (tuple[int, ...], "int[]"),
        (tuple[int, str], "[int, string]"),
        (dict[str, list[int]], "dict[string, int[]]"),
        (datetime.date, "string (date)"),
        (Any, "any JSON"),
        (Annotated[int, "note"], "int"),
        (
            Item,
            "{\n  # as on the label\n  # matching the regular expression: ^[A-Z]+$\n  sku: string,\n"
            '  # greater than or equal to: 0\n  unitPrice: float,\n  kinds: ("first" or 2)[],\n}',
        ),
        (Node, "{  # Node\n  label: string,\n  children: Node[],\n}"),
        (list[Node], "[\n  {  # Node\n    label: string,\n    children: Node[],\n  }\n]"),
    ],
)
def test_types_are_short(annotation: Any, text: str) -> None:
    assert simplified_type(annotation) == text


def test_the_prompt_has_the_type_and_no_schema() -> None:
    signature = dspy.Signature(
        {
            "text": dspy.InputField(),
            "pair": (Pair, dspy.OutputField(desc="the two")),
            "score": (int, dspy.OutputField(ge=1, le=5)),
        },
        "Extract.",
    )
    system, user = dspy.BAMLAdapter().format(signature, [], {"text": "x"})
    assert "JSON schema" not in system["content"]
    assert "  # the two\n  pair: {\n    left: {" in system["content"]
    assert "  # greater than or equal to: 1, less than or equal to: 5\n  score: int," in system["content"]
    assert user["content"].endswith(
        "Respond with a JSON object in the following order of fields: `pair`, then `score`."
    )


def test_it_takes_half_of_the_characters_of_a_schema_at_most() -> None:
    signature = dspy.Signature("text -> people").with_updated_fields("people", type_=list[Person])

    def length(adapter: Any) -> int:
        return sum(len(message["content"]) for message in adapter.format(signature, [], {"text": "x"}))

    assert 2 * length(dspy.BAMLAdapter()) < length(dspy.JSONAdapter())
    assert 2 * length(dspy.BAMLAdapter()) < length(dspy.ChatAdapter())


@given(signatures_with_values())
@settings(max_examples=100)
def test_what_is_written_is_read_again(case: Any) -> None:
    signature, values = case
    adapter = dspy.BAMLAdapter()
    assert adapter.format(signature, [], {"question": "q"})
    assert adapter.parse(signature, adapter.format_assistant_message_content(signature, values)) == values


def test_structured_outputs_are_used_as_with_json() -> None:
    signature = dspy.Signature("text -> label: Literal['a', 'b']")
    able = Capabilities(response_schema=True)
    assert isinstance(dspy.BAMLAdapter().output_format(signature, able), Schema)


def test_calls_of_tools_are_described_without_what_the_model_does_not_write() -> None:
    signature = dspy.Signature("q, tools: list[Tool] -> calls: ToolCalls")
    system = dspy.BAMLAdapter().format(signature, [], {"q": "x", "tools": []})[0]["content"]
    assert "name: string," in system
    assert "tool_call_results" not in system
    assert "id:" not in system
