"""What is known of models: from the table of the installed litellm, and nothing where there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from dspyc.base import models
from dspyc.compiler.analysis import Project
from dspyc.compiler.rules.models.settings import REFUSED


def codes(text: str) -> list[str]:
    return [each.code for each in Project({"a.dspy": text}.get).check("a.dspy").diagnostics]


_ASK = """
import json, sys, litellm
from litellm.types.utils import LlmProviders
asked = json.loads(sys.argv[1])
taken = {
    f"{provider}/{name}": litellm.get_supported_openai_params(name, custom_llm_provider=provider)
    for provider, name in asked
}
print(json.dumps({"taken": taken, "providers": [each.value for each in LlmProviders]}))
"""


def ask_litellm(*asked: tuple[str, str]):
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    command = [sys.executable, "-W", "ignore", "-c", _ASK, json.dumps(asked)]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(found.stdout.splitlines()[-1])


def test_litellm_refuses_what_the_rule_says_and_knows_no_other_providers() -> None:
    found = ask_litellm(
        ("openai", "gpt-4o-mini"),
        ("openai", "o3"),
        ("openai", "gpt-5"),
        ("anthropic", "claude-sonnet-4-5"),
        ("mistral", "mistral-large-latest"),
        ("gemini", "gemini-2.5-flash"),
    )
    for name, taken in found["taken"].items():
        assert not REFUSED[name.partition("/")[0]] & set(taken), name
        settings = ("top_p", "stop", "reasoning_effort", "logprobs", "presence_penalty", "logit_bias", "n")
        for setting in settings:
            text = f'lm a = LM("{name}", temperature=1.0, max_tokens=8000, {setting}=2)\n'
            assert codes(text) == ([] if setting in taken else ["E315"]), (name, setting)
    assert set(found["providers"]) <= models.providers()


@pytest.mark.parametrize(
    "call",
    [
        'LM("openai/our-own", api_base="http://localhost:8000/v1")',
        'LM("azure/deployment-of-ours")',
        'LM("ollama_chat/llama3.2")',
        'LM("hosted_vllm/meta-llama/Llama-3.1-8B-Instruct")',
        'LM("huggingface/together/deepseek-ai/DeepSeek-R1")',
        'LM("openai/ft:gpt-4o-mini-2024-07-18:us::abc")',
        'LM("gguf/models/small.gguf", n_ctx=2048)',
        'LM("embedded/banking-base")',
        'LM("openai/o3", temperature=None, max_tokens=None)',
        'LM("openai/gpt-4o", max_tokens=None, top_p=0.5, stop=["x"])',
        'LM("anthropic/claude-sonnet-4-5", n=1, reasoning_effort="low")',
        'LM("bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0")',
        'LM("vertex_ai/gemini-2.5-flash")',
        'LM("anything", custom_llm_provider="openai")',
    ],
)
def test_what_cannot_be_known_is_not_complained_of(call: str) -> None:
    assert codes(f"lm a = {call}\n") == []


def test_a_name_that_is_worked_out_is_not_judged() -> None:
    assert codes('def of(name: str) -> str:\n    return LM(name)("hi")[0]\n') == []


def test_without_litellm_nothing_is_said_of_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_content", lambda: None)
    monkeypatch.setattr(models, "_folder", lambda: None)
    for each in (models.row_of, models.names, models.names_of, models.words, models.providers):
        monkeypatch.setattr(models, each.__name__, each.__wrapped__)
    assert codes('lm a = LM("openai/gpt-4o-mni", reasoning_effort="low")\n') == []


def test_a_day_is_compared_with_the_newest_models_and_not_with_today() -> None:
    assert models.is_before_newest("2024-01-01")
    assert not models.is_before_newest("2999-01-01")


def test_an_entry_is_found_with_and_without_its_provider() -> None:
    assert models.row_of("gpt-4o-mini") == models.row_of("openai/gpt-4o-mini") is not None
    assert models.row_of("anthropic/gpt-4o-mini") is None
    assert models.row_of('gpt-4o-mini": {\n') is None
