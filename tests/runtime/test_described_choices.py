"""What the members of an enumeration mean reaches the model wherever it is told the choices."""

from __future__ import annotations

import pickle
from enum import Enum, StrEnum
from pathlib import Path

import pytest
from pydantic import BaseModel

from dspyc import BAMLAdapter, ChatAdapter, JSONAdapter, OutputField, Signature, XMLAdapter, load
from dspyc.runtime.adapters.base import Adapter
from dspyc.runtime.signature.fields import InputField
from dspyc.runtime.types.attributes import described
from dspyc.runtime.types.members import descriptions_of
from dspyc.runtime.values.rendering import json_schema, type_note

PROGRAM = """
enum Topic:
    \"\"\"What a message is about.\"\"\"
    CARD "a card is lost"
    LOAN = "loan" "borrowing money"
    OTHER

type Note:
    topic: Topic

signature Sort:
    \"\"\"Which topic is a message about?\"\"\"
    input message: str
    output topic: Topic
    output note: Note

module sort = Predict(Sort, lm=DummyLM([{"topic": "CARD", "note": {"topic": "loan"}}]))
"""


@described(LOW="can wait", HIGH="today")
class Urgency(StrEnum):
    LOW = "low"
    HIGH = "high"
    NONE = "none"


class Plain(Enum):
    A = 1


def prompt(adapter: Adapter, signature: type[Signature]) -> str:
    messages = adapter.format(signature, [], dict.fromkeys(signature.input_fields, "x"))
    return "\n".join(str(each["content"]) for each in messages)


class Ticket(BaseModel):
    urgency: Urgency


class Triage(Signature):
    """How soon?"""

    text: str = InputField()
    urgency: Urgency = OutputField()
    ticket: Ticket = OutputField()


def test_a_choice_alone() -> None:
    assert type_note(Urgency) == "must be one of: low; high; none (low: can wait; high: today)"
    assert type_note(Plain) == "must be one of: 1"
    assert descriptions_of(Plain) == {}


def test_a_json_schema() -> None:
    assert json_schema(Urgency)["description"] == "low: can wait\nhigh: today"
    assert "low: can wait" in str(json_schema(list[Urgency | None]))


@pytest.mark.parametrize(
    "adapter", [ChatAdapter(), JSONAdapter(), BAMLAdapter()], ids=lambda each: type(each).__name__
)
def test_every_prompt_that_lists_choices(adapter: Adapter) -> None:
    text = prompt(adapter, Triage)
    assert text.count("low: can wait") == 2


def test_elements() -> None:
    assert "low: can wait" in prompt(XMLAdapter(), Triage)


def test_a_member_is_found_again_by_pickle() -> None:
    assert pickle.loads(pickle.dumps(Urgency.LOW)) is Urgency.LOW  # noqa: S301


def test_of_a_program(tmp_path: Path) -> None:
    (tmp_path / "sorting.dspy").write_text(PROGRAM, encoding="utf-8")
    made = load(tmp_path / "sorting.dspy")
    text = prompt(ChatAdapter(), made.sort.signature)
    assert "one of: CARD; loan; OTHER (CARD: a card is lost; loan: borrowing money)" in text
    assert "What a message is about.\\nCARD: a card is lost" in text
    found = made.sort(message="x")
    assert found.topic is made.Topic.CARD
    assert found.note.topic is made.Topic.LOAN
