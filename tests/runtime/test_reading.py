"""Values read from what models write: tolerant of form, never silently wrong."""

from __future__ import annotations

import contextlib
import enum
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from typing_extensions import TypedDict  # pydantic needs this one below Python 3.12

import dspyc.runtime as dspy
from dspyc.runtime.adapters import sections
from dspyc.runtime.signature.typenames import read_type
from dspyc.runtime.values.reading import ReadError, reader_for
from dspyc.runtime.values.rendering import render, to_json_types
from dspyc.runtime.values.repair import repaired

CASES = json.loads((Path(__file__).parent / "cases" / "answers.json").read_text(encoding="utf-8"))


class Item(BaseModel):
    name: str
    count: int
    tags: list[str] = []


class Box(BaseModel):
    label: str
    inner: Box | None = None


class Kind(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    x: float
    y: float


class Row(TypedDict):
    key: str
    size: int


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str]


TYPES = {"Row": Row, "Cat": Cat, "Dog": Dog, "Item": Item, "Box": Box, "Kind": Kind, "Point": Point}


@pytest.mark.parametrize(("type_text", "text", "expected"), CASES)
def test_answers(type_text: str, text: str, expected: Any) -> None:
    reader = reader_for(read_type(type_text, TYPES))
    if expected == "$ERROR":
        with pytest.raises(ReadError):
            reader(text)
    else:
        found = to_json_types(reader(text))
        assert found == expected
        assert type(found) is type(expected)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_json_is_read_as_it_is(value: dict[str, Any]) -> None:
    assert reader_for(dict[str, Any])(json.dumps(value)) == value


@given(st.lists(st.text(max_size=20), max_size=5))
def test_lists_of_strings_come_back(value: list[str]) -> None:
    assert reader_for(list[str])(render(value).replace("\\[", "[").replace("]\\", "]")) is not None
    assert reader_for(list[str])(json.dumps(value)) == value


@given(st.text(alphabet="{}[]\":,;=`'\\ab1\n", max_size=40))
def test_a_repair_never_raises_and_loses_nothing(text: str) -> None:
    found = repaired(text)
    if found is not None:
        kept = json.dumps(found[0], ensure_ascii=False)
        for letter in "ab1":
            assert kept.count(letter) >= text.replace("\\b", "").count(letter) - text.count("/*") * 40


@given(
    st.text(max_size=60),
    st.sampled_from([int, float, bool, list[str], dict[str, int], Item, Kind, int | None]),
)
def test_any_text_is_read_or_refused(text: str, annotation: Any) -> None:
    with contextlib.suppress(ReadError):
        reader_for(annotation)(text)


# --- whole answers --------------------------------------------------------------------------------------

SIGNATURE = dspy.Signature("question -> reasoning, answer: int, note: str | None")


@pytest.mark.parametrize(
    "answer",
    [
        "[[ ## reasoning ## ]]\nr\n\n[[ ## answer ## ]]\n4\n\n[[ ## note ## ]]\nn\n\n[[ ## completed ## ]]",
        "[[ ## reasoning ## ]] r\n[[ ## answer ## ]] 4\n[[ ## note ## ]] n",
        "**[[ ## reasoning ## ]]**\nr\n**[[ ## Answer ## ]]**\n4\n### [[##note##]]\nn\n[[ ## completed ## ]]",
        "Sure!\n[[ ## reasoning ## ]]\nr\n[[ ## answer ## ]]: 4\n> [[ ## note ## ]]\nn",
        "[[ ## reasoning ## ]] r [[ ## answer ## ]] 4 [[ ## note ## ]] n [[ ## completed ## ]]",
        '{"reasoning": "r", "answer": 4, "note": "n"}',
        'Here you are:\n```json\n{"reasoning": "r", "answer": "4", "note": "n",}\n```',
        "[[ ## reasoning ## ]]\nr\n[[ ## answer ## ]]\n4\n[[ ## note ## ]]\nn\n[[ ## completed ## ]]\n"
        "[[ ## question ## ]]\nnext?\n[[ ## answer ## ]]\n5",
        "[[ ## extra ## ]]\nx\n[[ ## note ## ]]\nn\n[[ ## answer ## ]]\n4\n[[ ## reasoning ## ]]\nr",
        "[[ ## reasoning ## ]]\nr\n[[ ## answer ## ]]\n4\n[[ ## answer ## ]]\n5\n[[ ## note ## ]]\nn",
    ],
)
def test_markers_are_found_in_every_shape(answer: str) -> None:
    assert dspy.ChatAdapter().parse(SIGNATURE, answer) == {"reasoning": "r", "answer": 4, "note": "n"}


