"""`CompactAdapter`: what is sent to a model that was trained for its task, and how its answers are read."""

from __future__ import annotations

import enum
from typing import Any, Literal

import pytest

from dspyc.runtime import AdapterParseError, CompactAdapter, Example, Signature
from dspyc.runtime.adapters.plan import Plan

ADAPTER = CompactAdapter()
LABELS = tuple(f"label_{number}" for number in range(150))


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


def classify(kind: Any) -> type[Signature]:
    return Signature("text -> label", "Name the intent.").with_updated_fields("label", type_=kind)


def test_a_prompt_has_the_instructions_the_names_and_the_input() -> None:
    messages = ADAPTER.format(classify(Literal[LABELS]), [], {"text": "where is it"})
    assert messages == [
        {"role": "system", "content": "Name the intent.\ntext -> label"},
        {"role": "user", "content": "where is it"},
    ]


def test_several_fields_stand_under_their_names() -> None:
    signature = Signature("text, word -> next, count: int")
    made = ADAPTER.format_finetune_data(
        signature, [], {"text": "a b", "word": "a"}, {"next": "b", "count": 1}
    )
    assert made["messages"][0]["content"].endswith("\ntext, word -> next, count")
    assert made["messages"][1]["content"] == "[[ ## text ## ]]\na b\n\n[[ ## word ## ]]\na"
    assert made["messages"][2]["content"] == "[[ ## next ## ]]\nb\n\n[[ ## count ## ]]\n1"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (str, "two words"),
        (str, ""),
        (str, "# [[ ## other ## ]] is a marker"),
        (Literal["yes", "no"], "no"),
        (Colour, Colour.GREEN),
        (bool, True),
        (int, -12),
        (float, 0.5),
        (int | None, None),
        (list[str], ["a b", "c"]),
        (list[str], []),
        (list[str], ["one"]),
        (list[str], ["a\nb", "c"]),
        (list[str], [" a "]),
        (list[str], ["[x]", "y"]),
        (list[str], [""]),
        (list[str], ["a [[ ## label ## ]] b", "c"]),
        (list[str], ["a", "[[ ## label ## ]]", "b"]),
        (dict[str, str], {"a": "[[ ## label ## ]]"}),
        (list[str], ["a\x85b", "c\u2028d"]),
        (list[int], [1, 2]),
        (dict[str, int], {"a": 1}),
        (list[dict[str, str]], [{"text": "a", "type": "b"}]),
    ],
)
def test_what_is_written_is_read_back(kind: Any, value: Any) -> None:
    signature = classify(kind)
    written = ADAPTER.format_assistant_message_content(signature, {"label": value})
    for answer in (written, f" {written}", f"{written}\n"):
        assert ADAPTER.parse(signature, answer) == {"label": value}


def test_lists_of_strings_are_lines() -> None:
    written = ADAPTER.format_assistant_message_content(classify(list[str]), {"label": ["a b", "c", "d"]})
    assert written == "a b\n c\n d"


def test_sections_are_read_too() -> None:
    signature = classify(Literal["yes", "no"])
    assert ADAPTER.parse(signature, "[[ ## label ## ]]\nyes\n\n[[ ## completed ## ]]") == {"label": "yes"}


@pytest.mark.parametrize("answer", ["It is [[ ## label ## ]] here", "See `[[ ## b ## ]]`\nand more"])
def test_a_marker_that_an_answer_mentions_is_text(answer: str) -> None:
    assert ADAPTER.parse(classify(str), answer) == {"label": answer}
    assert ADAPTER.value_start("label", answer) == 0


@pytest.mark.parametrize("answer", ["perhaps", "", "yes or no"])
def test_what_is_no_choice_is_an_error(answer: str) -> None:
    with pytest.raises(AdapterParseError):
        ADAPTER.parse(classify(Literal["yes", "no"]), answer)


def test_the_grammar_is_of_bare_answers() -> None:
    grammar = ADAPTER.grammar(classify(Literal["yes", "no"]))
    assert grammar is not None
    assert grammar.splitlines()[0] == 'root ::= " "? value0 "\\n"?'
    assert ADAPTER.grammar(classify(str)) is None, "a text may be anything"
    several = ADAPTER.grammar(Signature("text -> a: bool, b: int"))
    assert several is not None
    assert "completed" not in several


def test_demos_are_turns_of_the_same_form() -> None:
    demos = [Example(text="a", label="yes")]
    messages = ADAPTER.format(classify(Literal["yes", "no"]), demos, {"text": "b"})
    assert [message["content"] for message in messages[1:]] == ["a", "yes", "b"]


def test_an_answer_comes_as_it_is_written() -> None:
    signature = Signature("text -> label").with_updated_fields("label", type_=str)
    reader = ADAPTER.stream_reader(Plan(signature))
    chunks = [*reader.feed(" two"), *reader.feed(" words "), *reader.end()]
    assert [(chunk.field, chunk.text, chunk.is_last) for chunk in chunks] == [
        ("label", "two", False),
        ("label", " words", False),
        ("label", "", True),
    ]


def test_descriptions_do_not_lengthen_the_prompt() -> None:
    signature = Signature("text -> label").with_updated_fields("label", desc="a very long description " * 50)
    assert len(ADAPTER.format(signature, [], {"text": "x"})[0]["content"]) < 100
