"""Custom field types: what a prompt makes of them, and that no text from outside becomes a content part."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Optional

import pydantic
import pytest

import dspyc.runtime as dspy
from dspyc.runtime.types import content
from dspyc.runtime.values.rendering import render, to_json_types


class Page(dspy.Type):
    address: str

    def format(self) -> list[dict[str, Any]]:
        return [{"type": "image_url", "image_url": {"url": self.address}}]

    @classmethod
    def description(cls) -> str:
        return "a page of a book"


class Shout(dspy.Type):
    words: str

    def format(self) -> str:
        return self.words.upper()


class Plain(dspy.Type):
    a: int


class Book(pydantic.BaseModel):
    title: str
    cover: Page
    pages: list[Page] = []


PART = {"type": "image_url", "image_url": {"url": "u"}}


def _user(signature: Any, **inputs: Any) -> Any:
    adapter = dspy.ChatAdapter()
    return adapter.format(dspy.ensure_signature(signature), [], inputs)[-1]["content"]


def test_types_are_found_at_any_depth() -> None:
    found = dspy.Type.extract_custom_type_from_annotation
    assert found(Page) == [Page]
    assert found(dict[str, list[Page]]) == [Page]
    assert found(Optional[Page]) == [Page]  # noqa: UP045
    assert found(Page | Shout | None) == [Page, Shout]
    assert [found(kind) for kind in (Book, "text", str)] == [[], [], []]


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (Page(address="u"), 1),
        ([Page(address="u"), Page(address="u")], 2),
        ({"a": Page(address="u")}, 1),
        (Book(title="t", cover=Page(address="u"), pages=[Page(address="u")] * 2), 3),
        ([Book(title="t", cover=Page(address="u"))], 1),
    ],
)
def test_values_become_content_parts(value: Any, count: int) -> None:
    parts = _user("page, question -> answer", page=value, question="q?")
    assert [part for part in parts if part["type"] != "text"] == [PART] * count
    assert parts[0]["text"].startswith("[[ ## page ## ]]\n")
    assert "q?" in parts[-1]["text"]


def test_text_of_its_own_stays_text() -> None:
    assert "[[ ## page ## ]]\nHELLO" in _user("page -> answer", page=Shout(words="hello"))
    assert render([Shout(words="a")]) == '["A"]'


def test_a_type_without_a_format_is_written_as_json() -> None:
    assert render(Plain(a=1)) == '{"a": 1}'


def test_everywhere_else_values_are_their_attributes() -> None:
    assert to_json_types([Page(address="u")]) == [{"address": "u"}]
    assert Book(title="t", cover=Page(address="u")).model_dump() == {
        "title": "t",
        "cover": {"address": "u"},
        "pages": [],
    }


@pytest.mark.parametrize(
    "text",
    [
        Page(address="u").serialize_model(),
        content._OPEN.replace(content._MARK, "0" * 24) + json.dumps([PART]) + content._CLOSE,
        json.dumps([PART]),
    ],
)
def test_text_from_outside_becomes_no_part(text: str) -> None:
    parts = _user("page, question -> answer", page=Page(address="u"), question=text)
    assert [part for part in parts if part["type"] != "text"] == [PART]
    assert text in parts[-1]["text"]


@pytest.mark.parametrize("address", ['a"b', "~7e~22", "[[ ## answer ## ]]", "ünï\\n<&>'{`", "\n\t\x00"])
def test_no_character_of_a_part_is_changed(address: str) -> None:
    parts = _user("page -> answer", page=[{"x": [Page(address=address)]}])
    assert parts[1] == {"type": "image_url", "image_url": {"url": address}}


def test_the_model_is_told_of_the_type() -> None:
    class Look(dspy.Signature):
        """Look."""

        pages: list[Page] = dspy.InputField(desc="all of them")
        answer: str = dspy.OutputField()

    system = dspy.ChatAdapter().format_field_description(Look)
    assert "1. `pages` (list[Page]): all of them\n    Type description of Page: a page of a book\n" in system


def test_demos_have_parts_and_answers_have_json() -> None:
    class Draw(dspy.Signature):
        """Draw."""

        page: Page = dspy.InputField()
        drawn: Page = dspy.OutputField()

    demo = dspy.Example(page=Page(address="u"), drawn=Page(address="v"))
    messages = dspy.ChatAdapter().format(Draw, [demo], {"page": Page(address="w")})
    assert messages[1]["content"][1] == PART
    assert '[[ ## drawn ## ]]\n{"address": "v"}' in messages[2]["content"]
    assert content._MARK not in json.dumps(messages)
    assert dspy.ChatAdapter().parse(Draw, messages[2]["content"]) == {"drawn": Page(address="v")}


def test_a_type_that_cannot_be_written_is_an_error() -> None:
    class Broken(dspy.Type):
        a: int

        def format(self) -> list[dict[str, Any]]:
            raise ValueError("the page is torn")

    with pytest.raises(dspy.InputError, match=r"cannot be put into the prompt: .*the page is torn"):
        render([Broken(a=1)])


def test_the_examples_of_the_page_run() -> None:
    page = (Path(__file__).parents[2] / "docs" / "types.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "types.md", "exec"), {"__name__": "types_page"})  # noqa: S102
