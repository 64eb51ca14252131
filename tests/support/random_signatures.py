"""Hypothesis strategies: signatures with random output types, and values of these types."""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass
from typing import Any, Literal

import pydantic
from hypothesis import strategies as st

import dspyc.runtime as dspy


class Color(enum.Enum):
    RED = "red"
    DARK_BLUE = "dark blue"


class Address(pydantic.BaseModel):
    street: str
    number: int | None = None
    tags: list[str] = []


class Person(pydantic.BaseModel):
    name: str
    born: datetime.date
    color: Color
    home: Address | None
    scores: dict[str, float] = {}


@dataclass
class Point:
    x: int
    y: float


_WORDS = st.sampled_from(
    ["Ada", "Élan", "a b", 'say "hi"', "x < y & z", "{braces}", "]] end", "tab\there", "ß", "1"]
)
TEXTS = st.lists(_WORDS, min_size=1, max_size=3).map(" ".join)
"""Texts that begin and end with a letter, digit or bracket, as fields keep them."""
LINES = st.lists(TEXTS, min_size=1, max_size=3).map("\n".join)
_FLOATS = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False).map(lambda number: round(number, 4) + 0.0)
_INTS = st.integers(-(10**12), 10**12)
_ADDRESSES = st.builds(Address, street=TEXTS, number=st.none() | _INTS, tags=st.lists(TEXTS, max_size=2))
_PEOPLE = st.builds(
    Person,
    name=TEXTS,
    born=st.dates(),
    color=st.sampled_from(Color),
    home=st.none() | _ADDRESSES,
    scores=st.dictionaries(st.sampled_from(["a", "b-c", "d e"]), _FLOATS, max_size=2),
)
KINDS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (str, LINES),
    (int, _INTS),
    (float, _FLOATS),
    (bool, st.booleans()),
    (Literal["yes", "no", "not sure"], st.sampled_from(["yes", "no", "not sure"])),
    (Color, st.sampled_from(Color)),
    (datetime.date, st.dates()),
    (int | None, st.none() | _INTS),
    (list[str], st.lists(TEXTS, max_size=3)),
    (list[int], st.lists(_INTS, max_size=3)),
    (dict[str, int], st.dictionaries(st.sampled_from(["a", "b-c", "d e"]), _INTS, max_size=3)),
    (Address, _ADDRESSES),
    (Person, _PEOPLE),
    (list[Person], st.lists(_PEOPLE, max_size=2)),
    (Person | None, st.none() | _PEOPLE),
    (Point, st.builds(Point, x=_INTS, y=_FLOATS)),
    (tuple[int, str], st.tuples(_INTS, TEXTS)),
]
_NAMES = ["answer", "label", "score", "person"]


@st.composite
def signatures_with_values(draw: Any) -> tuple[Any, dict[str, Any]]:
    """A signature with one to four outputs, and a value for each."""
    chosen = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=len(_NAMES)))
    names = _NAMES[: len(chosen)]
    fields: dict[str, Any] = {"question": dspy.InputField()}
    for name, (annotation, _) in zip(names, chosen, strict=True):
        fields[name] = (annotation, dspy.OutputField())
    values = {name: draw(strategy) for name, (_, strategy) in zip(names, chosen, strict=True)}
    return dspy.Signature(fields, "Do it."), values
