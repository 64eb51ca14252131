"""What a model can do, as data: adapters plan by it, and nothing else asks a model what it is.

Known from three sources, the nearest first: what a model's class or the user says, rules for the beginnings
of names (models in this process, servers at an address of the user's own), and the table that litellm is
shipped with, which is read without importing litellm.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, Self, TypeAlias

from ...base.frozen import frozen_record, replaced
from ...base.models import HERE, provider_of, row_of

GrammarSetting: TypeAlias = Literal["grammar", "structured_outputs", "guided_grammar", "ebnf"]
"""Under which setting a server takes a grammar."""
ModelType: TypeAlias = Literal["chat", "text", "responses"]
"""How a model is asked: with a conversation, with one text, or with a conversation by OpenAI's API for
responses.
"""


@frozen_record
class Capabilities:
    """What a model can do. Nothing is assumed: an unknown capability counts as missing.

    Attributes:
        streaming: gives its answer in pieces.
        native_tools: takes tools, and answers with calls to them.
        response_schema: can enforce a JSON schema on an answer.
        json_object: can enforce that an answer is a JSON object.
        grammar: can enforce a GBNF grammar on an answer.
        grammar_setting: the server's name for the setting of a request that holds it.
        logprobs: gives log probabilities.
        reasoning: thinks before it answers.
        images: reads pictures.
        audio: reads recordings.
        files: reads documents.
        exact_usage: counts tokens exactly, as llama.cpp does in this process.
        max_input_tokens: how long the messages may be; None if unknown.
        max_output_tokens: how long an answer may be; None if unknown.
    """

    streaming: bool = False
    native_tools: bool = False
    response_schema: bool = False
    json_object: bool = False
    grammar: bool = False
    grammar_setting: GrammarSetting = "grammar"
    logprobs: bool = False
    reasoning: bool = False
    images: bool = False
    audio: bool = False
    files: bool = False
    exact_usage: bool = False
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None

    def _replace(self, **changes: Any) -> Self:
        return replaced(self, **changes)


NOTHING_KNOWN = Capabilities()
EMBEDDED = Capabilities(
    streaming=True,
    response_schema=True,
    json_object=True,
    grammar=True,
    logprobs=True,
    exact_usage=True,
)
"""llama.cpp in this process."""
IN_TORCH = Capabilities(exact_usage=True)
"""transformers in this process, with a folder that holds no llama."""
UNKNOWN_SERVER = Capabilities(streaming=True)
"""A model that the table does not have, behind litellm."""
_HOLDS = Capabilities(streaming=True, response_schema=True, json_object=True)
SERVERS = {
    "llama.cpp": _HOLDS._replace(grammar=True, logprobs=True),
    "vllm": _HOLDS._replace(grammar=True, grammar_setting="structured_outputs", logprobs=True),
    "sglang": _HOLDS._replace(grammar=True, grammar_setting="ebnf", logprobs=True),
    "ollama": _HOLDS,
    "lm_studio": _HOLDS._replace(json_object=False),
}
"""What servers of open models can do with any model; whether a model has tools, only the user knows."""
_SERVER_OF = {"hosted_vllm": "vllm", "llamafile": "llama.cpp", "lm_studio": "lm_studio"}
"""The server that a provider's name means."""

_LOGPROBS = frozenset({"openai", "azure", "text-completion-openai", "deepseek", "xai", "hosted_vllm"})
"""Providers whose chat completions give log probabilities; the table does not say."""
_JSON_MODE = frozenset(
    {
        "azure", "cerebras", "deepseek", "fireworks_ai", "gemini", "groq", "mistral", "ollama", "ollama_chat",
        "openai", "openrouter", "sambanova", "together_ai", "vertex_ai", "xai",
    }
)  # fmt: skip
"""Providers whose chat completions take `{"type": "json_object"}`; the table says it of schemas only."""


@lru_cache(maxsize=1024)
def capabilities_of(model: str) -> Capabilities:
    """What is known of a model by its name, as given to `LM`."""
    if model.partition("/")[0] in HERE:
        return EMBEDDED
    row = row_of(model)
    if row is None:
        return SERVERS.get(_SERVER_OF.get(model.partition("/")[0], ""), UNKNOWN_SERVER)
    provider = str(row.get("litellm_provider", ""))
    reasoning = bool(row.get("supports_reasoning"))
    return Capabilities(
        streaming=row.get("supports_native_streaming") is not False,
        native_tools=bool(row.get("supports_function_calling")),
        response_schema=bool(row.get("supports_response_schema")),
        json_object=provider_of(row) in _JSON_MODE or bool(row.get("supports_response_schema")),
        logprobs=provider in _LOGPROBS and not reasoning,
        reasoning=reasoning,
        images=bool(row.get("supports_vision")),
        audio=bool(row.get("supports_audio_input")),
        files=bool(row.get("supports_pdf_input")),
        max_input_tokens=_as_count(row.get("max_input_tokens")),
        max_output_tokens=_as_count(row.get("max_output_tokens") or row.get("max_tokens")),
    )


def _as_count(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
