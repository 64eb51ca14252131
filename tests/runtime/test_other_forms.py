"""Whole answers in a form that was not asked for, and records whose attributes are flat."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel

import dspyc.runtime as dspy
from dspyc.runtime.values.reading import ReadError, reader_for
from dspyc.runtime.values.rendering import to_json_types


class Address(BaseModel):
    street: str
    city: str


class Customer(BaseModel):
    name: str
    address: Address
    vip: bool = False


class Pair(BaseModel):
    billing: Address
    shipping: Address


ADA = {"name": "Ada", "address": {"street": "S", "city": "C"}, "vip": False}


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "Ada", "street": "S", "city": "C"}',
        '{"name": "Ada", "address.street": "S", "address.city": "C"}',
        '{"name": "Ada", "address_street": "S", "addressCity": "C"}',
        "name: Ada\nstreet: S\ncity: C",
    ],
)
def test_attributes_of_a_record_inside_may_stand_beside_it(text: str) -> None:
    assert to_json_types(reader_for(Customer)(text)) == ADA


@pytest.mark.parametrize(
    "text",
    ['{"name": "Ada", "street": "S"}', '{"name": "Ada", "address": "S, C"}', '{"street": "S", "city": "C"}'],
)
def test_a_record_inside_is_not_made_up(text: str) -> None:
    with pytest.raises(ReadError):
        reader_for(Customer)(text)


def test_attributes_that_two_records_could_have_belong_to_neither() -> None:
    with pytest.raises(ReadError):
        reader_for(Pair)('{"street": "S", "city": "C"}')
    written = '{"billing_street": "a", "billing_city": "b", "shipping_street": "c", "shipping_city": "d"}'
    assert reader_for(Pair)(written).shipping == Address(street="c", city="d")


TWO = dspy.Signature(
    {"q": dspy.InputField(), "reason": (str, dspy.OutputField()), "answer": (int, dspy.OutputField())}
)
RECORD = dspy.Signature(
    {"q": dspy.InputField(), "who": (Customer, dspy.OutputField()), "tags": (list[str], dspy.OutputField())}
)
CHOICE = dspy.Signature(
    {
        "q": dspy.InputField(),
        "label": (Literal["a", "b"], dspy.OutputField()),
        "note": (str | None, dspy.OutputField()),
    }
)
BOTH = {"reason": "r", "answer": 4}
FORMS: list[tuple[Any, str, Any]] = [
    (TWO, '{"Reason": "r", "Answer": 4}', BOTH),
    (TWO, '{"output": {"reason": "r", "answer": 4}}', BOTH),
    (TWO, '{"name": "respond", "arguments": {"reason": "r", "answer": 4}}', BOTH),
    (TWO, '[{"reason": "r", "answer": 4}]', BOTH),
    (TWO, "<reason>r</reason>\n<answer>4</answer>", BOTH),
    (TWO, "<output><reason>r</reason><answer>4</answer></output>", BOTH),
    (TWO, "reason: r\nanswer: 4", BOTH),
    (TWO, "**Reason:** r\n\n**Answer:** 4", BOTH),
    (TWO, "## Reason\nr\n\n## Answer\n4", BOTH),
    (TWO, "Reason: first\nsecond\n\nAnswer: 4", {"reason": "first\nsecond", "answer": 4}),
    (TWO, "Prediction(reason='r', answer=4)", BOTH),
    (TWO, 'reason="r", answer=4', BOTH),
    (TWO, "[[ ## reason ## ]]\nr\n\n[[ ## answer ## ]]\n4\n\n[[ ## completed ## ]]", BOTH),
    (TWO, '[[ ## reason ## ]]\nr\n\n[[ ## answer ## ]]\n{"answer": 4}', BOTH),
    (TWO, "[THINK]<answer>5</answer>[/THINK]<reason>r</reason><answer>4</answer>", BOTH),
    (
        RECORD,
        '{"name": "Ada", "address": {"street": "S", "city": "C"}, "tags": ["x"]}',
        {"who": ADA, "tags": ["x"]},
    ),
    (
        RECORD,
        "who:\n  name: Ada\n  address:\n    street: S\n    city: C\ntags:\n  - x",
        {"who": ADA, "tags": ["x"]},
    ),
    (
        RECORD,
        '{"WHO": {"NAME": "Ada", "Address": {"street": "S", "city": "C"}}, "TAGS": null}',
        {"who": ADA, "tags": []},
    ),
    (CHOICE, "<label>a</label><note/>", {"label": "a", "note": None}),
    (CHOICE, "label: a\nnote:", {"label": "a", "note": None}),
    (TWO, "Reason: r\nAnswer: 4\nAnswer: 5", None),
    (TWO, '{"Reason": "r", "Answer": 4} {"Reason": "s", "Answer": 5}', None),
    (TWO, "<reason>r</reason>", None),
    (TWO, "I cannot answer that: the reason is private.", None),
    (CHOICE, "label: c\nnote: x", None),
]
ADAPTERS = [dspy.ChatAdapter(), dspy.JSONAdapter(), dspy.XMLAdapter(), dspy.BAMLAdapter()]


@pytest.mark.parametrize(("signature", "answer", "expected"), FORMS)
def test_an_answer_in_another_form(signature: Any, answer: str, expected: Any) -> None:
    for adapter in ADAPTERS:
        if expected is None:
            with pytest.raises(dspy.AdapterParseError):
                adapter.parse(signature, answer)
        else:
            found = adapter.parse(signature, answer)
            assert list(found) == list(signature.output_fields)
            assert to_json_types(found) == expected


def test_other_forms_can_be_refused() -> None:
    with pytest.raises(dspy.AdapterParseError):
        dspy.ChatAdapter(use_json_adapter_fallback=False).parse(TWO, "reason: r\nanswer: 4")


def outputs(**types: Any) -> Any:
    return dspy.Signature({"q": dspy.InputField(), **{k: (v, dspy.OutputField()) for k, v in types.items()}})


NUMBER = outputs(answer=int)
TEXTS = outputs(title=str, body=str)
TAGS = outputs(title=str, tags=list[str])
MAYBE = outputs(answer=str | None, score=int | None)
SAY_MORE: list[tuple[Any, str]] = [
    (TEXTS, "# Title\nMy post\n\n# Body\nintro\n\n## Details\nmore: x"),
    (TEXTS, "title: Foo\nbody:\n  intro: x\n  end: y"),
    (TEXTS, "title: Foo\nbody: it goes on\n  for long # here"),
    (TEXTS, "title: Foo\nbody: !surely it goes\n  on"),
    (TEXTS, "<title>Foo</title><correction>Bar</correction><body>b</body>"),
    (TEXTS, "<title>Foo</title><body>b</body>\nOr rather not."),
    (TEXTS, "<title>Foo</title><body>b</body><body>c</body>"),
    (TAGS, "<title>Foo</title><tags><item>a</item><note>b</note></tags>"),
    (TEXTS, "My plan:\n- title: I look it up\n- body: unknown\n\nLet me begin."),
    (TEXTS, "Here it is:\n| title | body |\n|---|---|\n| a | b |\nI could not verify it."),
    (TEXTS, "title=a, body=b, but=c"),
    (TEXTS, "Title: Foo\nNote: careful\nBody: b\nConfidence: low"),
    (TWO, "Answer: 3\nCorrection: it is 4\nReason: typo"),
    (MAYBE, "error: rate limited"),
    (MAYBE, "<error>rate limited</error>"),
    (MAYBE, "{}"),
    (MAYBE, "Note: nothing is certain\nanswer: b"),
]


@pytest.mark.parametrize(("signature", "answer"), SAY_MORE)
def test_an_answer_that_says_more_than_the_outputs_is_asked_for_again(signature: Any, answer: str) -> None:
    for adapter in (dspy.ChatAdapter(), dspy.JSONAdapter()):
        with pytest.raises(dspy.AdapterParseError):
            adapter.parse(signature, answer)


@pytest.mark.parametrize(
    ("signature", "answer", "expected"),
    [
        (NUMBER, "Answer: 3\n\nFinal answer: 4", {"answer": 4}),
        (TWO, "Reason: first\n- a: 1\n- b: 2\nAnswer: 4", {"reason": "first\n- a: 1\n- b: 2", "answer": 4}),
        (TEXTS, "title: Foo\nbody: >\n  intro: x\n  end: y", {"title": "Foo", "body": "intro: x end: y"}),
        (
            TEXTS,
            "<title>a &lt;b&gt; <i>x</i></title><body><p>A</p><p>B</p></body>",
            {"title": "a <b> <i>x</i>", "body": "<p>A</p><p>B</p>"},
        ),
        (MAYBE, "<answer>b</answer>", {"answer": "b", "score": None}),
        (TAGS, "<title>F</title><tags><t>a</t><t>b</t></tags>", {"title": "F", "tags": ["a", "b"]}),
        (TAGS, "<title>F</title><tags>a</tags><tags>b</tags>", {"title": "F", "tags": ["a", "b"]}),
    ],
)
def test_what_belongs_to_an_output_is_kept(signature: Any, answer: str, expected: Any) -> None:
    for adapter in (dspy.ChatAdapter(), dspy.JSONAdapter(), dspy.XMLAdapter()):
        assert adapter.parse(signature, answer) == expected
