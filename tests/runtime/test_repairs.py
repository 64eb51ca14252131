"""`Prediction.repairs`: what was not as it should be in an answer that was read all the same."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from pydantic import BaseModel

import dspyc.runtime as dspy
from dspyc.runtime.prediction import Repair


class Person(BaseModel):
    name: str
    age: int
    email: str | None = None


SIGNATURE = dspy.Signature(
    {"q": dspy.InputField(), "person": (Person, dspy.OutputField()), "n": (int, dspy.OutputField())}
)
ASKED = '[[ ## person ## ]]\n{"name": "Ada", "age": 36}\n\n[[ ## n ## ]]\n4\n\n[[ ## completed ## ]]'


class Says(dspy.BaseLM):
    """Gives these answers, one after the other, or all at once."""

    def __init__(self, *texts: str, at_once: bool = False) -> None:
        super().__init__(model="says")
        self.texts = list(texts)
        self.at_once = at_once

    def complete(self, request: dspy.Request) -> dspy.Response:
        return dspy.Response(self.texts if self.at_once else [self.texts.pop(0)])


def predicted(*texts: str, signature: Any = SIGNATURE, adapter: Any = None, **more: Any) -> Any:
    with dspy.context(lm=Says(*texts, **more), adapter=adapter or dspy.ChatAdapter()):
        return dspy.Predict(signature)(q="x")


def kinds(prediction: Any) -> list[tuple[str, str]]:
    return [(repair.field, repair.kind) for repair in prediction.repairs]


@pytest.mark.parametrize(
    ("adapter", "text"),
    [
        (dspy.ChatAdapter(), ASKED),
        (dspy.ChatAdapter(), ASKED.replace("\n\n", "\n")),
        (dspy.ChatAdapter(), ASKED.replace("\n\n[[ ## completed ## ]]", "")),
        (dspy.JSONAdapter(), '{"person": {"name": "Ada", "age": 36, "email": null}, "n": 4}'),
        (dspy.JSONAdapter(), '{"person": {"name": "Ada", "age": 36}, "n": 4}'),
        (dspy.XMLAdapter(), "<person><name>Ada</name><age>36</age></person>\n<n>4</n>"),
    ],
)
def test_an_answer_as_asked_needs_none(adapter: Any, text: str) -> None:
    assert predicted(text, adapter=adapter).repairs == ()


def test_each_repair_says_what_and_where() -> None:
    found = predicted(
        "<think>hm</think>[[ ## person ## ]]\n```json\n"
        '{"NAME": "Ada", "age": "36 years", "x": 1}\n```\n\n[[ ## n ## ]]\nThe answer is 4.'
    )
    assert kinds(found) == [
        ("", "draft"),
        ("person", "fence"),
        ("person.name", "key"),
        ("person.age", "value"),
        ("person.x", "left out"),
        ("n", "value"),
    ]
    assert found.repairs[3] == Repair("person.age", "value", "36 years", 36)
    assert str(found.repairs[3]) == "`person.age`: it was written in another way: '36 years' was read as 36"


@pytest.mark.parametrize(
    ("adapter", "text", "expected"),
    [
        (dspy.ChatAdapter(), '{"person": {"name": "Ada", "age": 36}, "n": 4}', [("", "form")]),
        (
            dspy.ChatAdapter(),
            '{"person": {"name": "Ada", "age": 36}, "n": "4"}',
            [("", "form"), ("n", "value")],
        ),
        (dspy.JSONAdapter(), 'So: {"person": {"name": "Ada", "age": 36}, "n": 4}', [("", "surroundings")]),
        (dspy.JSONAdapter(), '{"person": {"name": "Ada", "age": 36}, "n": 4,}', [("", "syntax")]),
        (dspy.JSONAdapter(), ASKED, [("", "form")]),
        (dspy.XMLAdapter(), "person: {name: Ada, age: 36}\nn: 4", [("", "form")]),
    ],
)
def test_the_form_of_the_whole(adapter: Any, text: str, expected: list[tuple[str, str]]) -> None:
    assert kinds(predicted(text, adapter=adapter)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<person><name>Ada</name><age>36</age><x>1</x></person><n>4</n>", [("person.x", "left out")]),
        ("<person><Name>Ada</Name><age>36</age></person><n>4</n>", [("person.name", "key")]),
        ("<person><item/><name>Ada</name><age>36</age></person><n>4</n>", [("person.item", "left out")]),
    ],
)
def test_strange_elements_of_a_record_are_told_as_strange_keys_are(
    text: str, expected: list[tuple[str, str]]
) -> None:
    assert kinds(predicted(text, adapter=dspy.XMLAdapter())) == expected


def test_a_single_output_without_a_marker() -> None:
    found = predicted("It is 1,200.", signature="q -> n: int")
    assert [str(each) for each in found.repairs] == [
        "`n`: it was written in another way: 'It is 1,200.' was read as 1200"
    ]


def test_of_an_answer_that_was_asked_for_again() -> None:
    assert kinds(predicted("nothing", ASKED)) == []
    assert kinds(predicted("nothing", ASKED.replace("\n4\n", "\n4 pieces\n"))) == [("n", "value")]


def test_each_of_several_answers_has_its_own() -> None:
    found = predicted(ASKED, ASKED.replace("\n4\n", "\n5 pieces\n"), at_once=True)
    assert found.repairs == ()
    assert [kinds(each) for each in found.completions] == [[], [("n", "value")]]


def unpickled(found: Any) -> Any:
    return pickle.loads(pickle.dumps(found))  # noqa: S301 made here


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, unpickled])
def test_copies_keep_them(copied: Any) -> None:
    other = ASKED.replace("\n4\n", "\n4 pieces\n")
    found = predicted(other, ASKED, signature=dspy.Signature("q -> person: str, n: int"), at_once=True)
    assert kinds(copied(found)) == kinds(found) == [("n", "value")]
    assert kinds(copied(found.completions[1])) == []
    assert kinds(copied(predicted(ASKED, other, at_once=True).completions[1])) == [("n", "value")]


def test_no_text_is_kept_that_is_too_long() -> None:
    found = predicted(f"<think>{'hm ' * 10_000}</think>{ASKED}")
    assert found.repairs == ()
    answers = found._completions[0]
    assert answers.texts == [None]


def test_an_output_that_was_missing() -> None:
    signature = dspy.Signature({"q": dspy.InputField(), "answer": (str, dspy.OutputField())})
    signature = signature.append("note", dspy.OutputField(), str | None)
    assert kinds(predicted("[[ ## answer ## ]]\nx", signature=signature)) == [("note", "missing")]


def test_what_the_program_changes_is_no_repair() -> None:
    found = predicted('[[ ## tags ## ]]\n["a"]', signature="q -> tags: list[str]")
    found.tags.append("b")
    assert found.repairs == ()


class Raises(dspy.ChatAdapter):
    def format_assistant_message_content(self, *given: Any, **more: Any) -> str:
        raise RuntimeError


def test_a_hook_that_raises() -> None:
    assert kinds(predicted(ASKED.replace("\n4\n", "\n4 pieces\n"), adapter=Raises())) == [("n", "value")]


def test_a_field_of_this_name_stays_a_field() -> None:
    found = predicted("[[ ## repairs ## ]]\n3 doors", signature="q -> repairs: int")
    assert found.repairs == 3


def test_none_are_known_of_other_predictions() -> None:
    assert dspy.Prediction(a=1).repairs == ()
