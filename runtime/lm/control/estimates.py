"""What a request will take, before it is sent: tokens as they are likely, and dollars at most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import LMConfigurationError
from ..capabilities import capabilities_of
from ..prices import cost_of
from ..request import Request

_LIKELY_BYTES = 4.0
"""Of English text in a token."""
_FEWEST_BYTES = 3.0
"""With so few bytes in a token, a text has hardly ever more of them than is thought: one for a letter of
Chinese or Japanese, which takes three bytes.
"""
_OF_A_MESSAGE = 8
_OF_A_PICTURE = 1_500
_LONGEST_ANSWER = 4_096
"""How long an answer may be where neither the request nor the model's entry says so."""


def likely_tokens(request: Request) -> float:
    """The tokens that the messages of a request are likely to have."""
    return _tokens(request, _LIKELY_BYTES)


def most_dollars(request: Request) -> float:
    """What a request costs at most, in US dollars.

    Raises:
        LMConfigurationError: the model's price is not known, so that a budget would hold nothing back.
    """
    usage = {
        "prompt_tokens": int(_tokens(request, _FEWEST_BYTES)) + 1,
        "completion_tokens": _most_written(request),
    }
    cost = cost_of(request.model, usage, None, request.settings)
    if cost is None:
        raise LMConfigurationError(
            f"the price of `{request.model}` is not known, so its budget cannot be checked\n"
            "write `LM(…, input_cost_per_token=…, output_cost_per_token=…)`, or leave the budget out",
            model=request.model,
        )
    return cost


def dollars(request: Request, usage: Mapping[str, Any], cost: float | None, most: float) -> float:
    """What a request has cost, by what came back; the most that it can cost where that says nothing."""
    if cost is None and usage:
        cost = cost_of(request.model, usage, None, request.settings)
    return most if cost is None else cost


def _most_written(request: Request) -> int:
    settings = request.settings
    given = [settings.get(name) for name in ("max_completion_tokens", "max_tokens", "max_output_tokens")]
    limit = next((each for each in given if isinstance(each, int)), None)
    if limit is None:
        limit = capabilities_of(request.model).max_output_tokens or _LONGEST_ANSWER
    count = settings.get("n")
    return limit * (count if isinstance(count, int) and count > 0 else 1)


def _tokens(request: Request, bytes_of_one: float) -> float:
    if request.model_type == "text":
        return len(request.text_prompt.encode()) / bytes_of_one
    tools = len(repr([tool.as_openai() for tool in request.tools])) if request.tools else 0
    output = len(repr(request.output.as_settings())) if request.output is not None else 0
    total = (tools + output) / bytes_of_one
    for message in request.openai_messages:
        total += _OF_A_MESSAGE + sum(_parts(message, bytes_of_one))
    return total


def _parts(message: Mapping[str, Any], bytes_of_one: float) -> Iterator[float]:
    content = message.get("content")
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            yield len(part.encode("utf-8", "replace")) / bytes_of_one
        elif isinstance(part, Mapping):
            text = part.get("text")
            yield (
                len(text.encode("utf-8", "replace")) / bytes_of_one
                if isinstance(text, str)
                else _OF_A_PICTURE
            )
    if calls := message.get("tool_calls"):
        yield len(repr(calls)) / bytes_of_one
