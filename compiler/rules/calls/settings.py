"""Settings of models that are written where a module is made or called."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from ....base.diagnostic import Fix
from ....grammar import syntax
from ... import catalog, types
from ...program import Binding, Item
from ...types.assignable import assignable
from ..rule import replace, written
from ..words import near

_AS_LM = frozenset({"client", "language_model", "llm", "model"})
"""What other libraries call the parameter `lm` of a module."""
_HANDED_ON = (
    "frequency_penalty",
    "n",
    "presence_penalty",
    "reasoning_effort",
    "seed",
    "stop",
    "top_k",
    "top_p",
)
"""Settings that `LM` hands on to its provider under any name."""


_OF_PROVIDERS = frozenset(
    {
        "audio",
        "documents",
        "extra_body",
        "extra_headers",
        "format",
        "logit_bias",
        "logprobs",
        "metadata",
        "modalities",
        "parallel_tool_calls",
        "prediction",
        "prompt_cache_key",
        "provider",
        "reasoning",
        "response_format",
        "safety_settings",
        "service_tier",
        "store",
        "stream_options",
        "system",
        "tags",
        "thinking",
        "tool_choice",
        "tools",
        "top_logprobs",
        "transforms",
        "user",
        "verbosity",
        "web_search_options",
    }
)
"""Settings of providers that fields may well be named like."""


class WrongSetting(NamedTuple):
    """A setting that no model has under this name."""

    at: syntax.Node
    message: str
    fix: Fix | None


def wrong_settings(
    item: Item, node: syntax.Call | syntax.ConfigureDeclaration, binding: Binding
) -> Iterator[WrongSetting]:
    """The settings of a module, or of a call of one, that are called otherwise."""
    callee = binding.callee
    is_made = isinstance(callee, types.Class) and callee.definition.is_a("Module")
    if is_made:
        yield from _as_lm(item, node, binding)
        yield from _in_other_case(binding)
        yield from _named_like_fields(item, node, binding)
    if is_made or isinstance(callee, types.Module):
        yield from _in_config(binding)


def _as_lm(
    item: Item, node: syntax.Call | syntax.ConfigureDeclaration, binding: Binding
) -> Iterator[WrongSetting]:
    """`Predict(…, model="…")`: what a module would hand on to its model instead of using it."""
    for argument, parameter in binding.matched:
        name = argument.name
        if name is None or parameter.kind != "**" or name.text not in _AS_LM:
            continue
        value = written(item, argument.value)
        model = f"LM({value})" if isinstance(argument.value, syntax.String) else value
        made = written(item, node.function) if isinstance(node, syntax.Call) else ""
        words = f"`{made}` takes its model as `lm`; write `lm={model[:60]}`"
        yield WrongSetting(argument, words, replace(f"Write `lm={model[:40]}`", argument, f"lm={model}"))


def _in_other_case(binding: Binding) -> Iterator[WrongSetting]:
    """`ChainOfThought(…, N=5)`, which a module would hand on under that name."""
    for argument, parameter in binding.matched:
        name = argument.name
        right = name.text.lower() if name is not None and parameter.kind == "**" else None
        if name is not None and right is not None and right != name.text and right in _settings_of_lm():
            words = f"models have no setting `{name.text}`; did you mean `{right}`?"
            yield WrongSetting(name, words, replace(f"Change to `{right}`", name, right))


def _named_like_fields(
    item: Item, node: syntax.Call | syntax.ConfigureDeclaration, binding: Binding
) -> Iterator[WrongSetting]:
    """`Predict("question -> answer", question="…")`, which a module would hand on to its model."""
    made = item.type_of(node) if isinstance(node, syntax.Call) else None
    if not isinstance(made, types.Module):
        return
    for argument, parameter in binding.matched:
        name = argument.name
        field = made.interface.field(name.text) if name is not None and parameter.kind == "**" else None
        if name is None or field is None or field.name in _settings_of_lm() or field.name in _OF_PROVIDERS:
            continue
        if id(argument.value) in item.unresolved:
            continue  # an input that is named where parts are made, which is another finding
        if not _may_be_meant_for(item, argument, field):
            continue
        if field.direction == "input":
            words = f"inputs are given when the module is called; `{field.name}` is not a setting"
        else:
            words = f"`{field.name}` is an output; the model gives it"
        yield WrongSetting(name, words, None)


def _may_be_meant_for(item: Item, argument: syntax.Argument, field: types.Field) -> bool:
    """Whether a value may have been written for a field; what only a provider takes is no such value."""
    given = item.type_of(argument.value)
    if isinstance(given, types.Dict | types.Record):
        return False
    return field.direction == "input" or assignable(given, field.type)


def _in_config(binding: Binding) -> Iterator[WrongSetting]:
    """`qa(…, config={"temprature": 0.5})`"""
    argument = binding.argument("config")
    if argument is None or not isinstance(argument.value, syntax.Dict):
        return
    known = _settings_of_lm()
    for entry in argument.value.entries:
        if not isinstance(entry.key, syntax.String) or entry.key.value in known:
            continue
        close = near(entry.key.value, known, cutoff=0.85)
        if close is not None:
            words = f"models have no setting `{entry.key.value}`; did you mean `{close}`?"
            yield WrongSetting(entry.key, words, replace(f'Change to "{close}"', entry.key, f'"{close}"'))


@cache
def _settings_of_lm() -> tuple[str, ...]:
    """The settings of models by their names: those of `LM`, and the usual ones that it hands on."""
    definition = catalog.definition("LM")
    own = definition.parameters or () if definition is not None else ()
    return (*(each.name for each in own if each.kind != "**"), *_HANDED_ON)
