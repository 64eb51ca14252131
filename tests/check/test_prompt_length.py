"""Prompts that are longer than what their models read, and prompts that may well be short enough."""

from __future__ import annotations

import pytest

from dspyc.base import models
from dspyc.compiler.analysis import Project
from dspyc.runtime.lm.gguf.header import read_header
from dspyc.runtime.lm.transports.embedded import SHIPPED


def labels(count: int) -> str:
    return ", ".join(f'"card_payment_not_recognised_{index:03}"' for index in range(count))


def found(text: str, **files: str) -> list[str]:
    project = Project({**{name.replace("_", "."): each for name, each in files.items()}, "a.dspy": text}.get)
    return [each.code for each in project.check("a.dspy").diagnostics]


def program(count: int, model: str, more: str = "", settings: str = "") -> str:
    return (
        f'configure(lm=LM("{model}"{settings}))\n'
        f'signature Label:\n    """Name the intent.{more}"""\n    input text: str\n'
        f"    output label: Literal[{labels(count)}]\n"
        "module label = ChainOfThought(Label)\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (program(150, "embedded/banking-base"), ["W204"]),
        (program(30, "embedded/banking-base"), []),
        (program(400, "embedded/base"), []),
        (program(150, "openai/gpt-4o-mini"), []),
        (program(150, "gguf/models/ours.gguf"), []),
        (program(150, "gguf/models/ours.gguf", settings=", n_ctx=512"), ["W204"]),
        (program(2, "openai/gpt-4o-mini", "word " * 160_000), ["W204"]),
        (program(2, "openai/gpt-4o-mini", "word " * 90_000), []),
        (program(2, "hosted_vllm/ours", "word " * 160_000), []),
        (program(2, "openai/gpt-4o-mini", "word " * 160_000, ', api_base="http://here"'), []),
    ],
)
def test_prompt(text: str, expected: list[str]) -> None:
    assert found(text) == expected


def test_the_choices_of_an_alias_and_of_a_part_count() -> None:
    text = (
        'lm small = LM("embedded/banking-base")\n'
        f"type Intent = Literal[{labels(150)}]\n"
        "type Found:\n    intents: list[Intent]\n"
        'signature Label:\n    """Name the intents."""\n    input text: str\n    output found: Found | None\n'
        "module Route:\n    input text: str\n    output found: Found | None\n"
        "    read = Predict(Label, lm=small)\n    forward:\n        return read(text=text)\n"
    )
    assert found(text) == ["W204"]
    assert found(text.replace("embedded/banking-base", "openai/gpt-4o")) == []


def test_a_longer_demo_is_counted_once_the_signature_is_edited() -> None:
    files = {"a.dspy": program(60, "embedded/banking-base")}
    project = Project(files.get)
    assert not project.check("a.dspy").diagnostics
    files["a.dspy"] = files["a.dspy"].replace(
        "module label", f'    demo text="{"x" * 6_000}"\n\nmodule label'
    )
    assert [each.code for each in project.check("a.dspy").diagnostics] == ["W204"]


@pytest.mark.parametrize("name", models.SHIPPED)
def test_what_the_shipped_models_read_is_what_their_files_say(name: str) -> None:
    assert read_header(SHIPPED[name], name).context == models.SHIPPED_CONTEXT[name]