def test_a_marker_that_the_reasoning_mentions_is_text() -> None:
    answer = (
        "[[ ## reasoning ## ]]\nI put it into [[ ## answer ## ]] as asked, see [[ ## nothing ## ]].\n"
        "[[ ## answer ## ]]\n4\n"
    )
    found = dspy.ChatAdapter().parse(SIGNATURE, answer)
    assert found["answer"] == 4
    assert found["reasoning"] == "I put it into [[ ## answer ## ]] as asked, see [[ ## nothing ## ]]."
    assert found["note"] is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "the answer is empty"),
        ("I cannot help with that.", "the answer has no `reasoning`, `answer` and `note`"),
        ("[[ ## reasoning ## ]]\nr", "the answer has no `answer`"),
        (
            "[[ ## reasoning ## ]]\nr\n[[ ## answer ## ]]\nfour",
            "`answer` is 'four', which contains no number",
        ),
        ('{"reasoning": "r"}', "the answer has no `reasoning`, `answer` and `note`"),
    ],
)
def test_what_cannot_be_read_says_why(answer: str, reason: str) -> None:
    with pytest.raises(dspy.AdapterParseError) as caught:
        dspy.ChatAdapter().parse(SIGNATURE, answer)
    assert caught.value.reason == reason
    assert caught.value.lm_response == answer
    assert caught.value.signature is SIGNATURE


def test_a_single_typed_output_may_come_bare_and_a_single_text_may_not() -> None:
    assert dspy.ChatAdapter().parse(dspy.Signature("q -> n: int"), "42") == {"n": 42}
    with pytest.raises(dspy.AdapterParseError):
        dspy.ChatAdapter().parse(dspy.Signature("q -> a"), "I refuse.")


def test_defaults_fill_outputs_that_are_missing() -> None:
    signature = dspy.Signature(
        {"q": dspy.InputField(), "a": dspy.OutputField(), "tags": (list[str], dspy.OutputField(default=[]))}
    )
    first = dspy.ChatAdapter().parse(signature, "[[ ## a ## ]]\nx")
    first["tags"].append("mine")
    assert dspy.ChatAdapter().parse(signature, "[[ ## a ## ]]\nx") == {"a": "x", "tags": []}


def test_a_value_that_holds_itself_twice_is_shown_at_once() -> None:
    root: dict[str, Any] = {"name": "root"}
    root["children"] = [{"parent": root}, {"parent": root}]
    assert "{...}" in to_json_types(root)


_PIECES = ["[[ ## a ## ]]", "[[ ## b ## ]]", "[[ ## completed ## ]]", "[[ ## A ## ]]", "[[ ## x ## ]]"]
_PIECES += ["[[## a ##]]", "**", "[[", "]]", "\n", "\n", "\r\n", " ", "text", "5"]


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join))
def test_the_short_way_cuts_an_answer_as_the_long_one_does(answer: str) -> None:
    fields = frozenset({"a", "b"})
    assert sections.split_sections(answer, fields) == sections._split_tolerantly(answer, fields)


def test_an_answer_that_is_written_as_asked_goes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "_split_tolerantly", None)
    answer = "Well.\n[[ ## a ## ]]\n one \n\n[[ ## b ## ]]\n\n[[ ## completed ## ]]"
    assert sections.split_sections(answer, {"a", "b"}) == [("a", "one"), ("b", ""), ("completed", "")]


def test_brackets_in_an_answer_without_markers_are_no_markers() -> None:
    signature = dspy.Signature("q -> grid: list[list[int]]")
    for answer in ('{"grid": [[1, 2], [3]]}', "[[1, 2], [3]]", "As in [[ ## x ## ]]: [[1, 2], [3]]"):
        assert dspy.ChatAdapter().parse(signature, answer) == {"grid": [[1, 2], [3]]}
