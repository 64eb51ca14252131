"""Names of models that nobody serves."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ....base import models
from ....grammar import syntax
from ...program import Item, Program
from ..rule import Findings, rule
from ..walking import Construction
from ..words import listed, near
from .written import Written, model_of, models_of, rename


@rule("E310", "no-provider", Construction, fix="sometimes")
def no_provider(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A model's name does not say which provider serves it.

    A model is named `provider/name`. Without it, the request may go to the wrong provider, or to none.

    ```dspy
    lm fast = LM("gpt-4o-mini")
    #            ^^^^^^^^^^^^^ E310 the provider is missing; write "openai/gpt-4o-mini"
    ```

    ```dspy
    lm fast = LM("openai/gpt-4o-mini")
    ```
    """
    for found in models_of(item, node):
        if found.provider or found.argument("custom_llm_provider") is not None:
            continue
        whole = _with_provider(found.name) if found.name.strip() else None
        if whole is None:
            words = "the provider is missing; a model is named `provider/name`"
            yield no_provider.at(found.node, words, 'such as "openai/gpt-4o-mini"')
            continue
        words = f'the provider is missing; write "{whole}"'
        yield no_provider.at(found.node, words, fix=rename(found, whole))


def _with_provider(name: str) -> str | None:
    """The whole name of a model that the table has without a provider, or of the one that is closest."""
    before, colon, behind = name.partition(":")
    if colon and before in models.providers():
        return f"{before}/{behind}"
    if name in models.SHIPPED:
        return f"embedded/{name}"
    if name.endswith(".gguf"):
        return f"gguf/{name}"
    own = name if models.row_of(name) is not None else near(name, models.names(), cutoff=0.8)
    row = models.row_of(own) if own is not None and "/" not in own else None
    if own is None or row is None or row.get("mode") not in models.ASKED:
        return None
    provider = next((each for each in ("gemini",) if models.row_of(f"{each}/{own}")), models.provider_of(row))
    return f"{provider}/{own}" if provider else None


