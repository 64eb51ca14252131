"""What may mean two things is asked for again, and what is meant is read to the letter."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Literal

import pytest
from pydantic import BaseModel

import dspyc.runtime as dspy
from dspyc.runtime.values.drafts import without_drafts
from dspyc.runtime.values.reading import ReadError, reader_for
from dspyc.runtime.values.rendering import to_json_types
from dspyc.runtime.values.repair import repaired


class Person(BaseModel):
    name: str
    age: int


class Vehicle(BaseModel):
    type: str
    wheels: int


class Trip(BaseModel):
    vehicle: Vehicle
    km: int


class Named(BaseModel):
    name: str


REFUSED = object()
TRIP = {"vehicle": {"type": "car", "wheels": 4}, "km": 3}
CALL = '<invoke name="P"><parameter name="name">{}</parameter><parameter name="{}">{}</parameter></invoke>'
NONE_LISTED = [
    "`[]`",
    "**[]**",
    "So the answer is []",
    "[]  (no tags apply)",
    "I found nothing, so [].",
    "- []",
]
RED_LISTED = ["`[red]`", "**[red]**", "The tags are [red].", "Tags are **[red]**.", "Answer: `[red]`."]

TEXTS: list[tuple[Any, str, Any]] = [
    (Trip, '{"name": "Trip", "arguments": {"vehicle": {"type": "car", "wheels": 4}, "km": 3}}', TRIP),
    (Named, '{"title": "N", "type": "object", "properties": {"name": {"type": "string"}}}', REFUSED),
    (Named, '{"title": "N", "type": "object", "properties": {"name": {"type": ["string"]}}}', REFUSED),
    (Named, '{"title": "N", "required": ["name"], "properties": {"name": "string"}}', REFUSED),
    (Named, '{"title": "N", "properties": {"name": "B"}}', {"name": "B"}),
    (Named, '{"arguments": {"name": "A"}, "inputs": {"name": "B"}}', REFUSED),
    (Person, CALL.format("Ada", "age", "3"), {"name": "Ada", "age": 3}),
    (Person, CALL.format("Ada <b>L</b>", "age", "3"), {"name": "Ada <b>L</b>", "age": 3}),
    (Person, CALL.format("Ada", "name", "Bob"), REFUSED),
    (Person, CALL.format("Ada", "age", "<name>b</name>"), REFUSED),
    (Person, CALL.format("Ada", "age", "<name><x>1</x></name>"), REFUSED),
    (list[str], '{"tags": ["x", "y"]}', ["x", "y"]),
    (list[str], '{"tags": ["x", "y"], "count": 2}', ["x", "y"]),
    (list[str], '{"tags": null, "excluded": ["x"]}', REFUSED),
    (list[str], '{"found": 0, "warnings": ["no tags found"]}', REFUSED),
    (list[str], '{"total": 0, "suggestions": ["try again"]}', REFUSED),
    (list[str], '{"arguments": ["a"], "parameters": ["b"]}', REFUSED),
    *((list[str], text, []) for text in NONE_LISTED),
    *((list[str], text, ["red"]) for text in RED_LISTED),
    (list[str], "Buy milk [urgent]", ["Buy milk [urgent]"]),
    (list[str], "He is [sic] ok", ["He is [sic] ok"]),
    (list[str], "Paris analysis [red]", ["Paris analysis [red]"]),
    (list[str], "[] Buy milk\n[] Call Bob", ["[] Buy milk", "[] Call Bob"]),
    (list[str], "- Buy milk []\n- Call Bob", ["Buy milk []", "Call Bob"]),
    (list[int], "The totals are 1,200, 3,400, so the answer is: [1200, 3400]", [1200, 3400]),
    (list[int], "I took rows 1,2; the answer is [5, 6]", [5, 6]),
    (list[int], "Rows 1,200, 3,400:\n```\n[1200, 3400]\n```", [1200, 3400]),
    (list[int], "```json\n[100,200, 300]\n```", [100, 200, 300]),
    (list[int], "```\n$1,200, $3,400\n```", REFUSED),
    (list[int], "The answer is [1,200, 3,400]", REFUSED),
    (list[int], "1,200, 3,400 [approximately]", REFUSED),
    (list[int], "- 1,200, approximately\n- 3,400", [1200, 3400]),
    (list[Decimal], "1,200, 3,400", REFUSED),
    (tuple[int, str], "1,200", REFUSED),
    (dict[int, str], '```json\n{"1": "between 1,200, 3,400"}\n```', {"1": "between 1,200, 3,400"}),
    (dict[int, str], 'Here: {"1": "between 1,200, 3,400"}', {"1": "between 1,200, 3,400"}),
    (list[dict[str, Any]], '{"name": "Ada", "hobbies": [{"x": 1}]}', REFUSED),
    (bool, '{"answer": true}', True),
    (bool, '{"Final answer": "no"}', False),
    (bool, '{"rejected": true}', REFUSED),
    (bool, '{"is_not_ok": true}', REFUSED),
    (Literal["spam", "ham"], '{"label": "spam"}', "spam"),
    (Literal["spam", "ham"], '{"unlikely": "spam"}', REFUSED),
]


@pytest.mark.parametrize(("annotation", "text", "expected"), TEXTS)
def test_texts(annotation: Any, text: str, expected: Any) -> None:
    if expected is REFUSED:
        with pytest.raises(ReadError):
            reader_for(annotation)(text)
    else:
        assert to_json_types(reader_for(annotation)(text)) == expected


@pytest.mark.parametrize(
    ("annotation", "given", "expected"),
    [
        (bool, '{"ok": true}', True),
        (bool, '{"value": "yes"}', True),
        (bool, '{"rejected": true}', REFUSED),
        (bool, '{"excluded": "yes"}', REFUSED),
        (int, '{"OK": 5}', 5),
        (int, '{"minus": 5}', REFUSED),
        (float, '{"result": 0.5}', 0.5),
        (float, '{"confidence": 0.9}', REFUSED),
        (Literal["a", "b"], '{"ok": "a"}', "a"),
        (Literal["a", "b"], '{"not": "a"}', REFUSED),
        (Literal["yes", "no"], '{"excluded": "yes"}', REFUSED),
    ],
)
def test_a_scalar_in_an_object(annotation: Any, given: str, expected: Any) -> None:
    signature = dspy.Signature({"q": dspy.InputField(), "ok": (annotation, dspy.OutputField())})
    if expected is REFUSED:
        for answer in (f'{{"ok": {given}}}', f"[[ ## ok ## ]]\n{given}"):
            for adapter in (dspy.ChatAdapter(), dspy.JSONAdapter()):
                with pytest.raises(dspy.AdapterParseError):
                    adapter.parse(signature, answer)
        return
    assert dspy.ChatAdapter().parse(signature, f'{{"ok": {given}}}') == {"ok": expected}
    assert dspy.JSONAdapter().parse(signature, f'{{"ok": {given}}}') == {"ok": expected}
    assert dspy.ChatAdapter().parse(signature, f"[[ ## ok ## ]]\n{given}") == {"ok": expected}


LISTS: list[tuple[Any, str, Any]] = [
    (list[str], "['a', 'b',]", ["a", "b"]),
    (list[str], '("a", "b")', ["a", "b"]),
    (list[str], "{'items': ['a']}", ["a"]),
    (list[str], "[a, b]", ["a", "b"]),
    (list[str], "[“a”, “b”]", ["a", "b"]),
    (list[str], """["it's", 'b']""", ["it's", "b"]),
    (list[str], '["say "hi" now", "c"]', ['say "hi" now', "c"]),
    (list[str], '["a", ...]', REFUSED),
    (list[str], "Buy milk [urgent], bread", ["Buy milk [urgent]", "bread"]),
    (list[str], "[draft] a title", ["[draft] a title"]),
    (list[str], "Paris [1, 2]", ["Paris [1, 2]"]),
    (list[str], "Paris (France, Europe), Rome", ["Paris (France, Europe)", "Rome"]),
    (list[str], "red, green (light, dark) and blue", ["red", "green (light, dark)", "blue"]),
    (list[str], "Rome, Paris (France and Spain)", ["Rome", "Paris (France and Spain)"]),
    (list[str], "Paris (old and new), Rome and Oslo", ["Paris (old and new)", "Rome", "Oslo"]),
    (list[str], '"Smith", "Doe and Sons"', ["Smith", "Doe and Sons"]),
    (list[str], '4" TV, 5" TV and 6"', ['4" TV', '5" TV', '6"']),
    (list[str], '"Smith, John", "Doe, Jane"', ["Smith, John", "Doe, Jane"]),
    (list[str], '5" screen, 6" screen', ['5" screen', '6" screen']),
    (list[str], '["He said "no", then left", "c"]', ['He said "no", then left', "c"]),
    *(
        (list[str], text, REFUSED)
        for text in ('["a", b', "['a', b", '[a, "b", c]', '["a" , b, "c"]', "[“a”, b]")
    ),
    (list[str], '["a", "b"] # note', ["a", "b"]),
    (list[str], "['x', 'y'] # note", ["x", "y"]),
    (list[str], '["a", "b]"] as asked', ["a", "b]"]),
    (list[str], '["a"] and ["b"]', REFUSED),
    (list[int], "[1,000, 2,000]", REFUSED),
    (list[int], "1,200, 3,400", REFUSED),
    (list[int], "1,200\n3,400", [1200, 3400]),
    (list[int], "[100,200,300]", [100, 200, 300]),
    (list[int], "[007, 008]", [7, 8]),
    (list[float], "[$1,200.50, $3,400.00]", REFUSED),
    (list[float], "[0,5; 0,7]", REFUSED),
    (list[float], "1.5; 2.5", [1.5, 2.5]),
    (list[Decimal], "[1.50, 2.25]", ["1.50", "2.25"]),
    (tuple[str, int], "('a', 1)", ["a", 1]),
    (tuple[int, str], '[12, "007"]', [12, "007"]),
    (tuple[int, str], "(1, 'between 1,200, 3,400')", [1, "between 1,200, 3,400"]),
    (list[tuple[int, str]], '[[12, "007"], [13, "008"]]', [[12, "007"], [13, "008"]]),
    (list[int], '[12, "007"]', REFUSED),
]


@pytest.mark.parametrize(("annotation", "text", "expected"), LISTS)
def test_a_list_says_the_same_as_a_text_and_as_a_string_of_json(
    annotation: Any, text: str, expected: Any
) -> None:
    signature = dspy.Signature({"q": dspy.InputField(), "a": (annotation, dspy.OutputField())})
    for adapter, answer in (
        (dspy.ChatAdapter(), f"[[ ## a ## ]]\n{text}"),
        (dspy.JSONAdapter(), json.dumps({"a": text})),
        (dspy.XMLAdapter(), f"<a>{text}</a>"),
    ):
        if expected is REFUSED:
            with pytest.raises(dspy.AdapterParseError):
                adapter.parse(signature, answer)
        else:
            assert to_json_types(adapter.parse(signature, answer)["a"]) == expected


# --- drafts ---------------------------------------------------------------------------------------------

FINAL = "<|channel|>final<|message|>"
THOUGHT = "<|channel|>analysis<|message|>hm<|end|><|start|>assistant"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (f"{THOUGHT}{FINAL}4<|return|>", "4"),
        (f'{THOUGHT}<|channel|>final <|constrain|>json<|message|>{{"a": 4}}<|return|>', '{"a": 4}'),
        (f"<|channel|>analysis<|message|>hm{FINAL}4", "4"),
        (f"{FINAL}4<|end|><|start|>assistant{FINAL}", "4"),
        (f"{THOUGHT}{FINAL}It begins with {FINAL} and <|end|> ends it<|return|>", ...),
        (f"It begins with {FINAL} and <|end|> ends it", ...),
        (f"4<|end|><|start|>assistant{FINAL}", ...),
        ("<|channel|>commentary to=f <|message|>{}<|call|>", ...),
        ("<|channel|>analysis<|message|>hm", ""),
        (THOUGHT, ""),
    ],
)
def test_the_final_channel(answer: str, expected: Any) -> None:
    found = without_drafts(answer)
    if expected is ...:
        expected = answer.removeprefix(THOUGHT + FINAL).removesuffix("<|return|>")
    assert found == expected


@pytest.mark.parametrize(
    "text",
    [
        "[THINK] is the tag Mistral uses",
        "It is\n[THINK] that begins it",
        f"{FINAL} begins it, <|end|> ends it",
    ],
)
def test_a_text_may_mention_the_tokens(text: str) -> None:
    signature = dspy.Signature("q -> answer")
    asked = f"[[ ## answer ## ]]\n{text}\n\n[[ ## completed ## ]]"
    assert dspy.ChatAdapter().parse(signature, asked) == {"answer": text}
    assert dspy.JSONAdapter().parse(signature, dspy.JSONAdapter().format_answer({"answer": text})) == {
        "answer": text
    }


# --- marks of East Asia, and globs ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"text": "他说"对"，3点走", "b": 1}', {"text": '他说"对"，3点走', "b": 1}),
        ('{"text": "标题"一"：走", "b": 1}', {"text": '标题"一"：走', "b": 1}),
        ('["他说"好"，"行"", "x"]', ['他说"好"，"行"', "x"]),
        ("[你好，世界, 再见]", ["你好，世界", "再见"]),
        ("{name: 王小明，教授, age: 3}", {"name": "王小明，教授", "age": 3}),
        ('{"a"："x"，"b"：1}', {"a": "x", "b": 1}),
        ('["a"，"b"]', ["a", "b"]),
        ('{"a": 1，"b": "x"}', {"a": 1, "b": "x"}),
        ("{a：1，b：2}", {"a": 1, "b": 2}),
        ("{＂a＂：＂x＂}", {"a": "x"}),
        ("{glob: src /*.py, b: 1}", {"glob": "src /*.py", "b": 1}),
        ("[src /*.py, lib /* the rest */]", ["src /*.py", "lib"]),
    ],
)
def test_marks_that_a_text_may_have(text: str, expected: Any) -> None:
    assert repaired(text) == (expected,)


def test_brackets_inside_of_strings_stay_wide() -> None:
    assert reader_for(dict[str, str])('｛"a": "数组［1］"｝') == {"a": "数组［1］"}
    assert reader_for(list[int])("［1，2］") == [1, 2]


@pytest.mark.parametrize(
    ("annotation", "text", "expected"),
    [
        (str | list[str], "<p>Hello <b>W</b></p>", "<p>Hello <b>W</b></p>"),
        (str | float, "<p>4</p>", "<p>4</p>"),
        (list[str], "<b>hi</b>", ["<b>hi</b>"]),
        (list[str], "<p>One, two</p>", ["<p>One, two</p>"]),
        (Any, "<b>hi</b>", "<b>hi</b>"),
        (Person, "<name>Ada</name><age>3</age>", {"name": "Ada", "age": 3}),
        (list[int], "<n>1</n><n>2</n>", [1, 2]),
    ],
)
def test_markup_in_a_string_of_json(annotation: Any, text: str, expected: Any) -> None:
    assert to_json_types(reader_for(annotation).from_json(text)) == expected


@pytest.mark.parametrize(
    ("adapter", "answer"),
    [
        (dspy.ChatAdapter(), "[[ ## a ## ]]\n<think>hm, so\n[[ ## completed ## ]]"),
        (dspy.ChatAdapter(), "[[ ## a ## ]]\n<think>hm</think>\n[[ ## completed ## ]]"),
        (dspy.XMLAdapter(), "<a><think>hm</think></a>"),
        (dspy.JSONAdapter(), "[[ ## a ## ]]\n<think>hm, so"),
        (dspy.CompactAdapter(), "<think>hm, so"),
    ],
)
def test_a_text_that_is_only_thought_is_no_answer(adapter: dspy.Adapter, answer: str) -> None:
    with pytest.raises(dspy.AdapterParseError):
        adapter.parse(dspy.Signature("q -> a"), answer)


@pytest.mark.parametrize(("kind", "expected"), [("str", "four"), ("list[str]", ["four"])])
def test_a_thought_is_no_part_of_a_bare_answer(kind: str, expected: Any) -> None:
    signature = dspy.Signature(f"q -> a: {kind}")
    assert dspy.CompactAdapter().parse(signature, "<think>hm</think>\nfour") == {"a": expected}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("ok<|im_end|>", "ok"),
        ("ok\n</s>\n", "ok"),
        ("ok<|eot_id|><|endoftext|>", "ok"),
        ("a turn ends with <|im_end|>", ...),
        ("`</s>`", ...),
        ("<s>old</s>", ...),
        ("tokens=<eos>", ...),
        ("it ends (<|im_end|>", ...),
        ("a -><eos>", ...),
        ("<bos><eos>", ...),
        ("<b>bold</b></s>", "<b>bold</b>"),
        ("<|im_end|>", ...),
    ],
)
@pytest.mark.parametrize("adapter", [dspy.ChatAdapter(), dspy.XMLAdapter()], ids=["chat", "xml"])
def test_tokens_that_end_a_turn(answer: str, expected: Any, adapter: dspy.ChatAdapter) -> None:
    text = f"[[ ## a ## ]]\n{answer}"
    assert adapter.parse(dspy.Signature("q -> a"), text) == {"a": answer if expected is ... else expected}
