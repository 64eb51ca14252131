"""What a model's name tells: its provider, and its entry in the table that litellm is shipped with.

The table is read as a file: importing litellm takes seconds. It has one entry a model, each beginning in
the same column. An entry is found by its bytes, which takes a millisecond; reading three megabytes whole
would take fifty. So what is known of models follows the installed litellm, and nothing has to be prepared.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from .expressions import pattern
from .later import Later

if TYPE_CHECKING:
    import datetime
    import json
    import mmap
    from importlib import util
else:
    # Making a model needs this module, and nothing of these.
    datetime, json, mmap = (Later(globals(), name, name) for name in ("datetime", "json", "mmap"))
    util = Later(globals(), "util", "importlib.util")

_HEAD = pattern(rb'\n    "([^"\n]+)": \{')
_MEMBER = pattern(r'^    [A-Z0-9_]+ = "([^"\n]+)"', re.MULTILINE)
_LARGEST_SOURCE = 4 << 20

COMMON_PROVIDERS = frozenset(
    {
        "anthropic",
        "azure",
        "bedrock",
        "cohere",
        "deepseek",
        "embedded",
        "gemini",
        "gguf",
        "groq",
        "hosted_vllm",
        "huggingface",
        "lm_studio",
        "mistral",
        "ollama",
        "ollama_chat",
        "openai",
        "openrouter",
        "together_ai",
        "vertex_ai",
        "xai",
    }
)
"""Providers that need no look at litellm's files: those of this process, and the usual ones."""


@lru_cache(maxsize=256)
def row_of(model: str) -> Mapping[str, Any] | None:
    """The table's entry of a model: under its whole name, or its name alone if the provider is the same."""
    provider, _, name = model.partition("/")
    # What is not there is looked for in the whole file, so the likelier name comes first.
    for each in (name, model) if provider in _WITHOUT_PROVIDER else (model, name):
        row = _entry(each) if each else None
        if row is not None and (each == model or provider_of(row) == provider):
            return row
    return None


_WITHOUT_PROVIDER = frozenset({"anthropic", "openai"})
"""Providers whose models the table has by their names alone."""


def provider_of(row: Mapping[str, Any]) -> str:
    """The provider of an entry, as a model's name begins with it."""
    return str(row.get("litellm_provider", "")).partition("-")[0]


@cache
def names() -> tuple[str, ...]:
    """The names of all models in the table, some with their provider and some without."""
    content = _content()
    return () if content is None else tuple(each.decode() for each in _HEAD.findall(content))


@cache
def names_of(provider: str) -> tuple[str, ...]:
    """Names that a model of a provider may have, without the provider; some are of others: see `is_asked`."""
    whole = f"{provider}/"
    found = (each.removeprefix(whole) for each in names() if each.startswith(whole) or "/" not in each)
    return tuple(dict.fromkeys(each for each in found if "/" not in each))


@cache
def _asked() -> Mapping[str, tuple[str, ...]]:
    """The models that answer texts, by their providers, without these; the whole table is read for it."""
    content = _content()
    try:
        table = json.loads(content[:]) if content is not None else {}
    except ValueError:
        return {}
    found: dict[str, set[str]] = {}
    for key, row in table.items():
        if isinstance(row, dict) and row.get("mode") in ASKED:
            provider = provider_of(row)
            name = key.removeprefix(f"{provider}/")
            if provider and "/" not in name:
                found.setdefault(provider, set()).add(name)
    return {provider: tuple(sorted(names)) for provider, names in found.items()}


def asked_of(provider: str) -> tuple[str, ...]:
    """The models of a provider that answer texts, in order, without the provider."""
    return _asked().get(provider, ())


@cache
def words() -> frozenset[str]:
    """The words of which the names of all models are made; those with digits too, but no numbers."""
    found = {word for name in names() for word in _SEPARATOR.split(name.lower())}
    return frozenset(each for each in found if not each.isdigit())


_SEPARATOR = pattern(r"[-._@/:]")


def is_asked(provider: str, name: str) -> bool:
    """Whether a provider has a model of this name that answers texts."""
    row = row_of(f"{provider}/{name}")
    return row is not None and provider_of(row) == provider and row.get("mode") in ASKED


ASKED = frozenset({None, "chat", "completion", "responses"})
"""The kinds of models that answer texts, as the table calls them."""


def is_before_newest(day: str) -> bool:
    """Whether a day, as `2026-07-23`, is before the newest models of the table appeared.

    So what is said of it does not change from one day to the next.
    """
    # That no model is of tomorrow spares a look at all names.
    return day < datetime.date.today().isoformat() and day < _newest()


