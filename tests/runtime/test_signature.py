"""Signatures: strings, classes, changes, states."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dspyc.runtime as dspy
from dspyc.runtime.signature.typenames import read_type
from dspyc.runtime.types.annotations import type_name
from dspyc.runtime.values.reading import reader_for

STRINGS = json.loads((Path(__file__).parent / "cases" / "signature_strings.json").read_text(encoding="utf-8"))


def _written(signature: Any) -> str:
    def fields(found: dict[str, Any]) -> str:
        return ", ".join(
            f"{name}: {type_name(field.annotation)}{'!' if field.untyped else ''}"
            for name, field in found.items()
        )

    return f"{fields(signature.input_fields)} | {fields(signature.output_fields)}"


@pytest.mark.parametrize(("text", "expected"), STRINGS["read"])
def test_strings_are_read(text: str, expected: str) -> None:
    assert _written(dspy.Signature(text)) == expected


@pytest.mark.parametrize(("text", "message"), STRINGS["refused"])
def test_wrong_strings_are_refused_with_the_place(text: str, message: str) -> None:
    with pytest.raises(dspy.SignatureError) as caught:
        dspy.Signature(text)
    assert message in str(caught.value)


@given(st.text(alphabet="ab,:->[]|' Litera", max_size=24))
def test_no_string_does_anything_but_read_or_refuse(text: str) -> None:
    with contextlib.suppress(dspy.SignatureError):
        dspy.Signature(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("list[" * 5_000 + "int" + "]" * 5_000, "nested more than 50 deep"),
        ("Optional[" * 5_000, "nested more than 50 deep"),
        ("dict[str, " * 5_000 + "int" + "]" * 5_000, "nested more than 50 deep"),
        ("(" * 100_000, "nested more than 50 deep"),
        (f"Literal[{'9' * 5_000}]", "longer than 4,000 digits"),
    ],
    ids=lambda text: text[:10],
)
def test_runaway_types_are_refused(text: str, message: str) -> None:
    with pytest.raises(dspy.SignatureError, match=message):
        dspy.Signature(f"q -> a: {text}")


def test_types_may_be_long_and_nested_within_reason() -> None:
    assert dspy.Signature("q -> a: " + "list[" * 40 + "int" + "]" * 40).output_fields["a"]
    assert dspy.Signature("q -> a: " + " | ".join(["int", "list[str]"] * 2_000)).output_fields["a"]


def test_the_error_points_at_the_place() -> None:
    with pytest.raises(dspy.SignatureError) as caught:
        dspy.Signature("question -> answer: flaot")
    assert str(caught.value).splitlines()[1:] == [
        "    question -> answer: flaot",
        "                        ^",
    ]


def test_custom_types_and_types_of_the_function() -> None:
    class Thing:
        class Part:
            pass

    signature = dspy.Signature("a: Thing -> b: Thing.Part", custom_types={"Thing": Thing})
    assert signature.fields["b"].annotation is Thing.Part
    assert dspy.Signature("a: Thing -> b").fields["a"].annotation is Thing
    with pytest.raises(dspy.SignatureError, match="custom_types"):
        dspy.Signature("a: Thong -> b")


TYPES = st.recursive(
    st.sampled_from(["str", "int", "float", "bool", "Any", "date", "Literal['a', 1]"]),
    lambda inner: st.one_of(
        inner.map(lambda one: f"list[{one}]"),
        st.tuples(inner, inner).map(lambda two: f"dict[{two[0]}, {two[1]}]"),
        st.tuples(inner, inner).map(lambda two: f"tuple[{two[0]}, {two[1]}]"),
    ),
    max_leaves=5,
)


@given(TYPES)
def test_types_are_written_as_they_are_read(text: str) -> None:
    assert type_name(read_type(text)) == text


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("bool | bytes", "bytes | bool"),
        ("list[bool | bytes]", "list[bytes | bool]"),
        ("list[bool | bytes] | None", "list[bytes | bool] | None"),
        ("Optional[Union[bool, bytes]]", "Optional[Union[bytes, bool]]"),
        ("Literal['x1', 'x2'] | None", "Literal['x2', 'x1'] | None"),
        ("dict[str, Literal['x1', 'x2'] | int]", "dict[str, Literal['x2', 'x1'] | int]"),
    ],
)
def test_equal_types_are_shown_and_read_as_each_is_written(first: str, second: str) -> None:
    shown = []
    for text in (first, second):
        signature = dspy.Signature(f"q -> a: {text}")
        annotation = signature.output_fields["a"].annotation
        shown.append(type_name(annotation))
        shown.append(type_name(reader_for(annotation).annotation))
        shown.append(dspy.ChatAdapter().format_field_structure(signature))
    assert set(shown[:3]).isdisjoint(shown[3:])


class Classify(dspy.Signature):
    """Classify the sentiment.

    Second line.
    """

    sentence: str = dspy.InputField(desc="as written")
    sentiment: Literal["positive", "negative"] = dspy.OutputField()
    sure: Later = dspy.OutputField()
    note = dspy.OutputField(default="none")


Later = float


def test_the_class_form() -> None:
    assert Classify.instructions == "Classify the sentiment.\n\nSecond line."
    assert Classify.signature == "sentence -> sentiment, sure, note"
    assert _written(Classify) == (
        "sentence: str | sentiment: Literal['positive', 'negative'], sure: float, note: str!"
    )
    assert Classify.fields["sentence"].json_schema_extra == {
        "desc": "as written",
        "__dspy_field_type": "input",
        "prefix": "Sentence:",
    }
    assert not Classify.fields["note"].is_required()


def test_annotations_may_name_what_a_function_knows() -> None:
    class Local:
        pass

    class Uses(dspy.Signature):
        a: Local = dspy.InputField()
        b: list[Local] = dspy.OutputField()

    assert Uses.fields["b"].annotation == list[Local]


def test_a_signature_inherits_fields_and_instructions() -> None:
    class Longer(Classify):
        reason: str = dspy.OutputField()

    assert list(Longer.fields) == ["sentence", "sentiment", "sure", "note", "reason"]
    assert Longer.instructions == Classify.instructions


def test_a_field_needs_its_kind() -> None:
    with pytest.raises(dspy.SignatureError, match="`b` of `Wrong` must be declared"):

        class Wrong(dspy.Signature):
            a: str = dspy.InputField()
            b: str


def test_a_signature_is_no_function_and_does_not_change() -> None:
    with pytest.raises(dspy.SignatureError, match=r"Predict\(Classify\)"):
        Classify(sentence="x")
    with pytest.raises(AttributeError, match="with_instructions"):
        Classify.instructions = "x"


def test_field_names_that_are_methods_elsewhere_are_fields() -> None:
    signature = dspy.Signature("items -> keys, copy, fields, schema")
    prediction = dspy.Predict(signature)(
        items="x", lm=dspy.DummyLM([{"keys": "1", "copy": "2", "fields": "3", "schema": "4"}])
    )
    assert prediction["keys"] == "1"
    assert prediction.schema == "4"


def test_changes_make_new_signatures() -> None:
    base = dspy.Signature("a, b -> c", "Do it.")
    assert base.with_instructions("New.").instructions == "New."
    assert base.append_instructions("More.").instructions == "Do it.\n\nMore."
    assert list(base.prepend("x", dspy.InputField(), int).input_fields) == ["x", "a", "b"]
    assert list(base.append("x", dspy.OutputField()).output_fields) == ["c", "x"]
    assert list(base.insert(1, "x", dspy.InputField()).input_fields) == ["a", "x", "b"]
    assert list(base.insert(-2, "x", dspy.InputField()).input_fields) == ["a", "x", "b"]
    assert list(base.delete("b").fields) == ["a", "c"]
    assert base.delete("zzz").equals(base)
    changed = base.with_updated_fields("c", type_=float, desc="a number", ge=0)
    assert changed.fields["c"].annotation is float
    assert changed.fields["c"].constraint_text == "greater than or equal to: 0"
    assert not changed.equals(base)
    assert base.fields["c"].annotation is str
    assert list(base.fields) == ["a", "b", "c"]
    with pytest.raises(dspy.SignatureError, match="not a position"):
        base.insert(5, "x", dspy.InputField())
    with pytest.raises(dspy.SignatureError, match="no field `cc`"):
        base.with_updated_fields("cc", desc="x")


def test_default_instructions_are_kept_when_fields_are_added() -> None:
    assert dspy.Signature("question -> answer").prepend("reasoning", dspy.OutputField()).instructions == (
        "Given the fields `question`, produce the fields `answer`."
    )


def test_state_is_kept_by_names() -> None:
    base = dspy.Signature("a, b -> c", "Do it.")
    state = base.with_instructions("Learned.").with_updated_fields("b", desc="told").dump_state()
    reordered = dspy.Signature("b, a -> c").load_state(json.loads(json.dumps(state)))
    assert reordered.instructions == "Learned."
    assert [field.description for field in reordered.fields.values()] == ["told", "${a}", "${c}"]
    with pytest.raises(dspy.SignatureError, match="field `b`, which"):
        dspy.Signature("a -> c").load_state(state)


def test_dspys_state_has_no_names_and_is_kept_by_position() -> None:
    state = {
        "instructions": "I.",
        "fields": [{"prefix": "A:", "description": "x"}, {"prefix": "B:", "description": "${b}"}],
    }
    assert dspy.Signature("a -> b").load_state(state).fields["a"].description == "x"
    with pytest.raises(dspy.SignatureError, match="2 fields without names"):
        dspy.Signature("a -> b, c").load_state(state)


def test_demos_belong_to_the_signature_and_its_predictors() -> None:
    class Shown(dspy.Signature, demos=[{"a": "1", "b": "2"}]):
        a: str = dspy.InputField()
        b: str = dspy.OutputField()

    predict = dspy.Predict(Shown)
    assert [dict(demo) for demo in predict.demos] == [{"a": "1", "b": "2"}]
    predict.demos = []
    predict.reset()
    assert len(predict.demos) == 1
    assert len(dspy.ChainOfThought(Shown).predict.demos) == 1
    assert dspy.Signature("a -> b", demos=[{"a": "1"}]).demos == ({"a": "1"},)


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("question", "Question"),
        ("some_attribute_name", "Some Attribute Name"),
        ("camelCaseText", "Camel Case Text"),
        ("text2number", "Text 2 Number"),
        ("HTMLParser", "HTML Parser"),
        ("answer1", "Answer 1"),
    ],
)
def test_prefixes_are_dspys(name: str, prefix: str) -> None:
    assert dspy.Signature(f"q -> {name}").fields[name].json_schema_extra["prefix"] == f"{prefix}:"


def test_fields_know_their_options() -> None:
    made = dspy.Signature(
        {
            "q": dspy.InputField(description="described", default_factory=list),
            "a": dspy.OutputField(desc="x", ge=1, custom="kept"),
        }
    )
    first = made.fields["q"].get_default()
    assert first == []
    assert made.fields["q"].get_default() is not first
    assert made.fields["q"].description == "described"
    assert made.fields["a"].json_schema_extra["custom"] == "kept"
    changed = made.with_updated_fields("a", le=3, custom="new", description="y").fields["a"]
    assert changed.constraint_text == "greater than or equal to: 1, less than or equal to: 3"
    assert (changed.json_schema_extra["custom"], changed.description) == ("new", "y")
    for wrong in ({"default": 1, "default_factory": list}, {"where": ["x > 1"]}):
        with pytest.raises(dspy.SignatureError):
            dspy.OutputField(**wrong)
    with pytest.raises(dspy.SignatureError, match="cannot change"):
        made.with_updated_fields("a", kind="input")


def test_signatures_print_and_are_made_by_other_names() -> None:
    made = dspy.make_signature("a -> b: int", "Do.", "Named")
    assert repr(made).splitlines()[0] == "Named(a -> b"
    assert repr(dspy.Signature) == "<class Signature>"
    assert dspy.ensure_signature(made) is made
    with pytest.raises(dspy.SignatureError, match="with_instructions"):
        dspy.ensure_signature(made, "Other.")
    with pytest.raises(dspy.SignatureError, match="a signature must be a Signature class or a string"):
        dspy.ensure_signature(3)
    with pytest.raises(dspy.SignatureError, match="must be an InputField"):
        made.append("c", "no field")


class _Plain:
    """A class of which pydantic knows nothing."""


@pytest.mark.parametrize(
    ("annotation", "shown"),
    [(_Plain, "`_Plain`"), (list[_Plain], "_Plain]`"), (dict[str, _Plain] | None, "| None`"), (iter, "iter")],
)
def test_a_type_without_a_schema_is_refused_in_words(annotation: Any, shown: str) -> None:
    signature = dspy.Signature({"text": (str, dspy.InputField()), "found": (annotation, dspy.OutputField())})
    with pytest.raises(dspy.SignatureError, match="cannot be the type of a field") as caught:
        dspy.Predict(signature)(text="a", lm=dspy.DummyLM([{"found": "b"}]))
    assert shown in str(caught.value)


def test_a_name_that_no_type_has_is_refused_in_words() -> None:
    class Ask(dspy.Signature):
        text: str = dspy.InputField()
        found: json.nix = dspy.OutputField()  # type: ignore[name-defined]

    with pytest.raises(dspy.SignatureError, match=r"a type of `Ask` cannot be found: .*'nix'"):
        _ = Ask.output_fields
