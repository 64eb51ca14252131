"""What an answer costs, by its counts of tokens and the prices in the table that litellm is shipped with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...base.models import HERE, row_of

_ABOVE = re.compile(r"(.+)_above_(\d+)k_tokens")


GIVEN = ("input_cost_per_token", "output_cost_per_token")
"""Settings of a request that say what a token costs, in US dollars, under litellm's names."""
_NONE: Mapping[str, Any] = {}


def cost_of(
    model: str,
    usage: Mapping[str, Any],
    answered_as: str | None = None,
    settings: Mapping[str, Any] = _NONE,
) -> float | None:
    """The price in US dollars; None for a model whose price is not known.

    Args:
        model: the model's name, as given to `LM`.
        usage: the counts of tokens, under OpenAI's names.
        answered_as: the model's name in the answer, which may tell the version.
        settings: those of the request, which may have the prices.
    """
    row: Mapping[str, Any] | None
    if GIVEN[0] in settings and GIVEN[1] in settings:
        row = {name: settings[name] for name in GIVEN}
    elif model.partition("/")[0] in HERE:
        return 0.0
    else:
        row = row_of(model)
    if row is None and answered_as is not None:
        row = row_of(f"{model.partition('/')[0]}/{answered_as}")
    if row is None or not usage:
        return None
    asked, written = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    prices = _prices(row, asked)
    read, write = prices.get("input_cost_per_token"), prices.get("output_cost_per_token")
    if read is None or write is None:
        return None
    cached = min(_count(usage.get("prompt_tokens_details"), "cached_tokens"), asked)
    created = min(_count(usage.get("prompt_tokens_details"), "cache_creation_tokens"), asked - cached)
    thought = min(_count(usage.get("completion_tokens_details"), "reasoning_tokens"), written)
    return (
        (asked - cached - created) * read
        + created * prices.get("cache_creation_input_token_cost", read)
        + cached * prices.get("cache_read_input_token_cost", read)
        + (written - thought) * write
        + thought * prices.get("output_cost_per_reasoning_token", write)
    )


def _prices(row: Mapping[str, Any], asked: int) -> dict[str, float]:
    """The prices of a token by their names, for a prompt of so many tokens."""
    found: dict[str, tuple[int, float]] = {}
    for name, price in row.items():
        if not isinstance(price, (int, float)):
            continue
        step = _ABOVE.fullmatch(name)
        plain, above = (step[1], int(step[2]) * 1000) if step is not None else (name, 0)
        if above == 0 or asked > above:
            found[plain] = max(found.get(plain, (0, price)), (above, price), key=lambda each: each[0])
    return {name: price for name, (_, price) in found.items()}


def _count(usage: Any, name: str) -> int:
    value = usage.get(name) if isinstance(usage, Mapping) else None
    return int(value) if isinstance(value, (int, float)) else 0
