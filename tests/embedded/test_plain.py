"""Base models, whose files have no chat template, are asked in plain text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import pytest

from dspyc.runtime import (
    LM,
    AdapterParseError,
    ChatAdapter,
    Example,
    PlainAdapter,
    Predict,
    Signature,
    context,
)
from dspyc.runtime.lm.gguf import checkpoint as gguf
from dspyc.runtime.lm.transports.embedded import SHIPPED

ADAPTER = PlainAdapter()
LABEL = Signature("text -> label", "Name the intent.").with_updated_fields(
    "label", type_=Literal["lost", "new"]
)
TWO = Signature("text, place_name -> label, count: int", "Say it.")
DEMOS = [Example(text="it is gone", label="lost"), Example(text="a second one, please", label="new")]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> LM:
    """A base model: a shipped one without its chat template."""
    path = tmp_path_factory.mktemp("base") / "base.gguf"
    whole = gguf.read(SHIPPED["banking"])
    gguf.write(replace(whole, vocabulary=replace(whole.vocabulary, chat_template="")), path)
    return LM(f"gguf/{path}", cache=False)


def test_the_prompt_is_one_text_that_goes_on() -> None:
    [message] = ADAPTER.format(LABEL, DEMOS, {"text": "where is it"})
    assert message["content"] == (
        "Name the intent.\n\nLabel is one of: lost, new\n\n---\n\nText: it is gone\nLabel: lost\n\n---\n\n"
        "Text: a second one, please\nLabel: new\n\n---\n\nText: where is it\nLabel:"
    )


def test_only_complete_demos_are_shown() -> None:
    [message] = ADAPTER.format(LABEL, [Example(text="half of one")], {"text": "x"})
    assert "half" not in message["content"]


@pytest.mark.parametrize(
    ("answer", "label", "count"),
    [
        (" red\nCount: 3\n", "red", 3),
        ("red\nCount:3\n\n---\n\nText: more\nLabel: x\nCount: 4", "red", 3),
        (" a: b\nCount: -1", "a: b", -1),
        ("\nLabel: red\nCount: 3", "red", 3),
    ],
)
def test_continuations_are_read(answer: str, label: str, count: int) -> None:
    assert ADAPTER.parse(TWO, answer) == {"label": label, "count": count}


@pytest.mark.parametrize("answer", ["", "red", " red\nCount: many"])
def test_what_is_missing_is_said(answer: str) -> None:
    with pytest.raises(AdapterParseError):
        ADAPTER.parse(TWO, answer)


def test_what_is_written_is_read_back() -> None:
    values: dict[str, Any] = {"label": "one of two", "count": 7}
    assert ADAPTER.parse(TWO, ADAPTER.format_assistant_message_content(TWO, values)) == values


def test_titles_that_would_be_equal_are_the_names() -> None:
    signature = Signature("text -> user_id, USER_ID, note", "Say it.")
    values = {"user_id": "one", "USER_ID": "two", "note": "n"}
    [message] = ADAPTER.format(signature, [Example(text="a", **values)], {"text": "b"})
    assert message["content"].endswith(
        "Text: a\nuser_id: one\nUSER_ID: two\nNote: n\n\n---\n\nText: b\nuser_id:"
    )
    answer = ADAPTER.format_assistant_message_content(signature, values)
    assert ADAPTER.parse(signature, answer) == values
    assert ADAPTER.value_start("USER_ID", f"user_id:{answer}") == len("user_id: one\nUSER_ID: ")


@pytest.mark.parametrize(
    "label", ["see\n[[ ## count ## ]]\n9", "a [[ ## label ## ]] b", "[[ ## completed ## ]]"]
)
def test_a_marker_in_a_value_is_text(label: str) -> None:
    assert ADAPTER.parse(TWO, f" {label}\nCount: 3") == {"label": label, "count": 3}


def test_a_file_without_a_chat_template_is_asked_in_plain_text(base: LM) -> None:
    assert base.prompt_form == "plain"
    program = Predict(LABEL, lm=base, demos=DEMOS)
    assert program(text="where is it").label in ("lost", "new")
    messages = base.history[-1]["messages"]
    assert messages == ADAPTER.format(LABEL, DEMOS, {"text": "where is it"})


def test_it_is_really_the_text_that_the_model_reads(base: LM) -> None:
    prompt = "Text: where is it\nLabel:"
    asked = base(messages=[{"role": "user", "content": prompt}], max_tokens=8)
    assert asked == LM(base.model, model_type="text", cache=False)(prompt, max_tokens=8)
    assert asked != LM("embedded/banking", cache=False)(
        messages=[{"role": "user", "content": prompt}], max_tokens=8
    )


def test_an_adapter_that_the_program_sets_is_used(base: LM) -> None:
    with context(lm=base, adapter=ChatAdapter()):
        messages = Predict(LABEL).messages(text="x")
    assert [message["role"] for message in messages] == ["system", "user"]


def test_models_with_a_template_are_asked_as_ever() -> None:
    assert LM("embedded/banking").prompt_form == "chat"
    assert LM("openai/gpt-4o-mini").prompt_form == "chat"
    assert LM("gguf/nowhere.gguf").prompt_form == "chat"