@cache
def _newest() -> str:
    """The day of the newest models whose names have a date; a wrong date or two do not count."""
    found = sorted("-".join(each) for name in names() for each in _DATE.findall(name))
    return found[-_WRONG_DATES] if len(found) >= _WRONG_DATES else ""


_DATE = pattern(r"(?<!\d)(20\d\d)-?(0[1-9]|1[0-2])-?([0-3]\d)(?!\d)")
_WRONG_DATES = 3


@cache
def providers() -> frozenset[str]:
    """With what a model's name may begin: providers, and what the table has before the slash of a name."""
    return declared_providers() | {name.partition("/")[0] for name in names() if "/" in name}


@cache
def declared_providers() -> frozenset[str]:
    """The names of providers that litellm knows."""
    found = set(COMMON_PROVIDERS)
    try:
        text = _read("types", "utils.py")
        start = text.index("class LlmProviders(")
        found.update(_MEMBER.findall(text[start : text.find("\nclass ", start + 1)]))
        found.update(json.loads(_read("llms", "openai_like", "providers.json")))
    except (OSError, ValueError):
        # Another version of litellm: the table's names alone have to do.
        pass
    return frozenset(found)


def _read(*path: str) -> str:
    with open(os.path.join(_folder() or "", *path), encoding="utf-8") as file:
        return file.read(_LARGEST_SOURCE)


def _entry(name: str) -> Mapping[str, Any] | None:
    content = _content()
    if content is None:
        return None
    start = content.find(f"\n    {json.dumps(name)}: {{".encode())
    if start < 0:
        return None
    try:
        start, end = content.find(b"{", start), content.find(b"\n    }", start)
        row = json.loads(content[start : end + len(b"\n    }")])
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


@cache
def _content() -> mmap.mmap | None:
    folder = _folder()
    if folder is None:
        return None
    try:
        with open(os.path.join(folder, "model_prices_and_context_window_backup.json"), "rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        return None


@cache
def _folder() -> str | None:
    found = util.find_spec("litellm")
    return None if found is None or found.origin is None else os.path.dirname(found.origin)


# --- by the name alone ----------------------------------------------------------------------------------

HERE = ("gguf", "embedded")
"""What the names of models begin with that run in this process: GGUF files, and those of dspyc."""
TRAINABLE = (*HERE, "openai", "databricks")
"""What the names of models begin with that can be trained."""
SHIPPED = ("banking", "banking-base", "base")
"""The models that come with dspyc."""
SHIPPED_CONTEXT = {"banking": 1024, "banking-base": 1024, "base": 4096}
"""How many tokens they read."""
COMPACT = ("base",)
"""Those whose prompts do not list the types of fields."""

TRAINING_SETTINGS = (
    "cpu_seconds",
    "steps",
    "epochs",
    "learning_rate",
    "batch_size",
    "warmup_steps",
    "weight_decay",
    "dropout",
    "word_dropout",
    "lora",
    "validation",
    "seed",
    "threads",
    "precision",
    "prompts",
    "background",
    "fresh",
    "checkpoints",
    "output",
    "progress",
)
"""What may be set for a training in this process."""
SERVER_TRAINING_SETTINGS = (
    "n_epochs", "learning_rate_multiplier", "suffix", "method", "metadata", "integrations", "validation_file",
    "poll_seconds", "job_id", "beta",
)  # fmt: skip
"""What else may be set for a training at a server that speaks OpenAI's protocol."""
TRAINING_ALIASES = {
    "num_train_epochs": "epochs",
    "max_steps": "steps",
    "per_device_train_batch_size": "batch_size",
    "output_dir": "output",
}
"""The names that DSPy's and TRL's users know."""

_REASONING = pattern(
    r"o[1345](-mini|-nano|-pro|-preview)?(-\d{4}(-\d{2}){0,2})?|gpt-5(?!.*-chat).*", re.IGNORECASE
)
REASONING_MAX_TOKENS = 5000
"""A reasoning model thinks in tokens that count as its answer's; with fewer it may say nothing."""


def is_reasoning_model(model: str) -> bool:
    """Whether the model is one of OpenAI's reasoning models, which take few of the usual settings."""
    name = model.rpartition("/")[2]
    return name[:5].lower().startswith(("o", "gpt-5")) and _REASONING.fullmatch(name) is not None


def reasoning_complaint(model: str, temperature: float | None, max_tokens: int | None) -> str | None:
    """What is wrong with these settings for this model, or None."""
    if not is_reasoning_model(model):
        return None
    if temperature in (1.0, None) and (max_tokens is None or max_tokens >= REASONING_MAX_TOKENS):
        return None
    return (
        f"`{model}` is a reasoning model: it needs temperature=1.0 "
        f"and max_tokens of at least {REASONING_MAX_TOKENS} (or None for either), "
        f"not temperature={temperature} and max_tokens={max_tokens}"
    )
