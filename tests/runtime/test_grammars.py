"""Grammars of answers: what adapters write is theirs, what they reject cannot be written, and llama.cpp reads
them.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import pydantic
import pytest
from hypothesis import Phase, given, settings

import dspyc.runtime as dspy
from dspyc.runtime.lm.capabilities import Capabilities, capabilities_of
from dspyc.runtime.lm.messages import Grammar
from support.gbnf_matcher import matches
from support.openai_server import OpenAIServer, Reply
from support.random_signatures import Person, signatures_with_values

ADAPTERS = [dspy.ChatAdapter(), dspy.XMLAdapter()]


def in_the_grammars_words(written: str, signature: Any) -> str:
    """XML in which keys stand in attributes, as a grammar cannot have a tag of any name."""
    for name, field in signature.output_fields.items():
        if field.annotation == Person | None:
            written = written.replace(f"<{name}>\nNone\n</{name}>", f"<{name} />")
    return re.sub(r"<(a|b-c)>(.*?)</\1>", r'<entry key="\1">\2</entry>', written)


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda each: type(each).__name__)
@given(case=signatures_with_values())
@settings(max_examples=40, phases=[Phase.explicit, Phase.generate])  # shrinking takes minutes
def test_what_an_adapter_writes_is_of_its_grammar(adapter: Any, case: Any) -> None:
    signature, values = case
    written = in_the_grammars_words(adapter.format_assistant_message_content(signature, values), signature)
    grammar = adapter.grammar(signature)
    assert adapter.parse(signature, written) == values
    assert matches(grammar, written), (grammar, written)
    assert not matches(grammar, written[: len(written) // 2])
    assert not matches(grammar, f"Sure! {written}")


class Node(pydantic.BaseModel):
    label: Literal["a", "b"]
    children: list[Node] = []


SIGNATURE = dspy.Signature(
    {
        "q": dspy.InputField(),
        "note": (str, dspy.OutputField()),
        "count": (int, dspy.OutputField()),
        "sure": (bool, dspy.OutputField()),
        "tree": (Node, dspy.OutputField()),
    }
)
GOOD = (
    "[[ ## note ## ]]\na [1] b\n\n- c\n\n[[ ## count ## ]]\n3\n\n[[ ## sure ## ]]\nTrue\n\n"
    '[[ ## tree ## ]]\n{"label": "a", "children": [{"label": "b", "children": []}]}\n\n[[ ## completed ## ]]'
)


def test_answers_of_the_chat_format() -> None:
    grammar = dspy.ChatAdapter().grammar(SIGNATURE) or ""
    assert matches(grammar, GOOD)
    assert matches(grammar, GOOD.replace(', "children": []', ',\n    "children": [ ]'))
    assert dspy.ChatAdapter().parse(SIGNATURE, GOOD)["count"] == 3


def test_values_of_a_base_model_are_one_line() -> None:
    grammar = dspy.PlainAdapter().grammar(SIGNATURE) or ""
    tree = '{"label": "a", "children": [{"label":"b", "children": [ ]}]}'
    assert matches(grammar, f" a\nCount: 3\nSure: True\nTree: {tree}\n")
    assert not matches(grammar, f" a\nCount: 3\nSure: True\nTree: {tree.replace(', ', ',' + chr(10))}\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n3\n", "\nthree\n"),
        ("\n3\n", "\n3.5\n"),
        ("True", "yes"),
        ('"label": "a"', '"label": "c"'),
        ('{"label": "a"', "{\n" + " " * 60 + '"label": "a"'),  # and so on until `max_tokens`
        ("- c", "[[ ## count ## ]]"),
        ("[[ ## sure ## ]]", "[[ ## sur ## ]]"),
        ("\n\n[[ ## completed ## ]]", ""),
    ],
)
def test_what_could_not_be_read_cannot_be_written(old: str, new: str) -> None:
    assert old in GOOD
    assert not matches(dspy.ChatAdapter().grammar(SIGNATURE) or "", GOOD.replace(old, new, 1))


@pytest.mark.parametrize(
    ("setting", "sent"),
    [
        ("grammar", lambda text: {"grammar": text}),
        ("structured_outputs", lambda text: {"structured_outputs": {"grammar": text}}),
        ("guided_grammar", lambda text: {"guided_grammar": text}),
        ("ebnf", lambda text: {"ebnf": text}),
    ],
)
def test_each_kind_of_server_gets_it_under_its_own_name(setting: Any, sent: Any) -> None:
    able = Capabilities(grammar=True, grammar_setting=setting)
    found = dspy.ChatAdapter().output_format(SIGNATURE, able)
    assert isinstance(found, Grammar)
    assert found.as_settings() == sent(found.text)


@pytest.mark.parametrize(
    ("server", "setting"), [("vllm", "structured_outputs"), ("llama.cpp", "grammar"), ("sglang", "ebnf")]
)
def test_a_request_to_a_server_carries_the_grammar(server: Any, setting: str) -> None:
    with OpenAIServer() as loopback:
        loopback.script(Reply(GOOD))
        lm = dspy.LM("openai/ours", api_base=loopback.api_base, api_key="k", cache=False, server=server)
        with dspy.context(lm=lm):
            assert dspy.Predict(SIGNATURE)(q="x").count == 3
        sent = loopback.requests[0].body[setting]
        assert "server" not in loopback.requests[0].body
    assert (sent["grammar"] if setting == "structured_outputs" else sent).startswith("root ::= ")
    assert lm.dump_state()["server"] == server


def test_a_server_that_does_not_exist_is_refused() -> None:
    with pytest.raises(dspy.ConfigurationError, match="server"):
        dspy.LM("openai/ours", server="vlm")  # type: ignore[arg-type]


def test_servers_are_known_by_the_names_of_their_providers() -> None:
    assert capabilities_of("hosted_vllm/qwen").grammar_setting == "structured_outputs"
    assert capabilities_of("llamafile/any").grammar
    assert not capabilities_of("openai/of-our-own").grammar
