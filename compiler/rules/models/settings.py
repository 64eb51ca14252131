"""Settings that a model refuses, and answers longer than it gives."""

from __future__ import annotations

from ....base import models
from ....base.diagnostic import Edit, Fix
from ....grammar import syntax
from ...program import Item, Program
from ..edits import without_argument
from ..rule import Findings, replace, rule
from ..walking import Construction
from .written import Written, constant, model_of, rename

_ROOM = 16_000
"""What is proposed as `max_tokens` of a reasoning model."""


@rule("E314", "reasoning-settings", Construction, fix="sometimes")
def reasoning_settings(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A reasoning model is given a temperature it does not accept, or too few tokens to think.

    OpenAI's reasoning models accept only `temperature=1.0`, and their thinking counts towards the tokens of
    the answer. Either setting can be `None` or left out.

    ```dspy
    lm strong = LM("openai/o3", temperature=0.2, max_tokens=16000)
    #                           ^^^^^^^^^^^^^^^ E314 a reasoning model needs `temperature=1.0`
    ```

    ```dspy
    lm strong = LM("openai/o3", temperature=1.0, max_tokens=16000)
    ```
    """
    found = model_of(item, node)
    if found is None or not models.is_reasoning_model(found.name):
        return
    temperature, tokens = found.argument("temperature"), found.argument("max_tokens")
    degree = 1 if temperature is None else constant(temperature.value)
    room = None if tokens is None else constant(tokens.value)
    wrong = [
        (each, written, words)
        for each, is_wrong, written, words in (
            (temperature, isinstance(degree, int | float) and degree != 1, "1.0", "`temperature=1.0`"),
            (
                tokens,
                isinstance(room, int) and room < models.REASONING_MAX_TOKENS,
                str(_ROOM),
                f"`max_tokens` of at least {models.REASONING_MAX_TOKENS}",
            ),
        )
        if each is not None and is_wrong
    ]
    if wrong:
        edits = tuple(Edit(each.value.span, written) for each, written, _ in wrong)
        fix = Fix("Write the settings of a reasoning model", edits, "unsafe")
        place, _, words = wrong[0]
        yield reasoning_settings.at(place, f"a reasoning model needs {words}", fix=fix)


@rule("E315", "refused-setting", Construction, fix="always")
def refused_setting(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A model does not accept a setting, so every request fails.

    ```dspy
    lm fast = LM("openai/gpt-4o-mini", reasoning_effort="low")
    #                                  ^^^^^^^^^^^^^^^^^^^^^^ E315 `openai/gpt-4o-mini` rejects this setting
    ```

    ```dspy
    lm fast = LM("openai/gpt-4o-mini")
    ```
    """
    found = model_of(item, node)
    if found is None or found.row is None:
        return
    for argument, parameter in found.binding.matched:
        name = argument.name.text if argument.name is not None else parameter.name
        if constant(argument.value) is None or name not in refused(found):
            continue
        if name == "n" and constant(argument.value) in (1, ...):
            continue
        fix = without_argument(item, node.arguments, argument)
        yield refused_setting.at(argument, f"`{found.name}` rejects this setting", fix=fix)
    temperature = found.argument("temperature")
    degree = found.value("temperature") if temperature is not None else None
    if found.provider == "anthropic" and isinstance(degree, float | int) and degree > 1 and temperature:
        fix = replace("Write `1.0`", temperature.value, "1.0")
        yield refused_setting.at(temperature, f"`{found.name}` accepts a temperature of at most 1", fix=fix)


_OF_SAMPLING = frozenset({"frequency_penalty", "logit_bias", "logprobs", "presence_penalty", "top_logprobs"})
_OF_REASONING = frozenset({"reasoning_effort", "thinking"})

REFUSED = {
    "openai": frozenset({"thinking", "top_k"}),
    "anthropic": _OF_SAMPLING | {"n", "seed"},
    "mistral": _OF_SAMPLING | {"n"},
    "gemini": frozenset({"logit_bias", "top_logprobs"}),
}
"""What a provider's models all refuse, beside what one of them does; a test compares it with litellm."""


def refused(found: Written) -> frozenset[str]:
    """The settings that a model refuses, as far as that is known."""
    if found.provider not in REFUSED or found.row is None:
        return frozenset()
    refused = REFUSED[found.provider]
    if found.provider == "openai" and models.is_reasoning_model(found.name):
        refused = refused | {"top_p", *(_OF_SAMPLING - {"logit_bias"})}
        if found.own_name.startswith("gpt-5"):
            refused = refused | {"stop", "logit_bias"}
    elif not found.row.get("supports_reasoning"):
        refused = refused | _OF_REASONING
    return refused


@rule("E316", "answer-too-long", Construction, fix="always")
def answer_too_long(program: Program, item: Item, node: syntax.Call) -> Findings:
    """`max_tokens` is more than the model can return in one answer, so every request is rejected.

    ```dspy
    lm fast = LM("openai/gpt-4o-mini", max_tokens=100000)
    #                                  ^^^^^^^^^^^^^^^^^ E316 `openai/gpt-4o-mini` allows at most 16384 tokens
    ```

    ```dspy
    lm fast = LM("openai/gpt-4o-mini", max_tokens=16384)
    ```
    """
    found = model_of(item, node)
    argument = found.argument("max_tokens") if found is not None else None
    if found is None or argument is None or found.row is None:
        return
    limit, wanted = found.row.get("max_output_tokens"), constant(argument.value)
    if isinstance(limit, int) and isinstance(wanted, int) and 0 < limit < wanted:
        fix = replace(f"Write `{limit}`", argument.value, str(limit))
        words = f"`{found.name}` allows at most {limit} tokens"
        yield answer_too_long.at(argument, words, fix=fix)


@rule("W304", "retired-model", Construction, fix="sometimes", severity="info")
def retired_model(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A provider has switched off a model, or had planned to before the newest models appeared.

    The dates come from the installed litellm. A model with a later date is not reported, so a program that
    has no findings today has none tomorrow.

    ```dspy
    lm fast = LM("openai/gpt-5-chat-latest")
    #            ^^^^^^^^^^^^^^^^^^^^^^^^^^ W304 openai switched off `gpt-5-chat-latest` on 2026-07-23
    ```

    ```dspy
    lm fast = LM("openai/gpt-4o-mini")
    ```
    """
    found = model_of(item, node)
    row = found.row if found is not None else None
    end = row.get("deprecation_date") if row is not None else None
    if found is None or row is None or not isinstance(end, str) or not models.is_before_newest(end):
        return
    words = f"{found.provider} switched off `{found.own_name}` on {end}"
    after = row.get("successor_model")
    help_ = f"its successor is `{after}`" if isinstance(after, str) else None
    fix = None
    if isinstance(after, str) and _takes_as_much(found.provider, after):
        fix = rename(found, f"{found.provider}/{after.removeprefix(f'{found.provider}/')}")
    yield retired_model.at(found.node, words, help_, fix)


def _takes_as_much(provider: str, name: str) -> bool:
    """Whether a provider has this model, and it takes the settings that most models do."""
    return models.is_asked(provider, name) and not models.is_reasoning_model(name)
