"""Values while they come: what is there at each moment, and that the end is what the whole text is."""

from __future__ import annotations

import json
import sys
from random import Random
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.signature.typenames import read_type
from dspyc.runtime.values.partial import MISSING, PartialReader
from dspyc.runtime.values.reading import ReadError, reader_for
from dspyc.runtime.values.rendering import to_json_types
from support.mutations import mutated

from .test_forms import CASES, TYPES, Invoice, LineItem, Note, Person, Sentiment

TEXTS = [text for _, text, _ in CASES]


def _moments(annotation: Any, pieces: list[str]) -> list[Any]:
    """A copy of the value after each piece, without repetitions."""
    reader = PartialReader(annotation)
    found: list[Any] = []
    for piece in pieces:
        reader.feed(piece)
        value = reader.value
        plain = value if value is MISSING else to_json_types(value)
        if not found or found[-1] != plain:
            found.append(plain)
    return found


def _chunks(text: str, random: Random) -> list[str]:
    pieces: list[str] = []
    while text:
        size = random.choice([1, 1, 2, 3, 5, 20])
        pieces.append(text[:size])
        text = text[size:]
    return pieces


def test_a_text_grows() -> None:
    assert _moments(str, ["a", "b c", "\nd"]) == ["a", "ab c", "ab c\nd"]
    assert _moments(dspy.Code, ["x", " = 1"]) == ["x", "x = 1"]


@pytest.mark.parametrize("annotation", [int, float, bool, Sentiment, int | None])
def test_a_single_value_is_there_at_the_end(annotation: Any) -> None:
    reader = PartialReader(annotation)
    text = "POSITIVE" if annotation is Sentiment else "1"
    reader.feed(text)
    assert reader.value is MISSING
    assert reader.end() == reader.value == reader_for(annotation)(text)


def test_a_list_grows_by_items_and_texts() -> None:
    assert _moments(list[str], ['["a', 'b", ', '"c"', ', "d"]']) == [
        ["a"],
        ["ab"],
        ["ab", "c"],
        ["ab", "c", "d"],
    ]
    assert _moments(list[int], ["[1", "2", ", 3", "]"]) == [[], [12], [12, 3]]
    assert _moments(dict[str, int], ['{"a": 1', ', "b": "2"}']) == [{}, {"a": 1, "b": 2}]


def test_a_record_grows_by_attributes_and_is_one_when_it_is_complete() -> None:
    reader = PartialReader(Person)
    reader.feed('{"name": "Ad')
    assert reader.value == {"name": "Ad"}
    reader.feed('a", "age": 3')
    assert reader.value == {"name": "Ada"}
    reader.feed("6}")
    assert reader.value == Person(name="Ada", age=36)


def test_items_are_records_as_soon_as_they_are_complete() -> None:
    reader = PartialReader(Invoice)
    reader.feed(
        'Here:\n```json\n{"Vendor": "ACME", "items": [{"desc": "Bolt", "qty": 1, "price": 2}, {"desc": "N'
    )
    assert reader.value == {
        "vendor": "ACME",
        "items": [LineItem(desc="Bolt", qty=1, price=2.0), {"desc": "N"}],
    }
    reader.feed('ut", "qty": 1, "price": 1}], "total": 3, "paid": true}\n```')
    assert isinstance(reader.value, Invoice)
    assert reader.end() == reader.value


@pytest.mark.parametrize("text", ['{"title": "a\\u00e9\\n\\"b\\" \\ud83d\\ude00", "body": "\\\\"}'])
def test_escapes_are_read_whole(text: str) -> None:
    whole = Note(**json.loads(text))
    for size in range(1, 9):
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        for moment in _moments(Note, pieces):
            if isinstance(moment, dict):
                assert whole.title.startswith(moment.get("title", ""))
                assert whole.body.startswith(moment.get("body", ""))


@pytest.mark.parametrize("seed", range(300))
def test_the_end_is_what_the_whole_text_is(seed: int) -> None:
    random = Random(seed)
    kind, text, _ = random.choice(CASES)
    if seed % 2:
        text = mutated(TEXTS, random)
    annotation = read_type(kind, TYPES)
    reader = PartialReader(annotation)
    for piece in _chunks(text, random):
        reader.feed(piece)
        repr(reader.value)
    outcomes = []
    for read in (reader.end, lambda: reader_for(annotation)(text.strip())):
        try:
            outcomes.append(repr(read()))
        except ReadError as error:
            outcomes.append(f"ReadError: {error}")
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("seed", range(60))
def test_a_list_of_json_only_grows(seed: int) -> None:
    random = Random(seed)
    people = [
        Person(
            name=random.choice(["Ada", "B\"o'b", "日本\n"]) * random.randint(0, 3),
            age=random.randint(0, 10**6),
        )
        for _ in range(random.randint(0, 5))
    ]
    text = json.dumps(
        [person.model_dump() for person in people], ensure_ascii=random.random() < 0.5, indent=seed % 3
    )
    reader = PartialReader(list[Person])
    for piece in _chunks(text, random):
        reader.feed(piece)
        value = reader.value
        if value is not MISSING:
            complete = [each for each in value if isinstance(each, Person)]
            assert complete == people[: len(complete)]
            assert len(value) - len(complete) <= 1
    assert reader.value == people == reader.end()


def _lines(text: str, size: int) -> int:
    lines = 0

    def count(frame: Any, event: str, argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return count

    reader = PartialReader(list[Person])
    before = sys.gettrace()
    sys.settrace(count)
    try:
        for at in range(0, len(text), size):
            reader.feed(text[at : at + size])
    finally:
        sys.settrace(before)
    return lines


@pytest.mark.parametrize("size", [1, 4, 50])
def test_the_work_grows_with_the_length(size: int) -> None:
    one = '{"name": "Ada Lovelace", "age": 36, "email": "ada@x.org"}, '
    _lines(f"[{one}]", size)
    small, large = (_lines("[" + one * times, size) for times in (20, 80))
    assert large <= 4.4 * small + 200
