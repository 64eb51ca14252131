"""The forms in which models write values, each with what it means, or that it cannot be told.

The cases are in `cases/forms.json`: a type, a text, and the value as JSON's types, or `$ERROR`.
"""

from __future__ import annotations

import datetime
import enum
import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from dspyc.runtime.signature.typenames import read_type
from dspyc.runtime.values.reading import ReadError, reader_for
from dspyc.runtime.values.rendering import to_json_types

CASES = json.loads((Path(__file__).parent / "cases" / "forms.json").read_text(encoding="utf-8"))


class Person(BaseModel):
    name: str
    age: int
    email: str | None = None


Priority = enum.Enum("Priority", {name: name for name in ("LOW", "MEDIUM", "HIGH")})
Sentiment = enum.Enum("Sentiment", {name: name for name in ("POSITIVE", "NEGATIVE", "NEUTRAL")})
Status = enum.Enum("Status", {name: name for name in ("NOT_STARTED", "IN_PROGRESS", "DONE")})


class Ticket(BaseModel):
    title: str
    priority: Priority
    tags: list[str]
    resolved: bool


class LineItem(BaseModel):
    desc: str
    qty: int
    price: float


class Invoice(BaseModel):
    vendor: str
    total: float
    paid: bool
    items: list[LineItem]


class Note(BaseModel):
    title: str
    body: str


class Snippet(BaseModel):
    language: str
    code: str


class Answer(BaseModel):
    reasoning: str
    answer: str


class Node(BaseModel):
    value: int
    children: list[Node]


class Circle(BaseModel):
    kind: Literal["circle"]
    radius: float


class Rect(BaseModel):
    kind: Literal["rect"]
    width: float
    height: float


class Event(BaseModel):
    what: str
    when: datetime.date


class Money(BaseModel):
    amount: Decimal
    currency: str


class Review(BaseModel):
    rating: Literal[1, 2, 3, 4, 5]
    summary: str
    pros: list[str]
    cons: list[str]


class Meal(BaseModel):
    dish: str
    price: float
    vegan: bool | None = None


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str]


class Zoo(BaseModel):
    animals: list[Cat | Dog]


class Level(enum.IntEnum):
    LOW = 1
    MID = 2
    HIGH = 3


TYPES: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        Person, Priority, Sentiment, Status, Ticket, LineItem, Invoice, Note, Snippet, Answer, Node, Circle,
        Rect, Event, Money, Review, Meal, Zoo, Level,
    )
}  # fmt: skip


@pytest.mark.parametrize(("type_text", "text", "expected"), CASES)
def test_forms(type_text: str, text: str, expected: Any) -> None:
    reader = reader_for(read_type(type_text, TYPES))
    if expected == "$ERROR":
        with pytest.raises(ReadError):
            reader(text)
        return
    found = to_json_types(reader(text))
    if type_text.startswith("set["):
        found, expected = sorted(found), sorted(expected)
    assert found == expected
    assert type(found) is type(expected)