@rule("E311", "unknown-provider", Construction, fix="sometimes")
def unknown_provider(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A model's name begins with a provider that does not exist.

    The providers are those of the installed litellm, `gguf` for a file and `embedded` for the models that
    come with dspyc.

    ```dspy
    lm fast = LM("opnai/gpt-4o-mini")
    #            ^^^^^^^^^^^^^^^^^^^ E311 unknown provider `opnai`; did you mean `openai`?
    ```

    ```dspy
    lm fast = LM("openai/gpt-4o-mini")
    ```
    """
    for found in models_of(item, node):
        if not found.provider or found.argument("custom_llm_provider") is not None:
            continue
        provider = found.provider
        if provider in models.COMMON_PROVIDERS or provider in models.providers() or not models.names():
            continue
        if found.name.endswith(".gguf"):
            words = f'a model in a file is named `gguf/PATH`; write "gguf/{found.name}"'
            yield unknown_provider.at(found.node, words, fix=rename(found, f"gguf/{found.name}"))
            continue
        close = near(provider, models.COMMON_PROVIDERS) or near(provider, models.providers(), cutoff=0.8)
        if close is None:
            help_ = 'for a server with OpenAI\'s interface, write `LM("hosted_vllm/NAME", api_base=…)`'
            yield unknown_provider.at(found.node, f"unknown provider `{provider}`", help_)
            continue
        words = f"unknown provider `{provider}`; did you mean `{close}`?"
        yield unknown_provider.at(found.node, words, fix=rename(found, f"{close}/{found.own_name}"))


@rule("E312", "unknown-shipped-model", Construction, fix="sometimes")
def unknown_shipped_model(program: Program, item: Item, node: syntax.Call) -> Findings:
    """An `embedded/…` model is not one of those that come with dspyc.

    ```dspy
    lm small = LM("embedded/bankng")
    #             ^^^^^^^^^^^^^^^^^ E312 dspyc has no embedded model `bankng`; did you mean `banking`?
    ```

    ```dspy
    lm small = LM("embedded/banking")
    ```
    """
    for found in models_of(item, node):
        if found.provider != "embedded" or found.own_name in models.SHIPPED:
            continue
        close = near(found.own_name, models.SHIPPED)
        ending = f"; did you mean `{close}`?" if close else f"; it has {listed(models.SHIPPED)}"
        words = f"dspyc has no embedded model `{found.own_name}`{ending}"
        help_ = None if close else "for a file of your own, write `gguf/PATH`"
        fix = rename(found, f"embedded/{close}") if close else None
        yield unknown_shipped_model.at(found.node, words, help_, fix)


@rule("W311", "missing-model", Construction, fix="sometimes", severity="info")
def missing_model(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A GGUF model file does not exist, but its folder has one with a similar name.

    The path of a model starts from the folder in which a program runs, which may not be the file's own, so
    this is only a note.
    """
    found = model_of(item, node)
    file = item.data_of(found.node) if found is not None and found.provider == "gguf" else None
    if found is None or file is None or not file.is_missing:
        return
    folder, slash, name = found.own_name.rpartition("/")
    close = near(name, file.beside)
    if close is not None:
        whole = f"gguf/{folder}{slash}{close}"
        words = f"there is no file `{found.own_name}`; did you mean `{folder}{slash}{close}`?"
        yield missing_model.at(found.node, words, fix=rename(found, whole))


@rule("E313", "not-a-language-model", Construction)
def not_a_language_model(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A model makes embeddings, images or speech, but a module needs one that answers text with text.

    ```dspy
    lm fast = LM("openai/text-embedding-3-small")
    #            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ E313 this model makes embeddings; it cannot answer prompts
    ```

    ```dspy
    lm fast = LM("openai/gpt-4o-mini")
    ```
    """
    for found in models_of(item, node):
        row = found.row
        makes = _MAKES.get(str(row.get("mode"))) if row is not None else None
        if makes is not None:
            yield not_a_language_model.at(found.node, f"this model {makes}; it cannot answer prompts")


_MAKES = {
    "embedding": "makes embeddings",
    "image_generation": "makes images",
    "image_edit": "edits images",
    "audio_transcription": "transcribes recordings",
    "audio_speech": "reads text aloud",
    "video_generation": "makes videos",
    "rerank": "ranks passages",
    "moderation": "moderates text",
    "search": "searches the web",
    "ocr": "reads scanned documents",
}
"""What models do that are no language models, by what the table calls them."""


@rule("W303", "unknown-model", Construction, fix="sometimes", severity="warning")
def unknown_model(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A model's name seems to be misspelt: its provider has no such model, but one with a similar name.

    Only providers that serve a fixed list of models are checked, and only at their own address. If a model is
    served elsewhere, pass `api_base=`.

    ```dspy
    lm fast = LM("openai/gpt-4o-mni")
    #            ^^^^^^^^^^^^^^^^^^^ W303 openai has no model `gpt-4o-mni`; did you mean `gpt-4o-mini`?
    ```

    ```dspy
    lm fast = LM("openai/gpt-4o-mini")
    ```
    """
    for found in _unlisted(item, node):
        other = models.row_of(found.own_name)
        if other is not None and other.get("mode") in models.ASKED:
            whole = f"{models.provider_of(other)}/{found.own_name}"
            words = f'`{found.own_name}` is not a model of {found.provider}; write "{whole}"'
            yield unknown_model.at(found.node, words, fix=rename(found, whole))
            continue
        close = _closest(found.provider, found.own_name)
        if close is None or not _is_misspelt(found.own_name, close):
            continue
        words = f"{found.provider} has no model `{found.own_name}`; did you mean `{close}`?"
        yield unknown_model.at(found.node, words, fix=rename(found, f"{found.provider}/{close}"))


@rule("W305", "unlisted-model", Construction, severity="info")
def unlisted_model(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A provider has no model of this name, as far as the installed litellm knows.

    It may have been switched off, or be newer than litellm. Neither its limits nor its price are known.

    ```dspy
    lm fast = LM("openai/gpt-99-turbo")
    #            ^^^^^^^^^^^^^^^^^^^^^ W305 litellm lists no model `gpt-99-turbo` for openai
    ```

    ```dspy
    lm fast = LM("openai/gpt-4o-mini")
    ```
    """
    for found in _unlisted(item, node):
        if models.row_of(found.own_name) is not None:
            continue
        if models.is_reasoning_model(found.name):
            continue  # of these the settings are known, whatever the table has
        close = _closest(found.provider, found.own_name)
        if close is None or not _is_misspelt(found.own_name, close):
            words = f"litellm lists no model `{found.own_name}` for {found.provider}"
            newer = "if it is newer than the installed litellm, update litellm"
            help_ = f"the closest is `{close}`" if close else newer
            yield unlisted_model.at(found.node, words, help_)


def _unlisted(item: Item, node: syntax.Call) -> Iterator[Written]:
    """The models of a call that constructs one, where the provider's list does not have them."""
    for found in models_of(item, node):
        if found.is_elsewhere or found.provider not in _FIXED:
            continue
        if "/" in found.own_name or ":" in found.own_name or models.row_of(found.name) is not None:
            continue  # trained models, and those of partners, have longer names
        if models.names():
            yield found


def _is_misspelt(name: str, close: str) -> bool:
    """Whether a name is the close one with a slip of the finger, not of another version or day.

    In `gpt-4o-mni` a word is like none of any model's name, in `gpt-4o-mini-2025-01-01` none is.
    """
    if not _words(name) <= models.words():
        return True
    return _letters(name) == _letters(close)


def _words(name: str) -> set[str]:
    return {each for each in re.split(r"[-._@]", name.lower()) if not each.isdigit()}


def _letters(name: str) -> str:
    """The name without what is easily mistaken: separators, case, `o` for `0`."""
    return re.sub(r"[-._]", "", name.lower()).translate(_ALIKE)


_ALIKE = str.maketrans("oil", "011")


_FIXED = frozenset(
    {"anthropic", "cohere", "cohere_chat", "deepseek", "gemini", "groq", "mistral", "openai", "xai"}
)
"""Providers of which the table lists all models."""


def _closest(provider: str, name: str) -> str | None:
    candidates = list(models.names_of(provider))
    for _ in range(5):
        close = near(name, candidates)
        if close is None or models.is_asked(provider, close):
            return close
        candidates.remove(close)
    return None
